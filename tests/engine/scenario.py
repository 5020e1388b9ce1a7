"""Scenarios as aligned text: what is asked, what is answered, which entries it makes.

A file holds scenarios; each begins with ``scenario:`` and a claim. Then, one a line::

    terms  off20  {"benefit": {"kind": "amount_off", "amount_fen": 2000}}
    do     claim off20 customer=7 as=A                         -> DONE
           | FEN 2000 BUDGET_AVAILABLE:1 > BUDGET_COMMITTED:1
           : A ISSUED customer=7 uses=1 committed=2000

``terms`` are good through 2026 if they say nothing else. ``do`` runs one command in a block of its
own; ``with`` adds a linked one to the block of the line before. Words are an operation, what it is
about, and ``field=value``; ``as=`` names the voucher, hold or redemption for later lines;
``hand=`` says for which hand the code was made that named it, if one did;
``off20#3`` is the fourth voucher of a by-code batch. Time stands still at noon on 22 November 2026
in Shanghai unless ``on=`` moves it. After ``->`` come the code and any data to check.
Lines with ``|`` are the entries, all of them, in order. Lines with ``:`` say how a voucher, a
budget (``: budget 1``) or a batch (``: batch off20``) stands then.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from kaquan.engine import commands as c
from kaquan.engine.entries import Entry
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from tests.engine.memory_ledger import MemoryLedger

FOLDER = Path(__file__).parent / "scenarios"
SHANGHAI = timezone(timedelta(hours=8))
NOON = datetime(2026, 11, 22, 12, tzinfo=SHANGHAI)
YEAR_2026 = {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": "2026-12-31"}

FIELDS = {
    "customer": "customer_id",
    "uses": "uses_left",
    "balance": "balance_fen",
    "committed": "committed_fen",
    "available": "available_fen",
    "spent": "spent_fen",
    "released": "released_fen",
    "total": "total_fen",
}


def scenarios() -> Iterator[tuple[str, str]]:
    """Every scenario of every file: (``file: claim``, its lines)."""
    for path in sorted(FOLDER.glob("*.txt")):
        for text in re.split(r"^scenario: ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            claim, _, body = text.partition("\n")
            yield f"{path.stem}: {claim}", body


class Scenario:
    """One scenario on a ledger of its own."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.terms: dict[str, bytes] = {}
        self.batch_ids: dict[str, int] = {}
        self.serials: dict[str, int] = {}
        self.places: dict[str, Place] = {}

    def run(self, body: str) -> None:
        """Run the lines; the first that is not as told fails with its text."""
        for steps in _blocks(body):
            try:
                self._run_block(steps)
            except AssertionError as error:
                raise AssertionError(f"{steps[0][0]}\n{error}") from error

    def _run_block(self, steps: list[tuple[str, list[str]]]) -> None:
        head = steps[0][0].split(maxsplit=2)
        if head[0] == "terms":
            terms = json.loads(head[2])
            terms.setdefault("validity", {}).setdefault("range", YEAR_2026)
            self.terms[head[1]] = json.dumps(terms).encode()
            return
        asked = [line.split("->") for line, _ in steps]
        wishes = [_words(words.split(maxsplit=1)[1]) for words, _ in asked]
        link = 1 if len(steps) > 1 else 0
        commands = [self._command(*wish, link=link) for wish in wishes]
        first_entry = len(self.ledger.entries)
        outcomes = self.ledger.submit(*commands)
        for wish, outcome, (_, told) in zip(wishes, outcomes, asked, strict=True):
            _compare_outcome(outcome, told.split())
            self._name(wish[2].get("as"), wish[0], outcome)
        expected = [line[1:].split() for _, more in steps for line in more if line[0] == "|"]
        entries = [entry for _, entry in self.ledger.entries[first_entry:]]
        self._compare_entries(entries, expected)
        for _, more in steps:
            for line in more:
                if line[0] == ":":
                    self._compare_row(line[1:].split())

    # Commands -------------------------------------------------------------------------------------

    def _command(self, verb: str, about: list[str], given: dict[str, str], link: int) -> Any:
        at = _moment(given.get("on", "")) or NOON
        common: dict[str, Any] = {"at": at, "link": link}
        facts = _facts(given)
        match verb:
            case "open_budget":
                return c.OpenBudget(**common, budget_id=int(about[0]), total_fen=int(about[1]))
            case "change_budget":
                budget_id, expected, total = map(int, about)
                return c.ChangeBudget(
                    **common, budget_id=budget_id, expected_fen=expected, total_fen=total
                )
            case "define_batch":
                batch_id = self.batch_ids.setdefault(about[0], len(self.batch_ids) + 1)
                return c.DefineBatch(
                    **common,
                    batch_id=batch_id,
                    terms=self.terms[given.get("terms", about[0])],
                    budget_id=int(given.get("budget", 0)),
                    by_code="by_code" in about,
                    active="inactive" not in about,
                )
            case "revise_terms":
                return c.ReviseTerms(
                    **common,
                    batch_id=self._batch(about[0]),
                    terms=self.terms[given["terms"]],
                    expected_version=int(given.get("version", 0)),
                )
            case "mint":
                return c.Mint(**common, batch_id=self._batch(about[0]), quantity=int(about[1]))
            case "set_batch_state":
                return c.SetBatchState(**common, batch_id=self._batch(about[0]), state=about[1])
            case "activate" | "allot" | "move_pieces":
                return self._range_command(verb, about, given, common)
            case "claim" | "assign" | "sell":
                return self._issue(verb, about[0], given, {**common, "facts": facts})
            case "redeem" | "hold" | "release":
                return self._use(verb, about, given, {**common, "facts": facts})
            case "reverse":
                return self._reverse(about, given, common)
            case _:
                return self._care(verb, self._serial(about[0]), given, common)

    def _range_command(
        self, verb: str, about: list[str], given: dict[str, str], common: dict[str, Any]
    ) -> c.AnyCommand:
        first, quantity = self._serial(about[0]), int(about[1])
        batch_id = self._batch(about[0].partition("#")[0])
        common |= {"batch_id": batch_id, "first_serial": first, "quantity": quantity}
        if verb == "activate":
            return c.Activate(**common)
        if verb == "move_pieces":
            return c.MovePieces(
                **common,
                act=about[2],
                organisation_id=int(given["at"]),
                to_organisation_id=int(given.get("to", 0)),
                hand_out_first="hand_out_first" in about,
                actor="account:1",
                witness=given.get("witness", ""),
            )
        source, target = int(given.get("from", 0)), int(given["to"])
        return c.Allot(**common, organisation_id=target, from_organisation_id=source)

    def _issue(
        self, verb: str, about: str, given: dict[str, str], common: dict[str, Any]
    ) -> c.AnyCommand:
        common["batch_id"] = self._batch(about.partition("#")[0])
        common["serial"] = self._serial(about) if "#" in about else None
        if verb == "claim":
            return c.Claim(**common)
        if verb == "assign":
            return c.Assign(**common)
        face = int(given["face"]) if "face" in given else None
        return c.Sell(**common, paid_fen=int(given["paid"]), payment_no="P1", face_fen=face)

    def _use(
        self, verb: str, about: list[str], given: dict[str, str], common: dict[str, Any]
    ) -> c.AnyCommand:
        if verb == "release":
            del common["facts"]
            return c.Release(**common, hold=self.places[about[0]])
        if about[0] in self.places:
            return c.Redeem(**common, hold=self.places[about[0]])
        amount = int(given["amount"]) if "amount" in given else None
        number, hand = int(given.get("uses", 1)), _hand(given)
        uses = tuple(c.VoucherUse(self._serial(name), amount, number, hand) for name in about)
        if verb == "redeem":
            return c.Redeem(**common, vouchers=uses)
        until = _moment(given.get("until", "")) or common["at"] + timedelta(minutes=15)
        return c.Hold(**common, vouchers=uses, expires_at=until)

    def _reverse(
        self, about: list[str], given: dict[str, str], common: dict[str, Any]
    ) -> c.AnyCommand:
        lines = tuple(
            c.LineReturn(name, int(quantity))
            for name, _, quantity in (
                part.partition(":") for part in given.get("lines", "").split(",") if part
            )
        )
        return c.Reverse(
            **common,
            redemption=self.places[about[0]],
            serial=self._serial(about[1]) if len(about) > 1 else None,
            amount_fen=int(given["amount"]) if "amount" in given else None,
            lines=lines,
        )

    def _care(
        self, verb: str, serial: int, given: dict[str, str], common: dict[str, Any]
    ) -> c.AnyCommand:
        common["serial"] = serial
        reason = given.get("reason", "because")
        match verb:
            case "top_up":
                amount = int(given["amount"])
                told = {"payment_no": "P2", "facts": _facts(given), "hand": _hand(given)}
                return c.TopUp(**common, amount_fen=amount, **told)
            case "transfer":
                source, target = int(given["from"]), int(given["to"])
                return c.Transfer(**common, from_customer_id=source, to_customer_id=target)
            case "extend":
                until = _moment(given["until"])
                assert until is not None
                return c.Extend(**common, valid_until=until)
            case "freeze":
                return c.Freeze(**common, reason=reason)
            case "unfreeze":
                return c.Unfreeze(**common)
            case "void":
                fresh_for = int(given["fresh_for"]) if "fresh_for" in given else None
                return c.Void(**common, reason=reason, fresh_for=fresh_for)
            case "expire":
                return c.Expire(**common)
            case "adjust":
                balance, uses = int(given.get("balance", 0)), int(given.get("uses", 0))
                return c.Adjust(**common, balance_fen=balance, uses=uses, reason=reason)
            case "book_loss":
                amount = int(given["amount"])
                return c.BookLoss(**common, amount_fen=amount, facts=_facts(given), reason=reason)
        raise AssertionError(f"no such operation: {verb}")

    # Names ----------------------------------------------------------------------------------------

    def _batch(self, name: str) -> int:
        return self.batch_ids.get(name, 999)

    def _serial(self, name: str) -> int:
        if name in self.serials:
            return self.serials[name]
        batch, _, number = name.partition("#")
        runs = self.ledger.tables["custody"].get(self._batch(batch))
        return (runs[0].first_serial if runs else 0) + int(number)

    def _name(self, name: str | None, verb: str, outcome: Outcome) -> None:
        if name is None or outcome.place is None:
            return
        if verb in ("claim", "assign", "sell"):
            self.serials[name] = outcome.vouchers[0].serial
        else:
            self.places[name] = outcome.place

    def _shown(self, entry: Entry) -> list[str]:
        """An entry in the words of a scenario."""
        names = {number: name for name, number in self.batch_ids.items()}
        vouchers = {serial: name for name, serial in self.serials.items()}

        def side(account: Any, number: int) -> str:
            if account.name in ("STOCK", "ENDED", "FROZEN", "BATCH_COST", "CARD_ISSUED"):
                return f"{account.name}:{names[number]}"
            if account.name in ("PAYMENT", "SALES", "OFFLINE_LOSS"):
                return f"{account.name}:{names[number]}"
            if account.name in ("CARD", "CARD_HELD", "USES", "USES_HELD"):
                return f"{account.name}:{vouchers.get(number, number)}"
            return f"{account.name}:{number}"

        words = [
            entry.unit.name,
            str(entry.amount),
            side(entry.debit, entry.debit_id),
            ">",
            side(entry.credit, entry.credit_id),
        ]
        if entry.funder_id:
            words.append(f"funder={entry.funder_id}")
        if entry.reverses is not None:
            place = next(name for name, place in self.places.items() if place == entry.reverses)
            words.append(f"reverses={place}")
        return words

    # Comparing ------------------------------------------------------------------------------------

    def _compare_entries(self, entries: list[Entry], expected: list[list[str]]) -> None:
        shown = [self._shown(entry) for entry in entries]
        told = "\n".join("           | " + " ".join(words) for words in shown)
        assert shown == expected, f"entries are:\n{told}"

    def _compare_row(self, words: list[str]) -> None:
        row: Any
        if words[0] == "budget":
            row, fields = self.ledger.tables["budgets"][int(words[1])], words[2:]
        elif words[0] == "batch":
            row, fields = self.ledger.tables["slices"][self._batch(words[1])], words[2:]
        else:
            row, fields = self.ledger.voucher(self._serial(words[0])), words[2:]
            assert row.state is State[words[1]], row
        for field in fields:
            name, _, value = field.partition("=")
            found = getattr(row, FIELDS.get(name, name))
            if isinstance(found, datetime):
                assert found == _moment(value), row
            else:
                assert str(found) == value, f"{name} is {found}: {row}"


