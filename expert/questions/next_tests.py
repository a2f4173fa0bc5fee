"""What to look at next: the tests that are expected to change most of what is open, each with what it would change.

Every outcome is worked out by the calculus itself (`weighing`), never guessed: `changes` says what a fresh run with the finding present,
and one with it absent, would say. Only which tests are worked out at all is decided by a quick estimate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from expert import ledger, pipeline
from expert.batteries import battery_named
from expert.conditions import holding
from expert.formats import Condition, FindingType, Flag
from expert.model import (
    AXIS_OF,
    LEVELS,
    MIRROR,
    OPPOSITE_STATE,
    About,
    Hypothesis,
    Item,
    Knowledge,
    KnowledgeBase,
    Stated,
    mirrored,
)
from expert.normalise import key_of, reliability
from expert.questions import asked
from expert.questions.answer import Answer
from expert.questions.asked import Asked
from expert.spread import seen_states
from expert.weighing import NATIVE, Place, Turn, Weighed, weigh

OUTCOMES = (True, False)
# What a look costs, cheap things first: what is seen, asked and felt before what is tested, and what may hurt last.
_COST = {"question": 0, "observation": 0, "palpation": 1, "response": 1, "length-test": 2, "range-test": 2, "strength-test": 3}
_MAY_HURT = 9
_ORDER = ("contradicted", "insufficient", "contested", "possible", "supported")
_TOLD = 2  # how many changes `why` names of each outcome; `changes` has all of them


@dataclass(frozen=True, slots=True)
class Change:
    """What one hypothesis is now, and what it would be: supported, possible, contested, insufficient or contradicted; with its points.

    Of a pattern: its id stands under `muscle`, `pattern` under `state`, and it is found or not found.
    """

    muscle: str
    name: str
    side: str
    state: str
    now: str
    if_present: str
    if_absent: str
    points: float
    points_if_present: float
    points_if_absent: float


@dataclass(frozen=True, slots=True)
class NextTest:
    """One thing to look at. kind: `flag` (a question about a red flag) or `test`. side: left, right, midline, or bilateral: look at both.

    `expected`: how many hypotheses are expected to change their status; `tells_apart`: raises one explanation and lowers another.
    """

    kind: str
    finding: str
    name: str
    side: str
    task: str | None
    task_name: str | None
    method: str
    why: str
    how: str | None
    side_means: str | None
    expected: float
    tells_apart: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class NextTests(Answer):
    """The answer to "what to look at next?": tests, best first, and whether to stop, with the reason."""

    template = "next"
    case_id: str
    target: str | None
    level: str
    should_stop: bool
    because: str
    at_stake: int
    flags_open: int
    cautions: tuple[str, ...]
    tests: tuple[NextTest, ...]


def next_tests(
    stated: Stated, knowledge: Knowledge, target: str | None = None, battery: str | None = None, most: int | None = None
) -> NextTests:
    """What to look at next in a case; `target` ("muscle:side[:state]"): to rule one suspicion in or out; `battery`: only what stands in it.

    Raises UsageError for a target or a battery that nobody knows.
    """
    return ask(weigh(stated, knowledge), target, battery, most)


def ask(was: Weighed, target: str | None = None, battery: str | None = None, most: int | None = None) -> NextTests:
    """The same for a case that has been weighed."""
    kb, choices = was.knowledge.kb, was.knowledge.kb.constants.next
    aim = asked.read(target, kb, kinds=("muscle", "pattern")) if target else None
    aims_at_whole = aim is not None and aim.kind == "pattern"
    leading, wanted = (frozenset[About](), frozenset[About]()) if aims_at_whole else at_stake(was, aim)
    questions = flag_questions(was)
    shown = tuple(questions[: choices.flags])
    first = {t.finding for t in shown}
    within = None if battery is None else {(i.finding, i.task) for i in battery_named(battery, kb).items if i.finding}
    label = None if aim is None else _label(aim, kb)

    def told(stop: bool, because: str, tests: Iterable[NextTest] = ()) -> NextTests:
        return NextTests(
            was.stated.case_id, label, was.screening.level, stop, because, len(wanted), len(questions), _cautions(was.stated),
            (*shown, *tests),
        )  # fmt: skip

    if was.screening.stops_plan:
        flag = was.screening.flags[0]
        return told(True, f"a red flag is raised ({flag.level}: {flag.title}); refer first: {flag.action}")
    if aim is not None and aims_at_whole:
        tests = _for_pattern(was, aim, most or choices.shown)
        return told(not tests, "" if tests else f"nothing that is left to look at would show {label} or take it away", tests)
    if not wanted:
        return told(True, "nothing is at stake: no suspicion is open or near a threshold")
    most = most or choices.shown
    found = _worthwhile(was, leading, within, first, most) or _worthwhile(was, wanted, within, first, most)
    found = found or _anything(was, wanted, within, first)
    if not found:
        return told(True, "nothing that is left to look at would change a status" + (f" of {label}" if aim else ""))
    return told(False, "", found)


def _label(aim: Asked, kb: KnowledgeBase) -> str:
    """What is aimed at, in words."""
    shelf: Mapping[str, Any] = kb.patterns if aim.kind == "pattern" else kb.groups if aim.name in kb.groups else kb.muscles
    side = aim.sides[0] if len(aim.sides) == 1 else ""
    return " ".join(part for part in (shelf[aim.name].name, side, aim.state) if part)


Battery = set[tuple[str, str | None]] | None  # the findings and tasks of a battery; None: whatever there is


def _worthwhile(
    was: Weighed, wanted: frozenset[About], within: Battery, asked_first: Container[str], most: int
) -> list[NextTest]:  # fmt: skip
    found = [best for places in candidates(was, wanted, within).values() if (best := _foremost(places, was)).finding not in asked_first]
    return ranked(was, wanted, sorted(found, key=lambda c: _by_promise(c, was.knowledge.kb)), most)


def _anything(was: Weighed, wanted: frozenset[About], within: Battery, asked_first: Container[str]) -> list[NextTest]:
    """Before it is said that nothing would change a status: every side and task by itself is worked out."""
    found = [c for places in candidates(was, wanted, within).values() for c in places if c.finding not in asked_first]
    worked = [test for c in found if (test := worked_out(was, wanted, c))]
    return sorted(worked, key=lambda t: (rank(t, was.knowledge.kb), t.side))


# --- what is at stake -----------------------------------------------------------------------------------------------------------


def at_stake(was: Weighed, aim: Asked | None = None) -> tuple[frozenset[About], frozenset[About]]:
    """(the foremost, all) of what may still turn: what is possible or contested, and what lies within `near` of a threshold; or the
    states that are aimed at."""
    kb = was.knowledge.kb
    if aim is not None:
        states = (aim.state,) if aim.state else tuple(AXIS_OF)
        aimed = frozenset(About(m, side, AXIS_OF[s], s) for m in aim.ids for side in aim.sides for s in states)
        return aimed, aimed
    near = ledger.thousandths(kb.constants.next.near)
    measure = ledger.scale(kb.constants)
    still_open = [h for h in was.standing.values() if h.points_for and _is_open(h, measure, near)]
    nets = sorted((h.net for h in still_open), reverse=True)[: kb.constants.next.stakes]
    return frozenset(h.about for h in still_open if h.net >= nets[-1]), frozenset(h.about for h in still_open)


def _is_open(h: Hypothesis, measure: ledger.Scale, near: int) -> bool:
    if h.status == "supported":
        return h.net - measure.supported < near
    return h.status != "insufficient" or h.net >= measure.possible - near


# --- what could be looked at ----------------------------------------------------------------------------------------------------


class Reading(NamedTuple):
    """One way in which a finding speaks to a muscle's state: `turn` from the finding's side to the muscle's (same, opposite, both)."""

    finding: str
    turn: str
    contexts: tuple[str, ...]
    state: str
    points: int
    absent: int


