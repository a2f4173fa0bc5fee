"""What to look at next: the tests that are expected to change most of what is open, each with what it would change.

Every outcome is worked out by the calculus itself (`weighing`), never guessed: `changes` says what a fresh run with the finding present,
and one with it absent, would say. Only which tests are worked out at all is decided by a quick estimate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from expert import ledger, pipeline, referral
from expert.batteries import battery_named
from expert.conditions import holding
from expert.formats import Condition, FindingType, Flag
from expert.model import (
    AXIS_OF,
    LEVELS,
    MIRROR,
    OPPOSITE_STATE,
    About,
    HalfMet,
    Hypothesis,
    Item,
    Knowledge,
    KnowledgeBase,
    Referral,
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
# What a method counts for in the rank: what tests one thing before a look at a movement, and that before a posture.
_TELLS = {"question": 1, "observation": 1, "palpation": 0.75, "response": 1.5, "length-test": 1.5, "range-test": 1.5, "strength-test": 1.5}
_AT_REST = 0.3  # of what is seen where nothing moves
_WHERE_IT_HURTS = 0.5  # of a task that loads a person who told of pain
_RESTING = ("standing", "sitting", "lying")
_SEEN_ELSEWHERE = 0.5  # of the same look in another task
_ONE_SIDED = 0.6  # of a test whose absence, or whose presence, would tell nothing
_APART = 1.25  # of a test that tells two explanations apart
_FITTING = {"strength": ("strength-test",), "length": ("length-test", "range-test")}  # what shows one axis by itself
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

    `expected`: how many hypotheses are expected to change their status, those that change all alike counted as one; `tells_apart`: raises
    one explanation and lowers another.
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
    stated: Stated, knowledge: Knowledge, target: str | None = None, battery: str | None = None, most: int | None = None,
    screening: Referral | None = None,
) -> NextTests:  # fmt: skip
    """What to look at next in a case; `target` ("muscle:side[:state]"): to rule one suspicion in or out; `battery`: only what stands in it;
    `screening`: of this very case, where it has been made already.

    Raises UsageError for a target or a battery that nobody knows.
    """
    return ask(weigh(stated, knowledge, screening), target, battery, most)


def ask(was: Weighed, target: str | None = None, battery: str | None = None, most: int | None = None) -> NextTests:
    """The same for a case that has been weighed."""
    kb, choices = was.knowledge.kb, was.knowledge.kb.constants.next
    aim = None if target is None else asked.read(target, kb, kinds=("muscle", "pattern"))
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
    foremost = (_foremost(places, was) for places in candidates(was, wanted, within).values())
    found = [c for c in foremost if c.finding not in asked_first and _is_askable(c, was.knowledge.kb)]
    axis = _axis(wanted)
    return ranked(was, wanted, sorted(found, key=lambda c: _by_promise(c, was, axis)), most)


def _anything(was: Weighed, wanted: frozenset[About], within: Battery, asked_first: Container[str]) -> list[NextTest]:
    """Before it is said that nothing would change a status: every side and task by itself is worked out."""
    found = [c for places in candidates(was, wanted, within).values() for c in places if c.finding not in asked_first]
    worked = [test for c in found if (test := worked_out(was, wanted, c))]
    axis = _axis(wanted)
    return sorted(worked, key=lambda t: (rank(t, was, axis), t.side))


def _axis(wanted: Iterable[About]) -> str:
    """The one axis of what is wanted, or none."""
    axes = {about.axis for about in wanted}
    return axes.pop() if len(axes) == 1 else ""


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
    via: str  # the group as whose member the muscle is meant; else the muscle


class Candidate(NamedTuple):
    """Something that could be looked at: a finding, its sides (two: both at once), a task ("": none), and how much it promises."""

    finding: str
    sides: tuple[str, ...]
    task: str
    promise: int


@dataclass(frozen=True, slots=True)
class _Index:
    """What depends on the knowledge alone: by muscle and side what speaks to it, and where that must be seen; which muscles feed rules
    about a muscle; by finding which muscles it speaks to and how well observers agree on it."""

    readings: Mapping[Place, tuple[tuple[Reading, tuple[tuple[str, str, str], ...]], ...]]
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
                absent, via = target.absent if alone else 0, target.via or target.muscle
                reading = Reading(term.name, turn, term.contexts, target.state, target.points, absent, via)
                readings[target.muscle][reading] = None
                muscles[term.name].add(target.muscle)
    feeders: dict[str, set[str]] = defaultdict(set)
    for variant in rules.programs["inferred"].variants:
        for target in rules.rules[variant.rule].targets:
            feeders[target.muscle].update(t.name for t in variant.terms if t.kind == "hypothesis" and t.name)
    places = {(m, side): tuple((r, _looks(r, side, kb)) for r in found) for m, found in readings.items() for side in MIRROR}
    return _Index(
        places, {m: tuple(sorted(f)) for m, f in feeders.items()},
        {f: frozenset(found) for f, found in muscles.items()}, {f: reliability(kb.findings[f], "", kb) for f in muscles},
    )  # fmt: skip


def _looks(reading: Reading, side: str, kb: KnowledgeBase) -> tuple[tuple[str, str, str], ...]:
    """The findings, with their sides and tasks, by which a reading speaks to a muscle of this side."""
    kind = kb.findings[reading.finding]
    sides, tasks = _finding_sides(kind, reading.turn, side), reading.contexts or _tasks_of(kind)
    return tuple((kind.id, one, task) for one in sides for task in tasks)


def _turn(premise: str, conclusion: str) -> str:
    if premise not in ("same", "opposite") or conclusion == "both":
        return "both"
    return "same" if premise == conclusion else "opposite"


def candidates(was: Weighed, wanted: Iterable[About], within: Battery = None) -> Mapping[str, Sequence[Candidate]]:
    """What the case does not state and what speaks to what is at stake, by finding: each of its sides and tasks.

    Left out: what hurts, what must not be done, what cannot be where its opposite was seen, and what loads a limb that may be broken.
    """
    spared, unloaded = barred(was.stated, was.knowledge), _unloaded(was)
    found: dict[str, list[Candidate]] = {}
    for name, by_place in sorted(_promises(was, wanted).items()):
        for (side, task), promise in by_place.items():
            stated = (name, side) in spared or key_of(name, side, task) in was.items
            if not stated and not unloaded(name, task) and (within is None or (name, task or None) in within):
                found.setdefault(name, []).append(Candidate(name, (side,), task, promise))
    return found


def _foremost(places: Sequence[Candidate], was: Weighed) -> Candidate:
    """The side in question, both where both promise alike, and the task that promises most."""
    order = (*was.knowledge.kb.findings[places[0].finding].tasks, "")
    best = min(places, key=lambda c: (-c.promise, order.index(c.task), c.sides))
    alike = sorted(side for c in places if (c.task, c.promise) == (best.task, best.promise) for side in c.sides)
    return best._replace(sides=tuple(alike))


def _is_askable(candidate: Candidate, kb: KnowledgeBase) -> bool:
    """Whether it can be there on every side that is in question: what lies on one side alone says nothing where both promise alike."""
    return len(candidate.sides) == 1 or "bilateral" in kb.findings[candidate.finding].sides


def _by_promise(candidate: Candidate, was: Weighed, axis: str) -> tuple[bool, bool, float, str]:
    kind = was.knowledge.kb.findings[candidate.finding]
    return kind.pain, not _shows(kind, axis), -candidate.promise * _telling(kind, candidate.task, was), candidate.finding


def _promises(was: Weighed, wanted: Iterable[About]) -> Mapping[str, Mapping[tuple[str, str], int]]:
    """By finding and by (side, task): how far the points it could bring go towards the next threshold of each state at stake."""
    index, measure = _index(was.knowledge), ledger.scale(was.knowledge.kb.constants)
    gaps: dict[Place, dict[str, int]] = {place: {} for place in sorted(_places(wanted, was.knowledge))}
    for about in wanted:
        gaps[about.muscle, about.side][about.state] = _gap(was.standing.get(about), measure)
    best: dict[tuple[str, str, str], dict[tuple[str, str], int]] = defaultdict(dict)
    for place, open_states in gaps.items():
        for reading, looks in index.readings.get(place, ()):
            promise = _promise(reading, open_states, index.steady[reading.finding]) if open_states else 0
            group = reading.via, reading.state
            for look in looks:
                best[look][group] = max(promise, best[look].get(group, 0))
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for (name, one, task), of_group in best.items():
        found[name][one, task] = sum(of_group.values())
    return found


def _tasks_of(kind: FindingType) -> Sequence[str]:
    """In which tasks to look for a finding where no rule says: a posture of standing is not judged in lying."""
    upright = [task for task in kind.tasks if task != "lying"]
    return upright if upright and kind.method == "observation" else kind.tasks or ("",)


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


def _unloaded(was: Weighed) -> Callable[[str, str], bool]:
    """Whether a look would load what a half-met flag, urgent or worse, spares: a loading task, a strength test of its
    regions, or a change of a movement that would have to be done again."""
    kb, there = was.knowledge.kb, _there(was)
    half = [(kb.flags[h.id], h) for h in was.screening.half_met if LEVELS.index(h.level) <= LEVELS.index("urgent")]
    grave = [flag for flag, h in half if _fits(flag, there) and any(was.items[key].kind == "symptom" for key in h.findings)]
    limbs = {limb for flag in grave for limb in flag.asking.spares}
    regions = {region for flag in grave if flag.asking.spares for region in flag.asking.regions}

    def loads(name: str, task: str) -> bool:
        if not limbs:
            return False
        kind = kb.findings[name]
        effort = kind.method == "strength-test" and kind.region in regions
        moves = kind.method == "response" or (task != "" and kb.tasks[task].loads in limbs)
        return effort or moves

    return loads


def _opposed(stated: Stated, kb: KnowledgeBase) -> set[tuple[str, str]]:
    """(finding, side) of what cannot be where its opposite was seen: a knee that caves in does not bow out."""
    found = set()
    for state, _ in seen_states(stated.items, kb):
        other = kb.nodes[state.id].opposes
        for seen in kb.nodes[other].seen_as if other and other != state.id else ():
            side = mirrored(state.side) if seen.side == "opposite" else state.side
            found.add((seen.finding, side if "left" in kb.findings[seen.finding].sides else "midline"))
    return found


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
    axis = _axis(wanted)
    return sorted(worked, key=lambda t: rank(t, was, axis))[:most]


def rank(test: NextTest, was: Weighed, axis: str = "") -> tuple[object, ...]:
    """What shows the axis that is aimed at by itself first; then what is worth most; what provokes pain last of all.

    The worth: how many statuses are expected to change, weighed by how well observers agree on the finding, by its method, by whether both
    outcomes tell something, and by whether it tells explanations apart.
    """
    kb = was.knowledge.kb
    kind = kb.findings[test.finding]
    both = all(any(getattr(c, outcome) != c.now for c in test.changes) for outcome in ("if_present", "if_absent"))
    worth = test.expected * reliability(kind, test.task or "", kb) * _telling(kind, test.task or "", was)
    worth *= (1 if both else _ONE_SIDED) * (_APART if test.tells_apart else 1)
    moved = sum(abs(c.points_if_present - c.points) + abs(c.points_if_absent - c.points) for c in test.changes)
    return kind.pain, not _shows(kind, axis), -round(worth, 3), -round(moved, 3), test.finding, test.task or ""


def _telling(kind: FindingType, task: str, was: Weighed) -> float:
    """What a look counts for by its method, and by what was seen before."""
    kb, telling = was.knowledge.kb, _TELLS[kind.method]
    if kind.method in ("observation", "palpation") and (not task or task in _RESTING):
        telling *= _AT_REST
    if any(i.finding == kind.id for i in was.stated.items):
        telling *= _SEEN_ELSEWHERE
    if task and kb.tasks[task].loads and any(i.painful or (i.present and kb.findings[i.finding].pain) for i in was.stated.items):
        telling *= _WHERE_IT_HURTS
    return telling


def _shows(kind: FindingType, axis: str) -> bool:
    """Whether a finding is got by a method that shows this axis by itself: strength by its test, length by its own."""
    return kind.method in _FITTING.get(axis, ())


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
    changes = tuple(sorted((_change(a, was, after) for a in switched[True] | switched[False]), key=_most_likely))
    weight = kb.constants.next.present
    expected = weight * _once(changes, "if_present") + (1 - weight) * _once(changes, "if_absent")
    apart = _apart(moved)
    lead = f"tells {' from '.join(_bare(a, was) for a in apart)}: " if apart else ""
    return _test(candidate, changes, lead, expected, was)


def _most_likely(change: Change) -> tuple[float, str, str, float, float, str, str, str]:
    """What stands best first, then by what becomes of it: left and right decide only between what nothing else tells apart."""
    return (
        -change.points, change.muscle, change.state, -change.points_if_present, change.points_if_absent, change.if_present,
        change.if_absent, change.side,
    )  # fmt: skip


def _once(changes: Sequence[Change], outcome: str) -> int:
    """How many statuses an outcome changes; synergists of which the same evidence tells alike, and both sides of one, count once."""
    return len({
        (c.state, c.now, c.if_present, c.if_absent, c.points, c.points_if_present, c.points_if_absent)
        for c in changes if getattr(c, outcome) != c.now
    })  # fmt: skip


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
    return sorted(tests, key=lambda t: rank(t, was))[:most]


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
    """What has yet to be asked about red flags, one question a flag and none twice, best first.

    First what is written as unknown of a grave flag that is raised; then flags that are half met, or that something here prompts; then
    those that would explain what is there or are common where it is. What another age or sex has comes last.
    """
    kb, there = was.knowledge.kb, _there(was)
    told = {i.finding for i in was.stated.items}
    found: dict[str, NextTest] = {name: _flag_question(kb.findings[name], kb.flags[flag], was, "raised") for name, flag in _unknown(was)}
    waiting = (kb.flags[name] for name in was.screening.not_asked)
    grave = [(flag, turn) for flag in waiting if LEVELS.index(flag.level) <= _SOON and (turn := _turn_of(flag, was, there)) <= _LAST]
    for flag, _ in sorted(grave, key=lambda entry: _urgency(entry[0], entry[1], was, there)):
        name = _first_asked(flag, was, told)
        if name is not None and name not in found:
            found[name] = _flag_question(kb.findings[name], flag, was, "half met" if flag.id in there.half else "open")
    return list(found.values())


class _There(NamedTuple):
    """What is there in a case, as flags ask about it: findings, the findings and tasks that bring a question forward (an operation that is
    told counts as a recent one), the region of each finding, and which flags are half met."""

    findings: Set[str]
    prompts: Set[str]
    regions: Sequence[str | None]
    half: Mapping[str, HalfMet]


def _there(was: Weighed) -> _There:
    kb, present = was.knowledge.kb, [i for i in was.stated.items if i.present]
    prompts = {name for i in present for name in (i.finding, i.task)} | ({"recent-surgery"} if was.stated.patient.surgery else set())
    regions = [kb.findings[i.finding].region for i in present]
    return _There({i.finding for i in present}, prompts, regions, {h.id: h for h in was.screening.half_met})


RARITY = ("common", "uncommon", "rare")
_SOON = LEVELS.index("soon")
_LAST = 4  # the turn of flags that are half met, but of another age or sex


def _urgency(flag: Flag, turn: int, was: Weighed, there: _There) -> tuple[object, ...]:
    """Where a flag's question stands: what fits the case first, with most that speaks for it, common before rare, grave before slight."""
    shared = sum(region in flag.asking.regions for region in there.regions)
    spoken = there.prompts & set(flag.asking.prompts)
    if flag.id in there.half:
        spoken |= {was.items[key].finding for key in there.half[flag.id].findings}
    rarity, level = RARITY.index(flag.asking.rarity), LEVELS.index(flag.level)
    return turn, 0 if turn else -len(spoken), rarity, -shared if turn else 0, level, -shared, flag.id


