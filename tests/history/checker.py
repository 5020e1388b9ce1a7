"""Whether a recorded run kept every promise: a small Jepsen for our own ledger.

The ledger numbers the changes of each voucher, so the order of versions is known and nothing has to
be searched for: at most once per key, never beyond the allowance, real-time order and the value of
every read are each checked in O(n log n), and together are linearizability per voucher (Herlihy &
Wing, 1990). Across vouchers and a shared pot the direct serialisation graph (Adya, 1999) must have
no cycle.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

from tests.history.graph import Graph, add_real_time, find_cycles
from tests.history.records import Answer, Attempt, Change, History, Read, Violation

FOREVER_NS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Window:
    """When a change took effect: after its first call, before it was first acknowledged."""

    called_ns: int
    returned_ns: int


def check(history: History) -> list[Violation]:
    """Every broken promise of a run; an empty list means that it kept them all."""
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in history.attempts:
        attempts[attempt.key].append(attempt)
    windows = {key: _window(tries) for key, tries in attempts.items()}
    timelines = _timelines(history.changes)
    found = [
        *_check_effects(attempts, history.changes),
        *_check_versions(timelines, history.opening),
        *_check_real_time(timelines, windows),
    ]
    looks = [_Look(timeline, windows) for timeline in timelines.values()]
    by_voucher = dict(zip(timelines, looks, strict=True))
    found += _check_reads(history, by_voucher)
    found += _check_refusals(history, by_voucher)
    return found + _check_cycles(history, timelines, windows)


def _window(tries: list[Attempt]) -> Window:
    acknowledged = [
        one.returned_ns
        for one in tries
        if one.answer is Answer.DONE and one.returned_ns is not None
    ]
    return Window(min(one.called_ns for one in tries), min(acknowledged, default=FOREVER_NS))


def _timelines(changes: tuple[Change, ...]) -> dict[int, list[Change]]:
    timelines: dict[int, list[Change]] = defaultdict(list)
    for change in sorted(changes, key=lambda one: (one.voucher, one.version)):
        timelines[change.voucher].append(change)
    return dict(timelines)


# At most once


def _check_effects(
    attempts: dict[str, list[Attempt]], changes: tuple[Change, ...]
) -> Iterator[Violation]:
    effects: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        effects[change.key].append(change)
    for key in sorted(effects.keys() - attempts.keys()):
        yield Violation("nobody_asked", f"{key}: {effects[key]}")
    for key, tries in attempts.items():
        yield from _check_answers(key, tries)
        yield from _check_effect(key, tries, effects.get(key, []))


def _check_answers(key: str, tries: list[Attempt]) -> Iterator[Violation]:
    told = [one for one in tries if one.answer is not Answer.UNKNOWN]
    done = [one for one in told if one.answer is Answer.DONE]
    if any(one.asked != done[0].asked for one in done):
        yield Violation("key_reused", f"{key}: {done}")
    elif any((one.answer, one.text) != (told[0].answer, told[0].text) for one in told):
        yield Violation("answer_changed", f"{key}: {told}")


def _check_effect(key: str, tries: list[Attempt], effect: list[Change]) -> Iterator[Violation]:
    answers = {one.answer for one in tries}
    if Answer.DONE not in answers and answers != {Answer.UNKNOWN}:
        if effect:
            yield Violation("refused_but_done", f"{key}: {effect}")
        return
    done = next((one for one in tries if one.answer is Answer.DONE), None)
    asked = (done or tries[0]).asked
    if not effect:
        if done is not None:
            yield Violation("acknowledged_but_lost", f"{key}: {done}")
        return
    counts: dict[int, int] = defaultdict(int)
    for change in effect:
        counts[change.voucher] += 1
        if change.voucher not in asked:
            yield Violation("wrong_voucher", f"{key}: {change}")
        elif change.taken != asked[change.voucher]:
            yield Violation("wrong_amount", f"{key}: {change}, asked {asked}")
    if any(count > 1 for count in counts.values()):
        yield Violation("done_twice", f"{key}: {effect}")
    if asked.keys() - counts.keys():
        yield Violation("torn", f"{key}: {effect}, asked {dict(asked)}")
    for change in effect:
        if done is not None and done.versions.get(change.voucher, change.version) != change.version:
            yield Violation("answer_is_not_the_ledger", f"{key}: {change}, told {done.versions}")


# One voucher


def _check_versions(
    timelines: dict[int, list[Change]], opening: Mapping[int, int]
) -> Iterator[Violation]:
    for voucher, timeline in timelines.items():
        left = opening[voucher]
        for earlier, later in pairwise([None, *timeline]):
            expected = 1 if earlier is None else earlier.version + 1
            if later.version < expected:
                yield Violation("lost_update", f"{earlier} and {later} made the same version")
            elif later.version > expected:
                yield Violation("version_missing", f"no version {expected} before {later}")
            left -= later.taken
            if left < 0:
                yield Violation("allowance_exceeded", f"{later} of {opening[voucher]}")
            if later.left != left:
                yield Violation("balance_wrong", f"{later}, but {left} is left")


def _check_real_time(
    timelines: dict[int, list[Change]], windows: dict[str, Window]
) -> Iterator[Violation]:
    for timeline in timelines.values():
        latest_call_ns = 0
        for change in timeline:
            window = windows.get(change.key)
            if window is None:
                continue
            if window.returned_ns < latest_call_ns:
                yield Violation(
                    "real_time_broken", f"{change} was over before an earlier version began"
                )
            latest_call_ns = max(latest_call_ns, window.called_ns)


class _Look:
    """Which versions of one voucher may be seen between two moments."""

    def __init__(self, timeline: list[Change], windows: dict[str, Window]) -> None:
        self.by_version = {change.version: change for change in timeline}
        self._last = timeline[-1].version
        never = Window(0, FOREVER_NS)
        spans = [(windows.get(one.key, never), one.version) for one in timeline]
        over = sorted((window.returned_ns, version) for window, version in spans)
        begun = sorted((window.called_ns, version) for window, version in spans)
        self._over_ns = [moment for moment, _ in over]
        self._over_version = list(accumulate((version for _, version in over), max))
        self._begun_ns = [moment for moment, _ in begun]
        # The first version that had not begun, counted from the end.
        self._unbegun = list(accumulate((version for _, version in reversed(begun)), min))[::-1]

    def between(self, called_ns: int, returned_ns: int) -> range:
        """From the last version surely over at the call to the last perhaps begun by the return."""
        over = bisect_left(self._over_ns, called_ns)
        begun = bisect_right(self._begun_ns, returned_ns)
        first = self._over_version[over - 1] if over else 0
        last = self._unbegun[begun] - 1 if begun < len(self._unbegun) else self._last
        return range(first, last + 1)

    def left_after(self, version: int, opening: int) -> int | None:
        """What was left after a version; None where there is no such version."""
        if version == 0:
            return opening
        change = self.by_version.get(version)
        return None if change is None else change.left


def _check_reads(history: History, looks: dict[int, _Look]) -> Iterator[Violation]:
    for read in history.reads:
        for voucher, version in read.versions.items():
            yield from _check_read(history, read, voucher, version, looks.get(voucher))


def _check_read(
    history: History, read: Read, voucher: int, version: int, look: _Look | None
) -> Iterator[Violation]:
    if look is None:
        if version != 0:
            yield Violation("dirty_read", f"{read}: {voucher} never had version {version}")
        return
    left = look.left_after(version, history.opening[voucher])
    if left is None:
        yield Violation("dirty_read", f"{read}: {voucher} never had version {version}")
    elif read.left.get(voucher, left) != left:
        yield Violation("impossible_read", f"{read}: version {version} of {voucher} left {left}")
    possible = look.between(read.called_ns, read.returned_ns)
    if version < possible.start:
        yield Violation("stale_read", f"{read}: {voucher} was already at {possible.start}")
    elif version >= possible.stop:
        yield Violation("future_read", f"{read}: {voucher} was at most at {possible.stop - 1}")


def _check_refusals(history: History, looks: dict[int, _Look]) -> Iterator[Violation]:
    """A refusal for want of allowance is a read as well: too little must have been left."""
    told: set[str] = set()
    for attempt in history.attempts:
        if attempt.answer is not Answer.EXHAUSTED or attempt.returned_ns is None:
            continue
        if attempt.key in told:
            continue  # a retry repeats what was true the first time
        told.add(attempt.key)
        if not any(
            _was_short(history.opening[voucher], asked, attempt, looks.get(voucher))
            for voucher, asked in attempt.asked.items()
        ):
            yield Violation("refused_without_cause", f"{attempt}")


def _was_short(opening: int, asked: int, attempt: Attempt, look: _Look | None) -> bool:
    if look is None:
        return opening < asked
    assert attempt.returned_ns is not None
    possible = look.between(attempt.called_ns, attempt.returned_ns)
    lefts = [look.left_after(version, opening) for version in possible]
    return any(left is not None and left < asked for left in lefts)


# Several vouchers and the pot


def _check_cycles(
    history: History, timelines: dict[int, list[Change]], windows: dict[str, Window]
) -> list[Violation]:
    graph: Graph = defaultdict(dict)
    for timeline in timelines.values():
        for earlier, later in pairwise(timeline):
            _add(graph, earlier.key, later.key, "ww")
    effective = {change.key for change in history.changes}
    for read in history.reads:
        for voucher, version in read.versions.items():
            writers = {change.version: change.key for change in timelines.get(voucher, ())}
            _add(graph, writers.get(version), read.name, "wr")
            _add(graph, read.name, writers.get(version + 1), "rw")
        if read.pot is not None:
            for key in effective:
                if key in read.pot:
                    _add(graph, key, read.name, "wr")
                else:
                    _add(graph, read.name, key, "rw")
    spans = {
        key: (windows[key].called_ns, windows[key].returned_ns)
        for key in effective & windows.keys()
    }
    spans |= {read.name: (read.called_ns, read.returned_ns) for read in history.reads}
    add_real_time(graph, spans)
    return [Violation(kind, detail) for kind, detail in find_cycles(graph)]


def _add(graph: Graph, source: str | None, target: str | None, edge: str) -> None:
    if source is not None and target is not None and source != target:
        graph[source].setdefault(target, set()).add(edge)