class Candidate(NamedTuple):
    """Something that could be looked at: a finding, its sides (two: both at once), a task ("": none), and how much it promises."""

    finding: str
    sides: tuple[str, ...]
    task: str
    promise: int


@dataclass(frozen=True, slots=True)
class _Index:
    """What depends on the knowledge alone: by muscle what speaks to it, and which muscles feed rules about it; by finding which muscles
    it speaks to and how well observers agree on it."""

    readings: Mapping[str, tuple[Reading, ...]]
    feeders: Mapping[str, tuple[str, ...]]
    muscles: Mapping[str, frozenset[str]]
    steady: Mapping[str, int]


_INDEXED: WeakKeyDictionary[Knowledge, _Index] = WeakKeyDictionary()


def _index(knowledge: Knowledge) -> _Index:
    found = _INDEXED.get(knowledge)
    if found is None:
        found = _INDEXED[knowledge] = _indexed(knowledge)
    return found


def _indexed(knowledge: Knowledge) -> _Index:
    kb, rules = knowledge.kb, knowledge.rulebase
    readings: dict[str, dict[Reading, None]] = defaultdict(dict)
    muscles: dict[str, set[str]] = defaultdict(set)
    for variant in rules.programs["direct"].variants:
        for term in () if variant.absent else (*variant.terms, *variant.unless):
            if kb.kinds[term.name] != "finding" or kb.findings[term.name].method == "question":
                continue
            alone = len(variant.terms) == 1 and not variant.unless
            for target in rules.rules[variant.rule].targets:
                turn = _turn(term.side, target.side)
                reading = Reading(term.name, turn, term.contexts, target.state, target.points, target.absent if alone else 0)
                readings[target.muscle][reading] = None
                muscles[term.name].add(target.muscle)
    feeders: dict[str, set[str]] = defaultdict(set)
    for variant in rules.programs["inferred"].variants:
        for target in rules.rules[variant.rule].targets:
            feeders[target.muscle].update(t.name for t in variant.terms if t.kind == "hypothesis" and t.name)
    return _Index(
        {m: tuple(found) for m, found in readings.items()}, {m: tuple(sorted(f)) for m, f in feeders.items()},
        {f: frozenset(found) for f, found in muscles.items()}, {f: reliability(kb.findings[f], "", kb) for f in muscles},
    )  # fmt: skip