def _turn_of(flag: Flag, was: Weighed, there: _There) -> int:
    """0 half met where it hurts, or prompted; 1 open, and of a region of the case; 2 half met elsewhere; 3 open, of the whole body;
    4 of another age or sex; 5 nothing speaks for asking."""
    near = _fits(flag, there)
    prompted = not there.prompts.isdisjoint(flag.asking.prompts)
    explains = not there.findings.isdisjoint(flag.explains)
    of_another = not _is_of_this_person(flag, was)
    if flag.id in there.half:
        return _LAST if of_another else 0 if near or not flag.asking.regions or prompted else 2
    if of_another:
        return _LAST + 1
    if prompted and (near or not flag.asking.regions or explains):
        return 0
    if near and (explains or flag.asking.rarity == "common"):
        return 1
    return 3 if explains else _LAST + 1


def _fits(flag: Flag, there: _There) -> bool:
    """Whether something that is there lies in a region of which the flag speaks."""
    return any(region in flag.asking.regions for region in there.regions)


def _is_of_this_person(flag: Flag, was: Weighed) -> bool:
    """Whether the age and sex that are told are those in which the flag is asked for; what is not told may be any."""
    patient, asking = was.stated.patient, flag.asking
    old_enough = asking.age is None or patient.age is None or asking.age.holds(patient.age)
    return old_enough and (asking.sex is None or patient.sex in (None, asking.sex))


