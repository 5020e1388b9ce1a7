"use strict";

// What became of it, over the whole screen: green, red, or amber while there is no answer yet.
(() => {
  const kq = window.kaquanCounter;
  const { say, place, yuan } = kq;
  const dialog = place("result");
  const SIGNS = { good: "✓", bad: "✕", wait: "…" };
  const TITLES = {
    redeem: ["核销成功", "Redeemed"],
    reverse: ["已撤销", "Undone"],
    top_up: ["充值成功", "Topped up"],
  };

  function line(voucher) {
    const item = document.createElement("li");
    const parts = [kq.of(voucher)];
    const [zh, en] = voucher.back ? ["退回 ", " back"] : ["优惠 ", " off"];
    if (voucher.discountFen) parts.push(say(zh, "") + yuan(voucher.discountFen) + say("", en));
    if (voucher.hasBalance) parts.push(say("余额 ", "balance ") + yuan(voucher.balanceFen));
    if (voucher.usesLeft > 0) parts.push(say(`剩 ${voucher.usesLeft} 次`, `${voucher.usesLeft} left`));
    item.textContent = parts.join(" · ");
    return item;
  }

  // `undo` and `override` are what the buttons do; without one the button is not there.
  function show({ look, title, says = "", lines = [], record = "", next, nextWords, undo, override }) {
    dialog.dataset.look = look;
    dialog.querySelector(".sign").textContent = SIGNS[look];
    place("result-title").textContent = title;
    place("result-says").textContent = says;
    place("result-lines").replaceChildren(...lines.map(line));
    place("result-record").textContent = record;
    for (const [id, work] of [["result-next", next], ["result-undo", undo], ["result-override", override]]) {
      const button = place(id);
      button.hidden = !work;
      button.onclick = work ?? null;
    }
    place("result-next").textContent = nextWords ?? say("下一张", "Next");
    if (!dialog.open) dialog.showModal();
    place("result-title").focus();
    if (look !== "wait") kq.signal(look === "good");
  }

  // What came off, and what the customer has to pay still, where the order's amount is known.
  kq.owed = (takenFen, orderFen) => {
    const taken = takenFen ? yuan(takenFen) : "";
    if (!takenFen || orderFen === null || orderFen < takenFen) return taken;
    const left = yuan(orderFen - takenFen);
    return say(`减 ${taken}，还应收 ${left}`, `${taken} off, ${left} to pay`);
  };

  function done(outcome, { next, refusedNext = next, refusedWords, undo, orderFen = null } = {}) {
    const goOn = () => {
      dialog.close();
      (outcome.done ? next : refusedNext)?.();
    };
    if (!outcome.done) {
      show({ look: "bad", title: say("不能核销", "Not redeemed"), says: kq.of(outcome.refused), next: goOn, nextWords: refusedWords });
      return;
    }
    const back = outcome.operation === "reverse";
    show({
      look: "good",
      title: say(...TITLES[outcome.operation]),
      says: kq.owed(outcome.amountFen, outcome.operation === "redeem" ? orderFen : null),
      lines: outcome.vouchers.map((one) => ({ ...one, back })),
      record: [outcome.at, outcome.orderNo, outcome.supervisor].filter(Boolean).join(" · "),
      next: goOn,
      undo: undo && outcome.operation === "redeem" ? undo : null,
    });
  }

  function refused(error, { next, override } = {}) {
    show({
      look: "bad",
      title: say("没有办成", "Not done"),
      says: kq.wordsOf(error),
      next: () => {
        dialog.close();
        next?.();
      },
      override,
    });
  }

  // Amber: the request is out and no answer came. `stop` lets the clerk leave it for later.
  function waiting(stop) {
    if (dialog.open && dialog.dataset.look === "wait") return;
    show({
      look: "wait",
      title: say("正在查询结果", "Asking what became of it"),
      says: say(
        "网络中断。请不要重复核销；恢复后会得到确切结果。",
        "The network is gone. Do not redeem again: the exact answer comes once it is back.",
      ),
      next: stop,
      nextWords: say("先回首页，稍后再查", "Go back, ask later"),
    });
  }

  // Whether it says what became of something, for good.
  const isOver = () => dialog.open && dialog.dataset.look !== "wait";
  const passOver = () => isOver() && place("result-next").click();

  kq.results = {
    show, done, refused, waiting, isOver, passOver, close: () => dialog.open && dialog.close(),
  };
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === place("result-title")) passOver();
  });
})();