def _turn(premise: str, conclusion: str) -> str:
    if premise not in ("same", "opposite") or conclusion == "both":
        return "both"
    return "same" if premise == conclusion else "opposite"


def candidates(was: Weighed, wanted: Iterable[About], within: Battery = None) -> Mapping[str, Sequence[Candidate]]:
    """What the case does not state and what speaks to what is at stake, by finding: each of its sides and tasks.

    Left out: what hurts, what must not be done, and what cannot be where its opposite was seen.
    """
    spared = barred(was.stated, was.knowledge)
    found: dict[str, list[Candidate]] = {}
    for name, by_place in sorted(_promises(was, wanted).items()):
        for (side, task), promise in by_place.items():
            stated = (name, side) in spared or key_of(name, side, task) in was.items
            if not stated and (within is None or (name, task or None) in within):
                found.setdefault(name, []).append(Candidate(name, (side,), task, promise))
    return found


def _foremost(places: Sequence[Candidate], was: Weighed) -> Candidate:
    """The side in question, both where both promise alike, and the task that promises most."""
    order = (*was.knowledge.kb.findings[places[0].finding].tasks, "")
    best = min(places, key=lambda c: (-c.promise, order.index(c.task), c.sides))
    alike = sorted(side for c in places if (c.task, c.promise) == (best.task, best.promise) for side in c.sides)
    return best._replace(sides=tuple(alike))