def _first_asked(flag: Flag, was: Weighed, told: Container[str]) -> str | None:
    """What to ask of a flag: what raises it at once where something does, else what its authors ask first."""
    kb = was.knowledge.kb
    waiting = [a for a in dict.fromkeys((*filter(None, (flag.asking.first,)), *flag.when.core)) if a in kb.findings and a not in told]
    if was.screening.stops_plan:  # no hand is laid on a person who is to be referred at once
        waiting = [a for a in waiting if _is_asked(a, kb)]
    if not waiting or flag.asking.first in waiting or len(waiting) == 1:
        return next(iter(waiting), None)
    return next((a for a in waiting if _raises(a, flag, was)), waiting[0])


def _is_asked(name: str, kb: KnowledgeBase) -> bool:
    """Whether a thing is only asked about, and neither felt nor tested."""
    return (kb.findings[name].how or "").startswith("Ask")


def _raises(name: str, flag: Flag, was: Weighed) -> bool:
    """Whether a flag would be raised if this were there, on every side that it may have."""
    kb = was.knowledge.kb
    sides = MIRROR if "left" in kb.findings[name].sides else ("midline",)
    more = [plain_item(name, side, "", True, kb) for side in sides]
    return referral.is_raised(flag, _with(was.stated, more), kb.findings, kb.constants.severity)


