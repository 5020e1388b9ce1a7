"use strict";

// From a code in somebody's hand to what became of it: looked at, asked about, redeemed.
(() => {
  const kq = window.kaquanCounter;
  const { say, place, yuan } = kq;
  const { Refusal, NoAnswer } = kq.calls;
  const FIELDS = { amount: "order-amount", goods: "order-sku", member: "order-member" };

  let held = []; // what is on the sheet: {code, seen}, seen null while there is no network
  let asked = new Set();

  function reset() {
    held = [];
    asked = new Set();
    place("order").reset();
    place("order").querySelector(".fault").hidden = true;
  }

  function order() {
    const amount = place("order-amount").value.trim();
    return {
      orderNumber: place("order-number").value.trim(),
      amountFen: amount === "" ? null : kq.fenOf(amount),
      sku: place("order-sku").value.trim(),
      member: place("order-member").value.trim(),
    };
  }

  const nameOf = (code) =>
    code.length > 40 ? say("带签名的二维码", "Signed code") : kq.code.grouped(code);

  function card({ seen, code }) {
    const item = document.createElement("li");
    const title = document.createElement("strong");
    const facts = document.createElement("span");
    title.textContent = seen ? kq.of(seen) : nameOf(code);
    const parts = [];
    if (seen?.balanceFen != null) parts.push(say("余额 ", "balance ") + yuan(seen.balanceFen));
    if (seen?.usesLeft != null) parts.push(say(`剩 ${seen.usesLeft} 次`, `${seen.usesLeft} uses left`));
    if (seen?.endsAt) parts.push(say(`有效至 ${seen.endsAt}`, `until ${seen.endsAt}`));
    if (!seen) parts.push(say("离线，未向服务器查询", "offline, not looked up"));
    facts.textContent = parts.join(" · ");
    item.append(title, facts);
    if (held.length > 1) item.append(takeOff(code, title.textContent));
    return item;
  }

  // One of several that does not go with the others, or was scanned by mistake.
  function takeOff(code, name) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = say("移除", "Take off");
    button.setAttribute("aria-label", `${button.textContent} ${name} ${code.slice(-4)}`);
    button.addEventListener("click", () => {
      held = held.filter((one) => one.code !== code);
      asked = new Set();
      ask(held);
      drawSheet();
    });
    return button;
  }

  function drawSheet() {
    place("vouchers").replaceChildren(...held.map(card));
    const isOrder = held.length > 1 || place("several").checked;
    for (const part of place("order").querySelectorAll("[data-asks]")) {
      const { asks } = part.dataset;
      part.hidden = !asked.has(asks) && !(asks === "amount" && isOrder);
    }
    place("amount-optional").hidden = asked.has("amount");
    place("show-top-up").hidden = !(held.length === 1 && held[0].seen?.takesTopUp);
    kq.go("sheet");
    place("order-amount").required = asked.has("amount");
    const missing = [...asked].find((one) => place(FIELDS[one]).value === "");
    (missing ? place(FIELDS[missing]) : place("redeem")).focus();
  }

  async function look(codes) {
    const { vouchers } = await kq.calls.call("look", { codes, ...order() });
    return vouchers.map((seen) => ({ code: seen.code, seen }));
  }

  function ask(list) {
    for (const { seen } of list) {
      for (const one of seen.asks) asked.add(one);
      // A member's own code says whose order it is.
      if (seen.member) place("order-member").value = seen.member;
    }
  }

  // A code came, by whatever way; who scans faster than the server answers is served in turn.
  let turn = Promise.resolve();
  const take = (text, again) => {
    turn = turn.catch(() => {}).then(() => takeOne(text, again));
    return turn;
  };

  // `again` lets whoever typed it mend what they typed.
  async function takeOne(text, again = null) {
    kq.results.passOver();
    const judged = kq.code.judge(text);
    if (judged.kind === "empty") return;
    if (judged.kind === "mistyped") {
      kq.results.show({
        look: "bad",
        title: say("券码有误", "Mistyped"),
        says: say("校验位不对：有一位看错或输错了，请对照券面再试。", "The check symbol does not fit: one symbol is wrong. Look at the voucher again."),
        nextWords: again ? say("改一改", "Mend it") : undefined,
        next: () => {
          kq.results.close();
          back();
          again?.();
        },
      });
      return;
    }
    const code = judged.symbols;
    if (held.some((one) => one.code === code)) {
      kq.tell(say("这张券已在单上。", "This voucher is on the order already."));
      drawSheet();
      return;
    }
    try {
      const [found] = await look([code]);
      if (found.seen.refused) {
        const noCode = found.seen.refused.code === "code_malformed";
        const product = noCode && kq.code.isProduct(code);
        refuse(product ? PRODUCT : found.seen.refused, noCode ? again : null);
        return;
      }
      held.push(found);
      ask([found]);
      const atOnce = held.length === 1 && asked.size === 0 && !place("several").checked;
      if (atOnce && !found.seen.takesTopUp) await redeem();
      else drawSheet();
    } catch (error) {
      if (error instanceof NoAnswer && window.KaquanOffline) {
        await takeOffline(code);
      } else {
        await fail(error, back);
      }
    }
  }

  // Without a network it is one voucher at a time; the amount where its terms ask for it.
  async function takeOffline(code) {
    if (held.some(({ seen }) => seen !== null)) {
      kq.tell(say(
        `没有网络，一次只能核销一张；之前扫的 ${held.length} 张没有核销。`,
        `Without a network it is one voucher at a time; the ${held.length} before it were not redeemed.`,
      ));
    }
    held = [{ code, seen: null }];
    asked = new Set(await window.KaquanOffline.asks(code));
    if (asked.size) drawSheet();
    else await redeemOffline();
  }

  const PRODUCT = {
    zh: "这是商品条码，不是券码。请扫券上的码。",
    en: "This is a product's barcode, not a voucher's code. Scan the voucher.",
  };
  function refuse(refused, again = null) {
    kq.results.show({
      look: "bad",
      title: say("不能核销", "Not redeemed"),
      says: kq.of(refused),
      nextWords: again ? say("改一改", "Mend it") : backWords(),
      next: () => {
        kq.results.close();
        back();
        again?.();
      },
    });
  }

  const backWords = () => (held.length ? say("回到这一单", "Back to the order") : undefined);
  const back = () => (held.length ? drawSheet() : home());
  function home() {
    reset();
    place("typing").reset();
    place("typed-says").textContent = "";
    kq.go("home");
  }

  async function fail(error, next, again) {
    if (await kq.ends(error)) return;
    if (error instanceof NoAnswer) {
      const words = say(
        "没有网络，没有核销。请检查网络后再扫。",
        "There is no network; nothing was redeemed. Scan again once it is back.",
      );
      kq.results.refused(new Error(words), { next });
      return;
    }
    const may = error instanceof Refusal && again && SUPERVISED.includes(error.code);
    kq.results.refused(error, { next, override: may ? () => override(error, again) : null });
  }

  const SUPERVISED = [
    "counter_supervisor_needed", "counter_login_wrong", "counter_not_a_supervisor",
    "counter_not_here", "care_beyond_authority", "permission_denied",
  ];
  async function override(error, again) {
    const supervisor = await kq.askSupervisor(kq.wordsOf(error));
    if (supervisor) await again(supervisor);
  }

  // Do something once; `again` does it with a supervisor. While there is no answer it says so.
  async function perform(operation, path, body, { next, refusedNext = next, refusedWords, again }) {
    const orderFen = body.amountFen ?? null;
    let left = false;
    const waiting = () => {
      kq.results.waiting(() => {
        left = true;
        kq.results.close();
        home();
      });
      return !left;
    };
    try {
      const outcome = await kq.calls.perform(operation, path, body, waiting);
      if (left) kq.tellAnswer(outcome);
      else {
        kq.results.done(outcome, {
          next, refusedNext, refusedWords, orderFen, undo: () => undo(outcome, next),
        });
      }
    } catch (error) {
      if (!left) await fail(error, refusedNext, again);
    }
  }

  async function redeem(supervisor = null) {
    const body = { vouchers: held.map(({ code }) => ({ code })), ...order() };
    if (supervisor) body.supervisor = supervisor;
    const isOrder = held.length > 1;
    const refusedNext = isOrder ? drawSheet : home;
    const refusedWords = isOrder ? backWords() : undefined;
    await perform("redeem", "redeem", body, { next: home, refusedNext, refusedWords, again: redeem });
  }

  async function redeemOffline() {
    const { amountFen, orderNumber } = order();
    const [{ code }] = held;
    const said = await window.KaquanOffline.redeem({ code, amountFen, orderNumber, once: kq.once() });
    const good = said.outcome === "accepted";
    const next = () => {
      kq.results.close();
      home();
    };
    kq.results.show({
      look: good ? "good" : "bad",
      title: good ? say("已离线核销", "Redeemed offline") : say("不能离线核销", "Not redeemed offline"),
      says: good ? kq.owed(said.takenFen, amountFen) : say(said.reasonZh, said.reasonEn),
      record: good ? say(said.reasonZh, said.reasonEn) : "",
      next,
      undo: good ? () => undoOffline(said.entry, said.what, next) : null,
    });
  }

  // Taking back what is on this device alone: a line of its journal, too.
  async function undoOffline(entry, what, next) {
    if (!(await kq.askSure(say("撤销这笔核销？", "Undo this use?"), what))) return;
    const said = await window.KaquanOffline.undo(entry);
    const good = said.outcome === "accepted";
    kq.results.show({
      look: good ? "good" : "bad",
      title: good ? say("已离线撤销", "Undone offline") : say("没有撤销", "Not undone"),
      says: say(said.reasonZh, said.reasonEn),
      next: () => {
        kq.results.close();
        next();
      },
    });
  }

  kq.handles("order", async () => {
    const about = order();
    if (place("order-amount").value.trim() !== "" && about.amountFen === null) {
      throw new Error(say("订单金额应为数字，如 128.50。", "The amount is a number such as 128.50."));
    }
    for (const one of asked) {
      if (place(FIELDS[one]).value.trim() === "") {
        place(FIELDS[one]).focus();
        throw new Error(say("请先填写上面的内容。", "Fill in what is asked above first."));
      }
    }
    if (held.some(({ seen }) => seen === null)) {
      await redeemOffline();
      return;
    }
    const known = asked.size;
    const found = await look(held.map(({ code }) => code));
    held = found;
    ask(found);
    const bad = found.find(({ seen }) => seen.refused);
    if (asked.size > known && !bad) {
      drawSheet();
      throw new Error(say("这张券还需要填写下面的内容。", "This voucher needs what is asked below, too."));
    }
    if (bad && found.length === 1) {
      refuse(bad.seen.refused);
      return;
    }
    await redeem();
  });

  // Taking a use back; asks first, for it is booked too.
  async function undo(outcome, next, path = "undo") {
    const what = outcome.vouchers.map((one) => kq.of(one)).join("、");
    const sure = await kq.askSure(say("撤销这笔核销？", "Undo this use?"), `${outcome.at} · ${what}`);
    if (!sure) return;
    const again = async (supervisor = null) => {
      const body = { id: outcome.id, reason: say("柜台撤销", "Undone at the counter") };
      if (supervisor) body.supervisor = supervisor;
      await perform("reverse", path, body, { next, again });
    };
    await again();
  }

  place("another").addEventListener("click", () => {
    kq.go("scan");
  });

  place("show-top-up").addEventListener("click", () => {
    place("card-says").textContent =
      `${kq.of(held[0].seen)} · ${say("余额 ", "balance ")}${yuan(held[0].seen.balanceFen)}`;
    kq.go("top-up");
    place("top-up-amount").focus();
  });

  kq.handles("top-up", async (form) => {
    const amountFen = kq.fenOf(place("top-up-amount").value);
    if (amountFen === null || amountFen === 0) {
      throw new Error(say("金额应为数字，如 200。", "The amount is a number such as 200."));
    }
    const body = {
      code: held[0].code, amountFen, paymentNumber: place("top-up-payment").value.trim(),
    };
    const next = () => {
      form.reset();
      home();
    };
    const again = async (supervisor = null) =>
      perform("top_up", "top-up", supervisor ? { ...body, supervisor } : body, { next, again });
    await again();
  });

  window.addEventListener("kaquan-member", async ({ detail }) => {
    try {
      const { member } = await kq.calls.call("member", { text: detail });
      place("order-member").value = member;
      asked.add("member");
      drawSheet();
      kq.tell(say("已读到会员卡。", "The member's card was read."));
    } catch (error) {
      kq.tell(kq.wordsOf(error));
    }
  });

  kq.vouchers = { take, undo, undoOffline, home, back, isEmpty: () => held.length === 0 };
})();