def _by_promise(candidate: Candidate, kb: KnowledgeBase) -> tuple[int, int, str]:
    return -candidate.promise, _cost(kb.findings[candidate.finding]), candidate.finding


def _promises(was: Weighed, wanted: Iterable[About]) -> Mapping[str, Mapping[tuple[str, str], int]]:
    """By finding and by (side, task): how far the points it could bring go towards the next threshold of each state at stake."""
    kb, index, measure = was.knowledge.kb, _index(was.knowledge), ledger.scale(was.knowledge.kb.constants)
    gaps: dict[Place, dict[str, int]] = {place: {} for place in sorted(_places(wanted, was.knowledge))}
    for about in wanted:
        gaps[about.muscle, about.side][about.state] = _gap(was.standing.get(about), measure)
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for (muscle, side), open_states in gaps.items():
        for reading in index.readings.get(muscle, ()):
            kind = kb.findings[reading.finding]
            promise = _promise(reading, open_states, index.steady[kind.id])
            for one in _finding_sides(kind, reading.turn, side):
                for task in reading.contexts or kind.tasks or ("",):
                    found[kind.id][one, task] += promise
    return found


def _promise(reading: Reading, gaps: Mapping[str, int], factor: int) -> int:
    """What a finding promises for the open states of one muscle, present and absent."""
    promise = 0
    if gap := gaps.get(reading.state):
        promise += _part(reading.points * factor, gap) + _part(reading.absent * factor, gap)
    if gap := gaps.get(OPPOSITE_STATE[reading.state]):
        promise += _part(reading.points * factor, gap)
    return promise


def _places(wanted: Iterable[About], knowledge: Knowledge) -> set[Place]:
    """The muscles, with their sides, of what is wanted, and those that rules about it rest on."""
    index, own = _index(knowledge), {about[:2] for about in wanted}
    return own | {(feeder, side) for muscle, _ in own for feeder in index.feeders.get(muscle, ()) for side in MIRROR}


def _gap(h: Hypothesis | None, measure: ledger.Scale) -> int:
    """How far it is to the nearest threshold, in thousandths of a point."""
    net = h.net if h else 0
    return max(1, min(abs(net - measure.supported), abs(net - measure.possible)))


