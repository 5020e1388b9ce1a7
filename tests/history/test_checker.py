"""The history checker finds every class of fault that is planted, and none where there is none."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.history.checker import check
from tests.history.graph import strong_components
from tests.history.imagined import ImaginedRun
from tests.history.records import Answer, Attempt, Change, History, Read

LATE_NS = 10**9


@pytest.mark.parametrize("seed", range(60))
def test_a_run_that_kept_every_promise_is_found_clean(seed: int) -> None:
    assert check(ImaginedRun(seed).history) == []


# Faults planted in a run of three vouchers


def _single(history: History) -> Attempt:
    """An acknowledged use of one voucher that is not the last of it, without retries."""
    last = {change.voucher: change.version for change in history.changes}
    tries = [one.key for one in history.attempts]
    for one in history.attempts:
        if one.answer is Answer.DONE and len(one.asked) == 1 and tries.count(one.key) == 1:
            ((voucher, version),) = one.versions.items()
            if version < last[voucher]:
                return one
    raise AssertionError("this seed has no such use")


def _change_of(history: History, key: str) -> Change:
    return next(change for change in history.changes if change.key == key)


def _with_change(history: History, old: Change, new: Change) -> History:
    return replace(history, changes=tuple(new if one is old else one for one in history.changes))


def _with_attempt(history: History, old: Attempt, new: Attempt) -> History:
    return replace(history, attempts=tuple(new if one is old else one for one in history.attempts))


def _with_read(history: History, old: Read, new: Read) -> History:
    return replace(history, reads=tuple(new if one is old else one for one in history.reads))


def lost_update(history: History) -> History:
    """Two uses read the same balance and wrote the same version."""
    change = _change_of(history, _single(history).key)
    nearby = next(
        one
        for one in history.changes
        if one.voucher == change.voucher and one.version == change.version + 1
    )
    return _with_change(history, nearby, replace(nearby, version=change.version, left=change.left))


def lost_acknowledged_use(history: History) -> History:
    """The client was told done; the ledger has nothing."""
    key = _single(history).key
    return replace(history, changes=tuple(one for one in history.changes if one.key != key))


def missing_version(history: History) -> History:
    """A change was taken out of the middle of the ledger."""
    change = _change_of(history, _single(history).key)
    return replace(history, changes=tuple(one for one in history.changes if one is not change))


def done_twice(history: History) -> History:
    """A retry was executed again."""
    change = _change_of(history, _single(history).key)
    end = max(one.version for one in history.changes if one.voucher == change.voucher)
    left = next(
        one.left for one in history.changes if (one.voucher, one.version) == (change.voucher, end)
    )
    again = replace(change, version=end + 1, left=left - 1)
    return replace(history, changes=(*history.changes, again))


def refused_but_done(history: History) -> History:
    """The client was told no, and the voucher was used."""
    one = _single(history)
    return _with_attempt(history, one, replace(one, answer=Answer.REFUSED, versions={}))


def nobody_asked(history: History) -> History:
    """The ledger has a use that no client sent."""
    key = _single(history).key
    return replace(history, attempts=tuple(one for one in history.attempts if one.key != key))


def wrong_amount(history: History) -> History:
    """More was taken than was asked for."""
    change = _change_of(history, _single(history).key)
    return _with_change(history, change, replace(change, taken=2))


def wrong_voucher(history: History) -> History:
    """Another voucher was used than the one named."""
    one = _single(history)
    (voucher,) = one.asked
    return _with_attempt(history, one, replace(one, asked={voucher % 3 + 1: 1}))


def torn(history: History) -> History:
    """Of two vouchers used together only one was."""
    one = next(one for one in history.attempts if one.answer is Answer.DONE and len(one.asked) == 2)
    second = [change for change in history.changes if change.key == one.key][1]
    return replace(
        history, changes=tuple(change for change in history.changes if change is not second)
    )


def allowance_exceeded(history: History) -> History:
    """More was used than the voucher had."""
    change = max(history.changes, key=lambda one: one.version)
    opening = dict(history.opening)
    opening[change.voucher] = change.version - 1
    shift = history.opening[change.voucher] - opening[change.voucher]
    moved = tuple(
        replace(one, left=one.left - shift) if one.voucher == change.voucher else one
        for one in history.changes
    )
    return replace(history, opening=opening, changes=moved)


def balance_wrong(history: History) -> History:
    """The balance written is not the one before less what was taken."""
    change = _change_of(history, _single(history).key)
    return _with_change(history, change, replace(change, left=change.left + 1))


def answer_changed(history: History) -> History:
    """A retry was told something else than the first call."""
    one = _single(history)
    retry = replace(one, called_ns=LATE_NS, returned_ns=LATE_NS + 1, text=b"something else")
    return replace(history, attempts=(*history.attempts, retry))


def refusal_became_done(history: History) -> History:
    """A retry of a refused request was told done."""
    one = _single(history)
    first = replace(one, called_ns=0, returned_ns=1, answer=Answer.REFUSED, versions={}, text=b"no")
    return replace(history, attempts=(first, *history.attempts))


def key_reused(history: History) -> History:
    """One key was good for two different requests."""
    one = _single(history)
    (voucher,) = one.asked
    other = replace(one, called_ns=LATE_NS, returned_ns=LATE_NS + 1, asked={voucher % 3 + 1: 1})
    return replace(history, attempts=(*history.attempts, other))


def answer_is_not_the_ledger(history: History) -> History:
    """The client was told of another version than the ledger has."""
    one = _single(history)
    versions = {voucher: version + 1 for voucher, version in one.versions.items()}
    return _with_attempt(history, one, replace(one, versions=versions))


def real_time_broken(history: History) -> History:
    """A later use stands before one that had long been acknowledged."""
    one = _single(history)
    late = replace(one, called_ns=LATE_NS, returned_ns=LATE_NS + 1)
    return _with_attempt(history, one, late)


def stale_read(history: History) -> History:
    """A read late in the run saw the beginning."""
    read = history.reads[-1]
    late = replace(
        read,
        called_ns=LATE_NS,
        returned_ns=LATE_NS + 1,
        versions=dict.fromkeys(read.versions, 0),
        left=dict(history.opening),
    )
    return _with_read(history, read, late)


def future_read(history: History) -> History:
    """A read was over before the change it saw had been asked for."""
    read = next(one for one in reversed(history.reads) if all(one.versions.values()))
    return _with_read(history, read, replace(read, called_ns=-2, returned_ns=-1))


def dirty_read(history: History) -> History:
    """A read saw a version that was rolled back."""
    read = history.reads[-1]
    versions = dict.fromkeys(read.versions, 99)
    return _with_read(history, read, replace(read, versions=versions, left={}))


def impossible_read(history: History) -> History:
    """A read saw a balance that its version never had."""
    read = history.reads[-1]
    left = {voucher: left + 1 for voucher, left in read.left.items()}
    return _with_read(history, read, replace(read, left=left))


def refused_without_cause(history: History) -> History:
    """A client was told that nothing was left while something was."""
    no = Attempt("no-cause", 0, -2, -1, Answer.EXHAUSTED, {1: 1}, {}, b"no")
    return replace(history, attempts=(*history.attempts, no))


def non_monotonic_reads(history: History) -> History:
    """One process saw a version, then an older one."""
    read = history.reads[-1]
    older = history.reads[0]
    again = replace(
        older, name="again", called_ns=read.returned_ns + 1, returned_ns=read.returned_ns + 2
    )
    return replace(history, reads=(*history.reads, again))


FAULTS: dict[Callable[[History], History], str] = {
    lost_update: "lost_update",
    lost_acknowledged_use: "acknowledged_but_lost",
    missing_version: "version_missing",
    done_twice: "done_twice",
    refused_but_done: "refused_but_done",
    nobody_asked: "nobody_asked",
    wrong_amount: "wrong_amount",
    wrong_voucher: "wrong_voucher",
    torn: "torn",
    allowance_exceeded: "allowance_exceeded",
    balance_wrong: "balance_wrong",
    answer_changed: "answer_changed",
    refusal_became_done: "answer_changed",
    key_reused: "key_reused",
    answer_is_not_the_ledger: "answer_is_not_the_ledger",
    real_time_broken: "real_time_broken",
    stale_read: "stale_read",
    future_read: "future_read",
    dirty_read: "dirty_read",
    impossible_read: "impossible_read",
    refused_without_cause: "refused_without_cause",
    non_monotonic_reads: "stale_read",
}


@pytest.mark.parametrize(
    ("plant", "kind"), FAULTS.items(), ids=lambda one: getattr(one, "__name__", "")
)
@pytest.mark.parametrize("seed", range(8))
def test_a_planted_fault_is_found(
    seed: int, plant: Callable[[History], History], kind: str
) -> None:
    sound = ImaginedRun(seed).history
    assert check(sound) == []
    assert kind in {violation.kind for violation in check(plant(sound))}


# Cycles: every transaction overlaps every other, and no single voucher shows anything wrong


def _use(key: str, **versions: int) -> tuple[Attempt, list[Change]]:
    told = {_VOUCHERS[name]: version for name, version in versions.items()}
    asked = dict.fromkeys(told, 1)
    attempt = Attempt(key, 0, 0, LATE_NS, Answer.DONE, asked, told, b"")
    return attempt, [Change(voucher, v, 1, 10 - v, key) for voucher, v in told.items()]


def _look(name: str, *, pot: frozenset[str] | None = None, **versions: int) -> Read:
    return Read(name, 0, 0, LATE_NS, {_VOUCHERS[one]: v for one, v in versions.items()}, {}, pot)


def _run(uses: list[tuple[Attempt, list[Change]]], reads: tuple[Read, ...] = ()) -> History:
    changes = tuple(change for _, some in uses for change in some)
    return History({1: 10, 2: 10}, tuple(one for one, _ in uses), changes, reads)


_VOUCHERS = {"a": 1, "b": 2}


def _cycles() -> Iterator[tuple[str, str, History]]:
    yield "write cycle", "G0", _run([_use("x", a=1, b=2), _use("y", a=2, b=1)])
    # x saw nothing of y and the other way round, yet a read stands on both sides of x.
    yield (
        "circular information flow",
        "G1c",
        _run(
            [_use("x", a=1), _use("y", b=1), _use("look", a=2)],
            (_look("look", b=1), _look("y", a=2)),
        ),
    )
    yield (
        "read skew: half of one use of two vouchers",
        "G-single",
        _run([_use("x", a=1, b=1)], (_look("look", a=1, b=0),)),
    )
    yield (
        "write skew",
        "G2",
        _run([_use("x", a=1), _use("y", b=1)], (_look("x", b=0), _look("y", a=0))),
    )
    yield (
        "long fork: two reads saw two uses in different orders",
        "G2",
        _run([_use("x", a=1), _use("y", b=1)], (_look("one", a=1, b=0), _look("two", a=0, b=1))),
    )
    pots = (_look("one", pot=frozenset({"x"})), _look("two", pot=frozenset({"y"})))
    yield "long fork in the pot", "G2", _run([_use("x", a=1), _use("y", b=1)], pots)
    yield (
        "the pot forgot a use that the voucher shows",
        "G-single",
        _run([_use("x", a=1)], (_look("look", a=1, pot=frozenset()),)),
    )


@pytest.mark.parametrize(
    ("kind", "history"), [pytest.param(kind, run, id=name) for name, kind, run in _cycles()]
)
def test_a_cycle_over_several_objects_is_found_and_named(kind: str, history: History) -> None:
    found = check(history)
    assert [violation.kind for violation in found] == [kind], found


def test_an_old_snapshot_of_all_objects_at_once_breaks_only_real_time() -> None:
    x = _use("x", a=1, b=1)
    early = (replace(x[0], called_ns=0, returned_ns=1), x[1])
    pot = Read("late", 0, 5, 6, {}, {}, frozenset())
    assert [one.kind for one in check(_run([early], (pot,)))] == ["G-single-real-time"]


def test_uses_one_after_another_in_the_pot_are_no_cycle() -> None:
    uses = [_use("x", a=1), _use("y", b=1)]
    reads = (
        _look("none", pot=frozenset()),
        _look("one", pot=frozenset({"x"})),
        _look("both", pot=frozenset({"x", "y"})),
    )
    assert check(_run(uses, reads)) == []


def test_at_least_twenty_classes_of_fault_are_planted() -> None:
    assert len(FAULTS) + len(list(_cycles())) >= 20


def test_strong_components_are_found_in_a_deep_chain_without_recursion() -> None:
    chain = {str(one): [str(one + 1)] for one in range(5_000)} | {"5000": ["4000"]}
    assert sorted(map(len, strong_components(chain)))[-1] == 1_001


def test_a_long_run_is_checked_quickly_enough_to_be_used_everywhere() -> None:
    run = ImaginedRun(1, processes=16, vouchers=400, steps=4_000).history
    assert check(replace(run, reads=run.reads[:20])) == []
