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
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = say("撤销", "Undo");
      button.setAttribute("aria-label", `${say("撤销", "Undo")} ${one.at} ${title.textContent}`);
      button.addEventListener("click", () => kq.vouchers.undo(one, showToday));
      item.append(button);
    }
    return item;
  }

  async function showToday() {
    kq.go("today");
    try {
      const { done } = await kq.calls.call("today");
      place("done").replaceChildren(...done.map(row));
      place("done-none").hidden = done.length > 0;
    } catch (error) {
      kq.failed(error);
    }
  }

  function totals(found) {
    return [
      [say("核销笔数", "Uses"), found.uses],
      [say("核销券数", "Vouchers"), found.vouchers],
      [say("优惠金额", "Taken off"), yuan(found.discountFen)],
      [say("撤销笔数", "Undone"), found.undone],
      [say("撤销金额", "Taken back"), yuan(found.undoneFen)],
      [say("充值笔数", "Top-ups"), found.topUps],
      [say("充值金额", "Money received"), yuan(found.topUpFen)],
      [say("被拒笔数", "Refused"), found.refused],
    ];
  }

  function drawTotals(list, found) {
    list.replaceChildren(
      ...totals(found).map(([name, value]) => {
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
      say(`核销 ${last.totals.uses} 笔，充值 ${yuan(last.totals.topUpFen)}`, `${last.totals.uses} uses, ${yuan(last.totals.topUpFen)} topped up`),
      counted, last.note,
    ];
    place("last-says").textContent = parts.filter(Boolean).join(" · ");
  }

  async function showShift() {
    kq.go("shift");
    const { shift } = kq.state;
    place("shift-says").textContent = say(
      `${shift.clerk}，${shift.beganAt} 开始`, `${shift.clerk}, since ${shift.beganAt}`,
    );
    place("pin-name").value = shift.username;
    drawLast(shift.last);
    try {
      const found = await kq.calls.call("today");
      drawTotals(place("totals"), found.totals);
    } catch (error) {
      kq.failed(error);
    }
  }

  kq.book = { showToday, showShift };
})();
