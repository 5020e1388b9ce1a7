"use strict";

// Taking vouchers without a network, within what the server allowed before; and handing in what was
// taken once it is back. `counter.js` calls this where the server cannot be reached.
(() => {
  const kq = window.kaquanCounter;
  const AT_ONCE = 12;
  const RENEW_MS = 10 * 60 * 1000;
  const AGAIN_MS = 30 * 1000;
  const SKEW_MS = 5 * 60 * 1000;
  let busy = false;
  let askedMs = -Infinity;
  let anchor = null;

  const refused = (reasonZh, reasonEn) => ({ outcome: "refused", reasonZh, reasonEn, entry: null });
  const alone = (work) =>
    navigator.locks ? navigator.locks.request("kaquan-offline", work) : work();

  // The server's time as far as this device can tell: by a clock that nobody sets while the page
  // lives, else by its own clock's distance from the server's.
  function now(grant, journal) {
    const told = anchor && anchor.grant === grant.grant
      ? grant.madeAtMs + (performance.now() - anchor.elapsedMs)
      : grant.madeAtMs + (Date.now() - grant.wallMs);
    return Math.round(Math.max(told, journal.lastSaidMs ?? 0, grant.madeAtMs));
  }

  function beyond(grant, journal, nowMs) {
    const back = Date.now() < Math.max(grant.wallMs, journal.lastWallMs ?? 0) - SKEW_MS;
    if (back) {
      return refused("设备时钟被调回过，连上网络之前不能离线核销。", "The device's clock was set back: nothing is taken until it is online again.");
    }
    if (nowMs >= grant.endsAtMs) {
      return refused("离线太久，规则已过期；连上网络后再核销。", "It was offline for too long: its rules are out of date. Redeem once it is online.");
    }
    return null;
  }

  const batchOf = (grant, claim) =>
    grant.batches.find((one) =>
      one.version === claim.offerVersion && one.valueFen === claim.valueFen
      && one.runs.some(([first, count]) => claim.serial >= first && claim.serial < first + count));

  const ENCODER = new TextEncoder();
  const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16));

  // Whether chance keeps a serial online while this grant lasts; asked again it is the same
  // (`is_online_only` in `offline/granting.py`).
  async function isOnlineOnly(grant, serial) {
    if (!grant.onlinePercent) return false;
    const form = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", bytesOf(grant.pickKey), form, false, ["sign"]);
    const name = ENCODER.encode(`${grant.grant}:${serial}`);
    const drawn = new DataView(await crypto.subtle.sign("HMAC", key, name)).getUint32(0);
    return 100 * drawn < grant.onlinePercent * 2 ** 32;
  }

  async function judge(claim, grant, journal, nowMs, amountFen) {
    if (claim.issuer !== grant.issuer) return refused("不是本发行方的券码。", "This is not our code.");
    const day = grant.days.find(([, start, end]) => nowMs >= start && nowMs < end)?.[0];
    if (day === undefined || day < claim.firstDay || day > claim.lastDay) {
      return refused("不在券的有效期内。", "The voucher is not valid today.");
    }
    const batch = batchOf(grant, claim);
    if (!batch?.open.some(([start, end]) => nowMs >= start && nowMs < end)) {
      return refused("这张券现在不能在本店离线核销，请联网后再试。", "This voucher is not taken offline here and now; try again online.");
    }
    if (kq.signed.serialsOf(grant.dead).has(claim.serial)) {
      return refused("这张券已用过或已停用。", "This voucher was used or stopped.");
    }
    if (await kq.journal.wasSeen(claim.serial)) {
      return refused("这张券刚才已在本机离线核销过。", "This device has taken this voucher already.");
    }
    if (await isOnlineOnly(grant, claim.serial)) {
      return refused("抽查：这张券要联网才能核销，再扫也一样。请连上网络，或请顾客换一张券。", "Spot check: this voucher is redeemed online only, however often it is scanned. Go online, or ask for another voucher.");
    }
    if (batch.minimumFen && (amountFen === null || amountFen < batch.minimumFen)) {
      return refused(`订单须满 ${kq.yuan(batch.minimumFen)}。`, `The order must be at least ${kq.yuan(batch.minimumFen)}.`);
    }
    const takenFen = amountFen === null ? claim.valueFen : Math.min(claim.valueFen, amountFen);
    if (takenFen <= 0) return refused("没有可减的金额。", "There is nothing to take off.");
    if (takenFen > grant.useFen) {
      return refused(`超过离线单笔上限 ${kq.yuan(grant.useFen)}，请联网后核销。`, `Above what one use may take offline, ${kq.yuan(grant.useFen)}: redeem online.`);
    }
    if (journal.spentFen + takenFen > grant.totalFen) {
      return refused(`超过离线累计上限 ${kq.yuan(grant.totalFen)}，请先联网上传。`, `Above what may be taken offline in all, ${kq.yuan(grant.totalFen)}: go online first.`);
    }
    return { takenFen, batch };
  }

  async function take({ code, amountFen = null, orderNumber = "" }) {
    const text = code.trim().toUpperCase();
    if (text.length !== kq.signed.SYMBOLS) {
      return refused("没有网络。只有带签名的二维码可以离线核销，请扫券上的大二维码。", "There is no network. Only a signed code is taken offline: scan the voucher's large QR code.");
    }
    const [grant, journal] = [await kq.journal.kept("grant"), await kq.journal.kept("journal")];
    if (!grant || grant.totalFen === 0) {
      return refused("本机还不能离线核销：请先联网登录一次。", "This device may take nothing offline yet: log in online once.");
    }
    const saidMs = now(grant, journal);
    const late = beyond(grant, journal, saidMs);
    if (late) return late;
    const { claim, fault } = await kq.signed.read(text, grant.keys);
    if (fault === "key") {
      return refused("二维码的签名密钥已停用，或是本机还不认识的新密钥；请联网后输入券面上的券码。", "The key that signed this code is out of use, or newer than this device's rules: go online and type the voucher's code.");
    }
    if (fault) return refused("不是真的券码，请勿受理。", "This is not a true code; do not take it.");
    const judged = await judge(claim, grant, journal, saidMs, amountFen);
    if (judged.outcome) return judged;
    const use = {
      device: grant.device, grant: grant.grant, shift: kq.state.shift?.id ?? kq.state.lastShift,
      code: text, serial: claim.serial, amountFen: judged.takenFen, orderFen: amountFen,
      name: judged.batch.name, orderNumber: orderNumber.replace(/[\p{Cc}\p{Cs}]/gu, "").slice(0, 64), saidMs,
      wallMs: Date.now(), elapsedMs: Math.round(performance.now()),
    };
    const after = await kq.journal.write(use, journal);
    changed();
    return {
      outcome: "accepted", entry: after.counter,
      what: `${judged.batch.name} · ${kq.yuan(judged.takenFen)}`, takenFen: judged.takenFen,
      reasonZh: `${judged.batch.name}。已记在本机，联网后上传。`,
      reasonEn: `${judged.batch.name}. Kept on this device and handed in once it is online.`,
    };
  }

  // Why a use that waits here cannot be undone here any more; null: it can. Who may later, may only
  // online: a supervisor's login needs the server.
  function notUndone(line, grant, nowMs) {
    if (!line) {
      return refused("这笔刚刚上传了，请刷新今日记录。", "This use has just been handed in; look at the list again.");
    }
    if (line.undo) return refused("这笔已经撤销过了。", "This use was undone already.");
    if (nowMs - line.saidMs > (grant.undoMs ?? 0)) {
      const minutes = Math.round((grant.undoMs ?? 0) / 60000);
      return refused(`核销已超过 ${minutes} 分钟，断网时不能撤销；请联网上传后由主管处理。`, `The use was more than ${minutes} minutes ago: it is not undone offline. Hand it in and ask a supervisor.`);
    }
    return null;
  }

  async function takeBack(counter) {
    const [grant, journal] = [await kq.journal.kept("grant"), await kq.journal.kept("journal")];
    const line = (await kq.journal.lines()).find((one) => one.counter === counter);
    const saidMs = now(grant, journal);
    const why = notUndone(line, grant, saidMs);
    if (why) return why;
    const said = {
      device: grant.device, grant: grant.grant, shift: kq.state.shift?.id ?? kq.state.lastShift,
      saidMs, wallMs: Date.now(), elapsedMs: Math.round(performance.now()),
    };
    await kq.journal.takeBack(line, said, journal);
    changed();
    return {
      outcome: "accepted", entry: counter,
      reasonZh: `${line.name}，${kq.yuan(line.amountFen)}。券可以再用；已记在本机，联网后上传。`,
      reasonEn: `${line.name}, ${kq.yuan(line.amountFen)}. The voucher may be used again; kept on this device and handed in once it is online.`,
    };
  }

  // What the device cannot keep was not done.
  async function done(work, zh, en) {
    try {
      return await alone(work);
    } catch (error) {
      const full = error.name === "QuotaExceededError";
      return full
        ? refused(`本机存储已满，记不下这笔，${zh}。`, `This device's storage is full: it could not be kept, and ${en}.`)
        : refused(`本机记不下这笔，${zh}。请联网后再试。`, `It could not be kept, and ${en}. Try again online.`);
    }
  }
  const redeem = (asked) => done(() => take(asked), "没有核销", "nothing was taken");
  const undo = (counter) => done(() => takeBack(counter), "没有撤销", "nothing was undone");

  // What must be known of the order first; a code that is not taken anyway asks for nothing.
  async function asks(code) {
    try {
      const grant = await kq.journal.kept("grant");
      const { claim } = await kq.signed.read(code.trim().toUpperCase(), grant.keys);
      return batchOf(grant, claim)?.minimumFen ? ["amount"] : [];
    } catch {
      return [];
    }
  }

  const waiting = () => kq.journal.lines().catch(() => []);
  const pending = async () => (await waiting()).length;
  const changed = () => window.dispatchEvent(new CustomEvent("kaquan-pending-changed"));
  const sum = (lines) => lines.reduce((fen, one) => fen + (one.undo ? 0 : one.amountFen), 0);

  // Hand in what waits, some at a time; cut off and sent again, each is booked once.
  async function handIn() {
    const lost = [];
    for (let all = await kq.journal.lines(); all.length; all = await kq.journal.lines()) {
      const [some, rest] = [all.slice(0, AT_ONCE), all.slice(AT_ONCE)];
      const uses = some.map(({ text, signature, code = "", undo: back = null }) =>
        ({ text, signature, code, undo: back }));
      const said = await kq.calls.call("offline/sync", {
        uses, pending: rest.length, pendingFen: sum(rest),
      });
      const judged = some.map((line, at) => ({ line, said: said.judged[at] }));
      await kq.journal.answered(judged);
      lost.push(...judged.filter((one) => !["booked", "undone"].includes(one.said.verdict)));
      changed();
    }
    const undos = lost.filter(({ line }) => line.undoes).length;
    const uses = lost.length - undos;
    const words = [];
    if (uses) {
      words.push(kq.say(
        `离线核销中有 ${uses} 笔与别处的使用冲突，已登记。`,
        `${uses} of the uses offline were in conflict with others, and were noted. `,
      ));
    }
    if (undos) {
      words.push(kq.say(
        `有 ${undos} 笔离线撤销没有成立，已登记，请联系店长。`,
        `${undos} uses could not be undone after all; this was noted, tell your manager.`,
      ));
    }
    if (words.length) kq.tell(words.join(""));
  }

  async function renew() {
    const elapsedMs = performance.now();
    const wallMs = Date.now();
    const grant = await kq.calls.call("offline/renew", { pending: 0, pendingFen: 0 });
    const known = await kq.journal.kept("journal");
    const journal = known?.device === grant.device
      ? known
      : { device: grant.device, counter: 0, head: await kq.journal.beginning(grant.device) };
    await kq.journal.granted({ ...grant, wallMs }, { ...journal, lastWallMs: wallMs });
    anchor = { grant: grant.grant, elapsedMs };
  }

  async function sync() {
    if (busy || !kq.state.terminal) return;
    const spanMs = (await pending()) ? AGAIN_MS : RENEW_MS;
    if (performance.now() - askedMs < spanMs) return;
    busy = true;
    askedMs = performance.now();
    try {
      await alone(async () => {
        await handIn();
        await renew();
      });
    } catch {
      // It stays on the device, and is handed in the next time that the server is reached.
    } finally {
      busy = false;
    }
  }

  function soon() {
    askedMs = -Infinity;
    return sync();
  }

  window.addEventListener("kaquan-reached", () => sync());
  window.addEventListener("online", () => soon());
  setInterval(() => pending().then((number) => (number ? sync() : null)), AGAIN_MS);
  window.KaquanOffline = { redeem, undo, asks, pending, waiting, isOnlineOnly, sync: soon };
})();