def _unknown(was: Weighed) -> Iterator[tuple[str, str]]:
    """(finding, flag) of what is written as unknown of a grave flag that is raised."""
    kb, unknown = was.knowledge.kb, {key.split(":")[0] for key in was.stated.unknown}
    for flag in was.screening.flags:
        if LEVELS.index(flag.level) <= LEVELS.index("urgent"):
            yield from ((a, flag.id) for a in kb.flags[flag.id].when.core if a in unknown)


_BECAUSE = {
    "raised": "is raised; this was written as not known: ask at once, and delay nothing for it",
    "half met": "is half met",
    "open": "could explain what is seen, and was not asked about",
}


def _flag_question(kind: FindingType, flag: Flag, was: Weighed, how: str) -> NextTest:
    half = next((h for h in was.screening.half_met if h.id == flag.id), None)
    there = half.findings if half else ()
    sides = {was.items[key].side for key in there} & set(MIRROR)
    side = "midline" if kind.needs_no_side else sides.pop() if len(sides) == 1 else "bilateral"
    names = dict.fromkeys(was.knowledge.kb.findings[was.items[key].finding].name for key in there)
    because = _BECAUSE[how] + (f" ({', '.join(names)})" if names else "")
    why = f"{flag.title}: a red flag ({flag.level}) that {because}"
    return NextTest("flag", kind.id, kind.name, side, None, None, kind.method, why, kind.how, kind.side_means, 0.0, False, ())