def _part(millionths: int, gap: int) -> int:
    """How much of the way these points go, in thousandths, at most all of it."""
    return min(1000, millionths // gap)


def _finding_sides(kind: FindingType, turn: str, side: str) -> tuple[str, ...]:
    """On which side a finding must lie to speak to a muscle of this side."""
    if "left" not in kind.sides:
        return ("midline",)
    return ("left", "right") if turn == "both" else (side if turn == "same" else mirrored(side),)


def barred(stated: Stated, knowledge: Knowledge) -> set[tuple[str, str]]:
    """(finding, side) of what is not to be tested: what hurt, and tests of muscles that must not be stretched or loaded."""
    kb, index = knowledge.kb, _index(knowledge)
    found = {(i.finding, i.side) for i in stated.items if i.painful or (i.present and kb.findings[i.finding].pain)}
    found |= _opposed(stated, kb)
    named = (entry for entry in kb.contraindications.values() if entry.when is not None and entry.muscles)
    for entry, _ in holding(named, stated, kb):
        muscles = {m for name in entry.muscles for m in kb.members(name)}
        methods = {"length-test"} if "mobility" in entry.phases else set()
        methods |= {"strength-test"} if {"activation", "integration"} & set(entry.phases) else set()
        tests = (f for f in kb.findings.values() if f.method in methods and not muscles.isdisjoint(index.muscles.get(f.id, ())))
        found |= {(f.id, side) for f in tests for side in (*MIRROR, "midline")}
    return found


def _opposed(stated: Stated, kb: KnowledgeBase) -> set[tuple[str, str]]:
    """(finding, side) of what cannot be where its opposite was seen: a knee that caves in does not bow out."""
    found = set()
    for state, _ in seen_states(stated.items, kb):
        other = kb.nodes[state.id].opposes
        for seen in kb.nodes[other].seen_as if other and other != state.id else ():
            side = mirrored(state.side) if seen.side == "opposite" else state.side
            found.add((seen.finding, side if "left" in kb.findings[seen.finding].sides else "midline"))
    return found


def _cost(kind: FindingType) -> int:
    return _COST[kind.method] + (_MAY_HURT if kind.pain else 0)


def _cautions(stated: Stated) -> tuple[str, ...]:
    """What a surgeon restricted: no test may go against it, and only the examiner can tell which would."""
    told = [(s.name, "; ".join(s.restrictions)) for s in stated.patient.surgery]
    return tuple(f"{name}: {limits}" if limits else name for name, limits in told)


# --- what each would change -----------------------------------------------------------------------------------------------------


def ranked(was: Weighed, wanted: frozenset[About], found: Sequence[Candidate], most: int) -> list[NextTest]:
    """The tests that would change a status at stake, best first. The most promising are worked out; where none of them would change
    anything, all the others are."""
    tried = was.knowledge.kb.constants.next.tried
    worked = [t for c in found[:tried] if (t := worked_out(was, wanted, c))]
    rest = iter(found[tried:])
    while not worked and (candidate := next(rest, None)):
        worked += [t for t in (worked_out(was, wanted, candidate),) if t]
    return sorted(worked, key=lambda t: rank(t, was.knowledge.kb))[:most]


def rank(test: NextTest, kb: KnowledgeBase) -> tuple[object, ...]:
    """What tells explanations apart first, then what changes most, cheap before dear; then by how far points move, and by name."""
    moved = sum(abs(c.points_if_present - c.points) + abs(c.points_if_absent - c.points) for c in test.changes)
    return not test.tells_apart, -test.expected, _cost(kb.findings[test.finding]), -round(moved, 3), test.finding, test.task or ""


def worked_out(was: Weighed, wanted: frozenset[About], candidate: Candidate) -> NextTest | None:
    """What a candidate would change, present and absent; None where no status at stake would change."""
    kb = was.knowledge.kb
    places = _places(wanted, was.knowledge)
    turns = {present: was.with_items(_items(candidate, present, kb), places) for present in OUTCOMES}
    moved = {present: [t for t in turns[present] if t.about in wanted] for present in OUTCOMES}
    switched = {present: {t.about for t in moved[present] if status(t.before) != status(t.after)} for present in OUTCOMES}
    if not switched[True] and not switched[False]:
        return None
    after = {present: {t.about: t.after for t in moved[present]} for present in OUTCOMES}
    shown = sorted(switched[True] | switched[False], key=lambda a: (-_net(was.standing.get(a)), a.muscle, a.axis, a.state, a.side))
    changes = tuple(_change(a, was, after) for a in shown)
    weight = kb.constants.next.present
    expected = weight * len(switched[True]) + (1 - weight) * len(switched[False])
    apart = _apart(moved)
    lead = f"tells {' from '.join(_bare(a, was) for a in apart)}: " if apart else ""
    return _test(candidate, changes, lead, expected, was)


def _bare(about: About, was: Weighed) -> str:
    return f"{was.names[about.muscle]} {about.state}"


def _test(candidate: Candidate, changes: Sequence[Change], lead: str, expected: float, was: Weighed) -> NextTest:
    kb = was.knowledge.kb
    kind = kb.findings[candidate.finding]
    return NextTest(
        "test", kind.id, kind.name, "bilateral" if len(candidate.sides) > 1 else candidate.sides[0], candidate.task or None,
        kb.tasks[candidate.task].name if candidate.task else None, kind.method, lead + _why(changes), kind.how, kind.side_means,
        round(expected, 3), bool(lead), tuple(changes),
    )  # fmt: skip


def _items(candidate: Candidate, present: bool, kb: KnowledgeBase) -> list[Item]:
    return [plain_item(candidate.finding, side, candidate.task, present, kb) for side in candidate.sides]


def plain_item(finding: str, side: str, task: str, present: bool, kb: KnowledgeBase) -> Item:
    """A finding as a case states it that says no more than its name, side, task, and whether it is there."""
    kind = kb.findings[finding]
    severity = ledger.thousandths(kb.constants.severity.moderate)
    return Item(
        key_of(finding, side, task), finding, kb.kinds[finding], side, task, present, severity, reliability(kind, task, kb), False, False,
        finding,
    )  # fmt: skip


def status(h: Hypothesis | None) -> str:
    """A hypothesis's status in a word; `contradicted` where more speaks against it."""
    return "insufficient" if h is None else "contradicted" if ledger.is_contradicted(h) else h.status


def _net(h: Hypothesis | None) -> int:
    return h.net if h else 0


def _change(about: About, was: Weighed, after: Mapping[bool, Mapping[About, Hypothesis | None]]) -> Change:
    before = was.standing.get(about)
    present, absent = (after[outcome].get(about, before) for outcome in OUTCOMES)
    return Change(
        about.muscle, was.names[about.muscle], about.side, about.state, status(before), status(present), status(absent),
        _net(before) / 1000, _net(present) / 1000, _net(absent) / 1000,
    )  # fmt: skip


def _apart(moved: Mapping[bool, Sequence[Turn]]) -> tuple[About, About] | None:
    """Of one outcome: a state that it raises to a better status and one of another muscle that it lowers to a worse one."""
    for present in OUTCOMES:
        by_move = sorted(moved[present], key=lambda t: (_net(t.before) - _net(t.after), t.about.muscle, t.about.state, t.about.side))
        ups = [t.about for t in by_move if _step(t) > 0]
        downs = [t.about for t in reversed(by_move) if _step(t) < 0]
        if pair := next(((u, d) for u in ups for d in downs if u.muscle != d.muscle), None):
            return pair
    return None


def _step(turn: Turn) -> int:
    return _ORDER.index(status(turn.after)) - _ORDER.index(status(turn.before))


def _for_pattern(was: Weighed, aim: Asked, most: int) -> list[NextTest]:
    """What would show a pattern or take it away: each finding that its core asks for, by a fresh run with it present and one without."""
    kb, spared = was.knowledge.kb, barred(was.stated, was.knowledge)
    pattern = kb.patterns[aim.name]
    before = _patterns(was.stated, was.knowledge)
    tests = []
    for name in dict.fromkeys(a for c in pattern.core for a in c.asks if kb.kinds.get(a) == "finding"):
        kind = kb.findings[name]
        for side in aim.sides if "left" in kind.sides else ("midline",):
            task = next((t for c in pattern.core for t in _tasks(c, name)), next(iter(kind.tasks), ""))
            candidate = Candidate(name, (side,), task, 0)
            if (name, side) in spared or key_of(name, side, task) in was.items:
                continue
            after = {present: _patterns(_with(was.stated, _items(candidate, present, kb)), was.knowledge) for present in OUTCOMES}
            places = [(aim.name, place) for place in (*aim.sides, "midline")]
            found = [c for c in (_pattern_change(pattern.name, p, before, after) for p in places) if {c.if_present, c.if_absent} != {c.now}]
            if found:
                tests.append(_test(candidate, found, "", 0.5 * len(found), was))
    return sorted(tests, key=lambda t: rank(t, kb))[:most]


def _pattern_change(
    name: str, place: tuple[str, str], before: Mapping[tuple[str, str], int], after: Mapping[bool, Mapping[tuple[str, str], int]]
) -> Change:
    now, present, absent = before, after[True], after[False]
    seen = ["found" if place in some else "not found" for some in (now, present, absent)]
    points = [some.get(place, 0) / 1000 for some in (now, present, absent)]
    return Change(place[0], name, place[1], "pattern", seen[0], seen[1], seen[2], points[0], points[1], points[2])


def _tasks(condition: Condition, finding: str) -> Iterator[str]:
    """The tasks in which a condition asks for a finding."""
    if condition.finding == finding:
        yield from condition.task
    for part in condition.parts:
        yield from _tasks(part, finding)


def _patterns(stated: Stated, knowledge: Knowledge) -> Mapping[tuple[str, str], int]:
    """The patterns that a case shows, with their points in thousandths."""
    return {(p.id, p.side): p.points for p in pipeline.run(stated, knowledge, NATIVE).patterns}


def _with(stated: Stated, more: Iterable[Item]) -> Stated:
    return replace(stated, items=tuple(sorted((*stated.items, *more), key=lambda i: i.key)))


def _why(changes: Sequence[Change]) -> str:
    """What each outcome would tell, the foremost of it in words."""
    present = _told([c for c in changes if c.if_present != c.now], "if_present")
    absent = _told([c for c in changes if c.if_absent != c.now], "if_absent")
    return "; ".join(part for part in (present and f"if present, {present}", absent and f"if absent, {absent}") if part)


def _told(changes: Sequence[Change], outcome: str) -> str:
    """The first two of what changes, and how many more; what changes on both sides alike is one."""
    found: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for c in changes:
        found[c.name, "" if c.state == "pattern" else c.state, c.now, getattr(c, outcome)].append(c.side)
    lines = [
        " ".join(part for part in (name, "on both sides" if len(sides) > 1 else sides[0].replace("midline", ""), state) if part)
        + f" goes from {now} to {then}"
        for (name, state, now, then), sides in found.items()
    ]
    more = len(lines) - _TOLD
    return " and ".join(lines[:_TOLD]) + (f" (and {more} more)" if more > 0 else "")


# --- red flags first ------------------------------------------------------------------------------------------------------------


def flag_questions(was: Weighed) -> list[NextTest]:
    """What has yet to be asked about red flags, most urgent first: of flags that are half met, then of those that would explain what
    is there. One question a flag, and none twice."""
    kb, screening = was.knowledge.kb, was.screening
    told = {i.finding for i in was.stated.items}
    present = {i.finding for i in was.stated.items if i.present}
    half = {h.id: h for h in screening.half_met}
    open_flags = [kb.flags[name] for name in screening.not_asked if name not in half and present & set(kb.flags[name].explains)]
    open_flags.sort(key=lambda f: (LEVELS.index(f.level), -len(present & set(f.explains)), f.id))
    waiting = [kb.flags[h.id] for h in screening.half_met] + open_flags
    found: dict[str, NextTest] = {}
    for flag in waiting:
        name = next((a for a in flag.when.asks if a in kb.findings and a not in told), None)
        if name is not None and name not in found and LEVELS.index(flag.level) <= LEVELS.index("soon"):
            found[name] = _flag_question(kb.findings[name], flag, was, half[flag.id].findings if flag.id in half else ())
    return list(found.values())


def _flag_question(kind: FindingType, flag: Flag, was: Weighed, there: Sequence[str]) -> NextTest:
    sides = {was.items[key].side for key in there} & set(MIRROR)
    side = "midline" if kind.needs_no_side else sides.pop() if len(sides) == 1 else "bilateral"
    names = dict.fromkeys(was.knowledge.kb.findings[was.items[key].finding].name for key in there)
    because = f"is half met ({', '.join(names)})" if there else "could explain what is seen, and was not asked about"
    why = f"{flag.title}: a red flag ({flag.level}) that {because}"
    return NextTest("flag", kind.id, kind.name, side, None, None, kind.method, why, kind.how, kind.side_means, 0.0, False, ())