def _blocks(body: str) -> Iterator[list[tuple[str, list[str]]]]:
    """Commands with the lines that belong to them, linked ones together."""
    block: list[tuple[str, list[str]]] = []
    for raw in body.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line[0] in "|:":
            block[-1][1].append(line)
        elif line.startswith("with "):
            block.append((line, []))
        else:
            if block:
                yield block
            block = [(line, [])]
    if block:
        yield block


def _words(text: str) -> tuple[str, list[str], dict[str, str]]:
    words = text.split()
    given = dict(word.split("=", 1) for word in words if "=" in word)
    return words[0], [word for word in words[1:] if "=" not in word], given


def _moment(text: str) -> datetime | None:
    """``12-31``, ``12-31T23:59`` or ``2027-01-01T00:00``, in Shanghai."""
    if not text:
        return None
    if re.match(r"\d\d-", text):
        text = f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def _hand(given: dict[str, str]) -> int | None:
    return int(given["hand"]) if "hand" in given else None


def _facts(given: dict[str, str]) -> Facts:
    store = int(given.get("store", 0))
    return Facts(
        store_id=store,
        store_path=(1, store) if store else (),
        channel=given.get("channel", ""),
        customer_id=int(given.get("customer", 0)),
        person_id=int(given.get("person", 0)),
        tags=frozenset(given["tags"].split(",")) if "tags" in given else frozenset(),
        order=_order(given["order"]) if "order" in given else None,
    )


def _order(text: str) -> Order:
    """``milk:2:1500,tea:1:900``: line and SKU, units, fen for all of them."""
    lines = []
    for part in text.split(","):
        name, quantity, amount = part.split(":")
        lines.append(OrderLine(name, name, int(quantity), int(amount)))
    return Order("O1", tuple(lines))


def _compare_outcome(outcome: Outcome, told: list[str]) -> None:
    assert outcome.code.name == told[0], outcome
    for field in told[1:]:
        name, _, value = field.partition("=")
        assert str(outcome.data.get(name)) == value, outcome
