"use strict";

// Today's list, the shift's totals, and what the shift before left.
(() => {
  const kq = window.kaquanCounter;
  const { say, place, yuan } = kq;
  const VERBS = {
    redeem: ["核销", "Redeemed"],
    reverse: ["撤销", "Undone"],
    top_up: ["充值", "Topped up"],
  };

  function row(one) {
    const item = document.createElement("li");
    const title = document.createElement("strong");
    const facts = document.createElement("span");
    const verb = say(...VERBS[one.operation]);
    title.textContent = one.done
      ? `${verb} ${one.vouchers.map((voucher) => kq.of(voucher)).join("、")}`
      : `${verb}：${kq.of(one.refused)}`;
    const parts = [one.at.slice(11), one.clerk, one.supervisor, one.orderNo];
    if (one.amountFen) parts.push(yuan(one.amountFen));
    facts.textContent = parts.filter(Boolean).join(" · ");
    item.append(title, facts);
    if (!one.done) item.className = "not";
    if (one.undone) {
      item.className = "not";
      facts.textContent += say(" · 已撤销", " · undone");
    } else if (one.done && one.operation === "redeem") {
      item.append(undoButton(`${one.at} ${title.textContent}`, () => kq.vouchers.undo(one, () => showToday(shown))));
    }
    return item;
  }

  function undoButton(what, work) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = say("撤销", "Undo");
    button.setAttribute("aria-label", `${button.textContent} ${what}`);
    button.addEventListener("click", work);
    return button;
  }

  const BORNE = {
    booked: ["已入账", "booked"],
    undone: ["已撤销", "undone"],
    loss: ["与别处的使用冲突，已登记", "in conflict with another use, noted"],
    refused: ["与别处的使用冲突，由本店承担", "in conflict with another use, borne by the store"],
  };

  // A use without a network: handed in, or still on this device alone.
  function takenRow(one) {
    const item = document.createElement("li");
    const title = document.createElement("strong");
    const facts = document.createElement("span");
    title.textContent = `${say("离线核销", "Redeemed offline")} ${kq.of(one)}`;
    const what = [one.verdict ? say(...BORNE[one.verdict]) : ""];
    if (one.entry) what.push(say("待上传", "to be handed in"));
    facts.textContent = [one.at.slice(11), one.clerk, kq.yuan(one.amountFen), ...what].filter(Boolean).join(" · ");
    item.append(title, facts);
    if (one.verdict && one.verdict !== "booked") item.className = "not";
    if (one.entry && !one.verdict) {
      const about = `${one.at.slice(11)} · ${kq.of(one)}`;
      item.append(undoButton(`${one.at} ${title.textContent}`, () =>
        kq.vouchers.undoOffline(one.entry, about, () => showToday(shown))));
    } else if (one.verdict === "booked") {
      item.append(undoButton(`${one.at} ${title.textContent}`, () =>
        kq.vouchers.undo({ ...one, vouchers: [one] }, () => showToday(shown), "offline/undo")));
    }
    return item;
  }

  // In the issuer's zone, as the server tells times: "2026-11-28 07:28".
  const localTime = (ms) =>
    new Date(ms).toLocaleString("sv-SE", { timeZone: kq.state.terminal?.zone }).slice(0, 16);

  async function waitingRows() {
    const lines = (await window.KaquanOffline?.waiting()) ?? [];
    return lines.filter((one) => !one.undoes).reverse().map((one) =>
      takenRow({
        at: localTime(one.saidMs), zh: one.name, en: one.name, amountFen: one.amountFen,
        entry: one.counter, verdict: one.undo ? "undone" : "",
      }));
  }

  function drawToday(rows, left = 0, most = 0) {
    place("done").replaceChildren(...rows);
    place("done-none").hidden = rows.length > 0;
    place("done-left").hidden = left === 0;
    place("done-left-says").textContent = say(
      `这里是最近的 ${rows.length} 条，还有 ${left} 条更早的。`,
      `These are the latest ${rows.length}; ${left} are earlier.`,
    );
    place("done-earlier").hidden = shown >= most;
  }

  // Two lists, each the latest so many: of both together the latest so many are whole.
  const AT_FIRST = 100;
  let shown = AT_FIRST;
  place("done-earlier").addEventListener("click", () => showToday(shown * 5));

  async function showToday(most = AT_FIRST) {
    shown = most;
    kq.go("today");
    const waiting = await waitingRows();
    try {
      const said = await kq.calls.call("today", { most });
      const told = [
        ...said.done.map((one) => ({ at: one.at, row: row(one) })),
        ...said.taken.map((one) => ({ at: one.at, row: takenRow(one) })),
      ].sort((one, other) => other.at.localeCompare(one.at));
      const booked = told.slice(0, Math.min(most, said.most));
      const rows = [...waiting, ...booked.map((one) => one.row)];
      drawToday(rows, said.earlier + told.length - booked.length, said.most);
    } catch (error) {
      drawToday(waiting);
      if (error instanceof kq.calls.NoAnswer) {
        kq.tell(say("没有网络：这里只有本机还没有上传的。", "No network: here is only what this device has not handed in."));
      } else {
        kq.failed(error);
      }
    }
  }

  function totals(found, taken) {
    const offline = [
      [say("离线核销笔数", "Offline uses"), taken.uses],
      [say("离线核销金额", "Taken off offline"), yuan(taken.amountFen)],
      [say("其中冲突", "Of these in conflict"), taken.conflicts],
    ];
    return [
      [say("核销笔数", "Uses"), found.uses],
      [say("核销券数", "Vouchers"), found.vouchers],
      [say("优惠金额", "Taken off"), yuan(found.discountFen)],
      [say("撤销笔数", "Undone"), found.undone],
      [say("撤销金额", "Taken back"), yuan(found.undoneFen)],
      [say("充值笔数", "Top-ups"), found.topUps],
      [say("充值金额", "Money received"), yuan(found.topUpFen)],
      [say("被拒笔数", "Refused"), found.refused],
      ...(taken.uses ? offline : []),
    ];
  }

  function drawTotals(list, found, taken) {
    list.replaceChildren(
      ...totals(found, taken).map(([name, value]) => {
        const group = document.createElement("div");
        const term = document.createElement("dt");
        const number = document.createElement("dd");
        term.textContent = name;
        number.textContent = value;
        group.append(term, number);
        return group;
      }),
    );
  }

  function drawLast(last) {
    place("last-shift").hidden = !last;
    if (!last) return;
    const counted = last.countedFen === null ? "" : say(`点款 ${yuan(last.countedFen)}`, `counted ${yuan(last.countedFen)}`);
    const parts = [
      last.clerk, `${last.beganAt} – ${last.endedAt}`,
      say(`核销 ${last.totals.uses + last.takenTotals.uses} 笔，充值 ${yuan(last.totals.topUpFen)}`, `${last.totals.uses + last.takenTotals.uses} uses, ${yuan(last.totals.topUpFen)} topped up`),
      counted, last.note,
    ];
    place("last-says").textContent = parts.filter(Boolean).join(" · ");
  }

  async function showShift() {
    kq.go("shift");
    const { shift } = kq.state;
    if (!shift) {
      kq.tell(say("没有网络：看不到本班合计，也不能交班。", "No network: there are no totals, and no handing over."));
      return;
    }
    place("shift-says").textContent = say(
      `${shift.clerk}，${shift.beganAt} 开始`, `${shift.clerk}, since ${shift.beganAt}`,
    );
    place("pin-name").value = shift.username;
    drawLast(shift.last);
    const waiting = (await window.KaquanOffline?.pending()) ?? 0;
    place("shift-pending").hidden = waiting === 0;
    place("shift-pending").textContent = say(
      `还有 ${waiting} 笔离线核销没有上传，不在下面的合计里；请联网后再交班。`,
      `${waiting} uses offline are not handed in and not in these totals; go online before you hand over.`,
    );
    try {
      const found = await kq.calls.call("today");
      drawTotals(place("totals"), found.totals, found.takenTotals);
    } catch (error) {
      kq.failed(error);
    }
  }

  kq.book = { showToday, showShift };
})();
