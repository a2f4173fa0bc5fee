"""The fewest problems that account for what was found: parsimonious covering over the graph of spread.

What is to be explained are the findings and symptoms that are present. A candidate explains one where it is what was seen, where its
hypothesis rests on it, where an explanation of the knowledge names it, or where a walk of a few links leads to what it shows. Nothing
here weighs evidence, and the order of a walk is no proof of cause: what comes out are candidates to check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from operator import or_
from typing import NamedTuple, TypeVar

from expert.formats import Condition, SeenAs, SpreadLimits
from expert.model import (
    MIRROR,
    OPPOSITE_STATE,
    Account,
    Check,
    Conflict,
    Covering,
    Driver,
    DriverSet,
    Evidence,
    Hypothesis,
    Item,
    KnowledgeBase,
    Reason,
    Referral,
    SetAside,
    State,
    Step,
    StruckOut,
    mirrored,
    sides_of,
)

_T = TypeVar("_T")
_ONE = 1000  # a strength of 1, and the factor of a moderate sign, in thousandths
_WORST = "Z"  # sorts after every grade
_OF_THE_BODY = ("bone", "disease", "joint", "nerve", "pain", "tendon")  # kinds of other explanations that are something to look for
_LOOKS = ("observation", "question", "palpation")  # methods that show a place or a complaint, and no state of a muscle by themselves
SETS, CANDIDATES, UNSEEN, INSTEAD, FOLLOWS = 5, 12, 6, 6, 3  # how many are told
STEPS = 20_000  # how far the search for the smallest sets goes before it settles for sets that cover


class Walk(NamedTuple):
    """One way from a state to what a finding shows."""

    strength: int
    path: tuple[Step, ...]
    passes: tuple[State, ...]


class Reach:
    """The graph walked backwards: from what a finding shows to where it may have started. Kept with the graph; safe to share."""

    def __init__(self, steps: Mapping[State, Sequence[Step]], tests: Mapping[tuple[str, str], SeenAs], kb: KnowledgeBase) -> None:
        self.kb, self.tests, self.limits = kb, tests, kb.constants.spread
        self._back = _backwards(steps)
        self._known: dict[State, Mapping[State, tuple[Walk, ...]]] = {}
        self.shows: dict[str, list[tuple[str, SeenAs]]] = defaultdict(list)
        for node in kb.nodes.values():
            for seen in node.seen_as:
                self.shows[seen.finding].append((node.id, seen))
        self.groups = {frozenset(g.members): g for g in reversed([*kb.groups.values()]) if len(g.members) > 1}  # of two alike the first
        self.of_the_person = frozenset(c.id for c in kb.causes.values() if _of_the_person(c.when))
        self.settles: dict[str, list[tuple[str, str, SeenAs]]] = defaultdict(list)
        for (muscle, state), seen in tests.items():
            self.settles[seen.finding].append((muscle, state, seen))

    def starts(self, target: State) -> Mapping[State, tuple[Walk, ...]]:
        """Every state that may be a first problem and from which a few links lead to the target, with its walks, strongest first."""
        found = self._known.get(target)
        if found is None:
            ways = _walks_to(target, self._back, self.limits)
            found = self._known[target] = {start: walks for start, walks in ways.items() if self.may_start(start)}
        return found

    def may_start(self, state: State) -> bool:
        """Whether a state can be a first problem: all but the joint positions that the knowledge does not call so."""
        return state.kind != "joint" or self.kb.nodes[state.id].may_start


def _backwards(steps: Mapping[State, Sequence[Step]]) -> Mapping[State, tuple[tuple[State, Step], ...]]:
    back: dict[State, list[tuple[State, Step]]] = defaultdict(list)
    for here in sorted(steps):
        for step in steps[here]:
            back[step.to].append((here, step))
    return {state: tuple(found) for state, found in back.items()}


def _walks_to(
    target: State, back: Mapping[State, Sequence[tuple[State, Step]]], limits: SpreadLimits
) -> Mapping[State, tuple[Walk, ...]]:
    found: dict[State, list[Walk]] = defaultdict(list)
    frontier: list[tuple[State, int, tuple[Step, ...]]] = [(target, _ONE, ())]
    for _ in range(limits.links):
        further = []
        for here, strength, path in frontier:
            for before, step in back.get(here, ()):
                reached = strength * step.strength // _ONE
                if reached >= limits.explain * _ONE and before != target and all(before != s.to for s in path):
                    found[before].append(Walk(reached, (step, *path), tuple(s.to for s in (step, *path)[:-1])))
                    further.append((before, reached, (step, *path)))
        frontier = further
    return {state: tuple(sorted(walks, key=_rank)) for state, walks in found.items()}


def _rank(walk: Walk) -> tuple[int, int, list[str], list[tuple[str, str, str]]]:
    """Strongest, then shortest, then by name: never by side."""
    return -walk.strength, len(walk.path), [s.link for s in walk.path], [s.to[:3] for s in walk.path]


# --- what the case says of the graph -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scene:
    """What was found, in the words of the graph."""

    universe: tuple[str, ...]  # keys of the items to be explained
    seen: Mapping[State, tuple[Item, ...]]  # nodes that something shows
    suspected: Mapping[State, Hypothesis]
    rests: Mapping[State, Mapping[str, int]]  # on which items each of them rests, and how much
    barred: Mapping[State, StruckOut]  # what cannot start, nor be walked through
    looked: frozenset[tuple[str, str]]  # findings that the case speaks of, there or not, each with the side


def account(
    items: Sequence[Item],
    hypotheses: Sequence[Hypothesis],
    contradicted: Sequence[Hypothesis],
    causes: Sequence[Reason],
    referral: Referral,
    conflicts: Sequence[Conflict],
    reach: Reach,
) -> Covering:
    """The smallest sets of candidates that account for what is present, what else was considered, and what fits nothing."""
    seen, absent = _looked_at(items, reach)
    suspected = {_state_of(h): h for h in hypotheses}
    aside = _set_aside(items, hypotheses, contradicted, causes, seen, referral)
    spared = {a.item for a in aside}
    wanted = [i for i in items if i.present and i.kind != "history" and i.key not in spared]
    universe = tuple(sorted(i.key for i in wanted))
    nothing = "flag" if referral.stops_plan else _nothing(wanted, bool(aside))
    if nothing:
        return Covering(universe, nothing, aside, (), (), (), (), 0, True)
    rests = _rests(suspected, conflicts, reach.kb)
    barred = _barred(seen, absent, hypotheses, contradicted, reach.kb)
    scene = _Scene(universe, seen, suspected, rests, barred, frozenset((i.finding, i.side) for i in items))
    found = _explained(scene, reach)
    single = _without_outdone([*_candidates(found, scene, reach), *_from_causes(causes, items, scene, reach)], scene)
    single = _as_groups(single, reach)
    candidates = _on_both_sides(single, wanted)
    sets, more, complete = smallest_sets(candidates, universe)
    if sets and not _joins_or_stands(sets[0]):
        nothing, sets, more = "apart", (), 0
    sides = {d.about: d for d in single}
    sets = tuple(_with_follows(_on_one_side(s, sides, universe), candidates, scene, reach) for s in sets)
    explained = {key for d in candidates for key in d.items_explained}
    return Covering(
        universe, nothing, aside, sets, _told_candidates(candidates, sets), _struck_out(found, scene),
        tuple(key for key in universe if key not in explained), more, complete,
    )  # fmt: skip


def _state_of(h: Hypothesis) -> State:
    return State("muscle", h.muscle, h.state, h.side)


def _looked_at(items: Iterable[Item], reach: Reach) -> tuple[Mapping[State, tuple[Item, ...]], Mapping[State, tuple[Item, ...]]]:
    """The nodes that present findings show; and what was looked for and is not there, muscle states by their own test."""
    seen: dict[State, list[Item]] = defaultdict(list)
    missed: dict[State, list[Item]] = defaultdict(list)
    for item in items:
        for name, how in reach.shows.get(item.finding, ()):
            node = reach.kb.nodes[name]
            unsided = node.sided and item.side not in MIRROR
            if (how.task and item.task not in how.task) or (unsided and item.present and item.kind != "finding"):
                continue  # a symptom or history told without a side is not taken to be on either
            for side in sides_of(how.side, item.side) if node.sided else ("midline",):
                (seen if item.present else missed)[State(node.kind, name, "present", side)].append(item)
    absent = {s: tuple(found) for s, found in missed.items() if s not in seen and _settles(s, found, reach.kb)}
    return {s: tuple(found) for s, found in seen.items()}, {**absent, **_not_so(items, reach)}


def _not_so(items: Iterable[Item], reach: Reach) -> Mapping[State, tuple[Item, ...]]:
    """The muscle states whose own test was done and does not show them."""
    told: dict[bool, dict[State, list[Item]]] = {True: defaultdict(list), False: defaultdict(list)}
    for item in items:
        for muscle, state, how in reach.settles.get(item.finding, ()):
            for side in sides_of(how.side, item.side):
                told[item.present][State("muscle", muscle, state, side)].append(item)
    return {s: tuple(found) for s, found in told[False].items() if s not in told[True]}


def _settles(state: State, missed: Sequence[Item], kb: KnowledgeBase) -> bool:
    """Whether what was not found rules a node out: the finding that checks it; of pain, every place where it may be felt."""
    shows = [s.finding for s in kb.nodes[state.id].seen_as]
    needed = shows if state.kind == "pain" else shows[:1]
    return {*needed} <= {i.finding for i in missed}


def _set_aside(
    items: Sequence[Item],
    hypotheses: Sequence[Hypothesis],
    contradicted: Sequence[Hypothesis],
    causes: Sequence[Reason],
    seen: Mapping[State, Sequence[Item]],
    referral: Referral,
) -> tuple[SetAside, ...]:
    """What is present and still not to be explained here: a red flag comes first, pain spoils a test, and some findings reassure. What
    a nerve, a joint or a disease may explain does not reassure: a nerve test that speaks against short muscles asks for a nerve."""
    flags = [f for f in referral.flags if f.level != "routine"]
    flagged = {key for f in flags for key in f.findings}
    explained = {name for f in flags for name in f.explains}
    weighed = [e for h in (*hypotheses, *contradicted) for e in h.evidence]
    speaks = {key for e in weighed if e.points > 0 for key in e.piece.basis.findings}
    speaks |= {i.key for found in seen.values() for i in found}
    against = {key for e in weighed if e.points < 0 and not e.piece.basis.absent for key in e.piece.basis.findings}
    against -= {key for cause in causes if cause.kind in _OF_THE_BODY for key in cause.findings}
    found = []
    for item in items:
        if not item.present or item.kind == "history":
            continue
        if item.key in flagged or item.finding in explained:
            found.append(SetAside(item.key, "flag"))
        elif item.key not in speaks and item.painful:
            found.append(SetAside(item.key, "pain"))
        elif item.key not in speaks and item.key in against:
            found.append(SetAside(item.key, "reassures"))
    return tuple(sorted(found, key=lambda a: a.item))


def _nothing(wanted: Sequence[Item], aside: bool) -> str:
    """Why there is nothing to account for, "" where there is: mild signs are normal, and one sign alone joins nothing."""
    if not wanted:
        return "aside" if aside else "none"
    if all(i.severity < _ONE for i in wanted):
        return "mild"
    return "" if len({i.finding for i in wanted}) > 1 else "one"


def _joins_or_stands(one: DriverSet) -> bool:
    """Whether a set says more than that every finding may have some explanation of its own."""
    return any(_firm(d) or len({a.item.partition(":")[0] for a in d.explains}) > 1 for d in one.drivers)


def _barred(
    seen: Mapping[State, Sequence[Item]],
    absent: Mapping[State, Sequence[Item]],
    hypotheses: Sequence[Hypothesis],
    contradicted: Sequence[Hypothesis],
    kb: KnowledgeBase,
) -> Mapping[State, StruckOut]:
    """What was looked at and is not there, is contradicted, cannot be beside what is there, or is claimed both ways."""
    barred: dict[State, StruckOut] = {}
    for state, items in seen.items():
        if (other := _opposite(state, kb)) is not None and other not in seen:
            barred[other] = StruckOut(other, "opposite", tuple(sorted(i.key for i in items)), ())
    for h in hypotheses:
        if h.status == "supported":
            other = State("muscle", h.muscle, OPPOSITE_STATE[h.state], h.side)
            barred[other] = StruckOut(other, "opposite", tuple(sorted(h.findings)), ())
        if h.held or h.status == "contested":
            barred[_state_of(h)] = StruckOut(_state_of(h), "held" if h.held else "contested", _against(h), ())
    for state, items in absent.items():
        barred[state] = StruckOut(state, "absent", tuple(sorted(i.key for i in items)), ())
    for h in contradicted:
        barred[_state_of(h)] = StruckOut(_state_of(h), "contradicted", _against(h), ())
    return barred


def _against(h: Hypothesis) -> tuple[str, ...]:
    """The items that speak against a hypothesis."""
    return tuple(sorted({key for e in h.evidence if e.points < 0 for key in e.piece.basis.findings}))


def _opposite(state: State, kb: KnowledgeBase) -> State | None:
    other = kb.nodes[state.id].opposes
    if other is None:
        return None
    return State(kb.nodes[other].kind, other, "present", mirrored(state.side) if other == state.id else state.side)


# --- the candidates -------------------------------------------------------------------------------------------------------------

_Found = dict[State, dict[str, Account]]  # for every state, the items it explains and how


def _explained(scene: _Scene, reach: Reach) -> _Found:
    """What every state that may be a first problem explains, most strongly."""
    found: _Found = defaultdict(dict)
    ends: dict[State, dict[str, int]] = defaultdict(dict)
    for state, items in scene.seen.items():
        ends[state] |= {i.key: _ONE for i in items if i.key in scene.universe}
    for state, rests in scene.rests.items():
        found[state] = {key: Account(key, strength, "rests", ()) for key, strength in rests.items() if key in scene.universe}
    for state, shown in _tested(scene, reach):
        ends[state] |= shown
    for end, shown in ends.items():
        if not shown or end in scene.barred:
            continue
        if reach.may_start(end) and end.kind != "muscle":
            for key in shown:
                _keep(found[end], Account(key, _ONE, "seen", ()))
        for start, walk in _open_walks(end, scene.barred, reach):
            for key, strength in shown.items():
                _keep(found[start], Account(key, walk.strength * strength // _ONE, "walk", walk.path))
    return {state: told for state, told in found.items() if told and reach.may_start(state)}


def _open_walks(end: State, barred: Mapping[State, StruckOut], reach: Reach) -> Iterator[tuple[State, Walk]]:
    """The best walk to an end from every state, through nothing that is barred."""
    for start, walks in reach.starts(end).items():
        free = (w for w in walks if not any(passed in barred for passed in w.passes))
        best, second = next(free, None), next(free, None)
        if best is not None:
            like = second is not None and second.strength == best.strength and _rank(second) == _rank(best)
            yield start, _both_ways(best) if like else best


def _both_ways(walk: Walk) -> Walk:
    """A walk that its mirror image equals: told as one on both sides between its two ends."""
    *before, last = walk.path
    path = (*(s._replace(to=_on_both(s.to)) for s in before), last)
    return walk._replace(path=path)


def _on_both(state: State) -> State:
    return state._replace(side="both") if state.side in MIRROR else state


_Rests = dict[State, dict[str, int]]  # for every muscle state, the items that a rule points from, each with its share of a high weight


def _rests(suspected: Mapping[State, Hypothesis], conflicts: Sequence[Conflict], kb: KnowledgeBase) -> _Rests:
    """The items from which a rule points at a muscle state, or at a state of the same muscle that goes with it. What a position holds
    short or long explains nothing; nor does a rule that another disputes on no worse a grade, or whose item by the mechanics of the
    position speaks for the opposite."""
    overruled = frozenset(_overruled(suspected.values(), conflicts))
    points = {state: _directly(h, overruled) for state, h in suspected.items()}
    carried: dict[tuple[str, str], set[str]] = defaultdict(set)
    for state, told in points.items():
        carried[state.id, state.side].update(told)
    for state, h in suspected.items():
        own = f"{h.muscle}:{h.side}:"
        for e in h.evidence:
            if e.points > 0 and e.piece.basis.channel != "direct" and all(p.startswith(own) for p in e.piece.basis.premises):
                for key in carried[h.muscle, h.side].intersection(e.piece.basis.findings):
                    points[state][key] += e.points
    most = round(_ONE * kb.constants.high)
    return {state: {key: min(_ONE, n * _ONE // most) for key, n in told.items()} for state, told in points.items()}


def _directly(h: Hypothesis, overruled: frozenset[tuple[str, str]]) -> defaultdict[str, int]:
    """The items from which rules that may carry an explanation point at one muscle state, with their points."""
    told: defaultdict[str, int] = defaultdict(int)
    opposed: set[str] = set()
    for e in h.evidence:
        if _is_mechanics(e):
            opposed.update(e.piece.basis.findings if e.points < 0 else ())
        elif e.points > 0 and e.piece.basis.channel == "direct" and (e.piece.rule.id, h.muscle) not in overruled:
            for key in e.piece.basis.findings:
                told[key] += e.points
    for key in opposed & told.keys():
        del told[key]
    return told


def _is_mechanics(e: Evidence) -> bool:
    return e.piece.rule.id.startswith("mechanics.")


def _overruled(suspected: Iterable[Hypothesis], conflicts: Sequence[Conflict]) -> Iterator[tuple[str, str]]:
    """Rules, each with a muscle, that another rule which fired disputes on at least as good a grade."""
    if not conflicts:
        return
    grades = {e.piece.rule.id: e.piece.rule.grade for h in suspected for e in h.evidence}
    for conflict in conflicts:
        one, other = conflict.between
        for weaker, stronger in ((one, other), (other, one)):
            if grades.get(stronger, _WORST) <= grades.get(weaker, _WORST):
                yield from ((weaker, muscle) for muscle in conflict.muscles)


def _tested(scene: _Scene, reach: Reach) -> Iterator[tuple[State, dict[str, int]]]:
    """Muscle states that a test in the case shows: only there may a walk end in a muscle."""
    tests = {key for key in scene.universe if reach.kb.findings[key.partition(":")[0]].method not in _LOOKS}
    for state, rests in scene.rests.items():
        shown = {key: strength for key, strength in rests.items() if key in tests}
        if shown:
            yield state, shown


def _keep(told: dict[str, Account], new: Account) -> None:
    """The strongest account of an item stays; at equal strength the shorter, then by name; mirror images are told as one."""
    old = told.get(new.item)
    if old is None or new.strength > old.strength:
        told[new.item] = new
    elif new.strength == old.strength and new.path != old.path:
        first, second = _by_name(new), _by_name(old)
        if first < second:
            told[new.item] = new
        elif first == second:
            told[new.item] = new._replace(path=tuple(s._replace(to=_on_both(s.to)) for s in new.path))


def _by_name(a: Account) -> tuple[int, list[str], list[tuple[str, str, str]]]:
    return len(a.path), [s.link for s in a.path], [s.to[:3] for s in a.path]


def _candidates(found: _Found, scene: _Scene, reach: Reach) -> Iterator[Driver]:
    for state, told in found.items():
        if state in scene.barred:
            continue
        standing, own, items = _standing(state, scene, reach)
        check = _check(state, items, scene, reach)
        if standing != "unseen" or check is not None:
            yield _driver(state, standing, own, items, told.values(), scene.universe, check)


def _driver(
    state: State, standing: str, own: int, items: tuple[str, ...], told: Iterable[Account], universe: Sequence[str], check: Check | None
) -> Driver:
    accounts = tuple(sorted(told, key=lambda a: a.item))
    explained = {a.item for a in accounts}
    return Driver(
        about=state, standing=standing, own=own, support=own + sum(a.strength for a in accounts), items=items, explains=accounts,
        leaves=tuple(key for key in universe if key not in explained), check=check,
    )  # fmt: skip


def _standing(state: State, scene: _Scene, reach: Reach) -> tuple[str, int, tuple[str, ...]]:
    """How a candidate stands (seen, stated, supported, possible, unseen), how much is its own, and on which items that rests."""
    if (shown := scene.seen.get(state)) is not None:
        own = max(i.reliability * min(i.severity, _ONE) // _ONE for i in shown)
        return "seen" if any(i.kind == "finding" for i in shown) else "stated", own, tuple(sorted(i.key for i in shown))
    h = scene.suspected.get(state)
    if h is not None and h.status in ("supported", "possible") and (rests := scene.rests[state]):
        own = min(_ONE, h.net * _ONE // round(_ONE * reach.kb.constants.high))
        return h.status, own, tuple(sorted(rests))
    return "unseen", 0, ()


def _check(state: State, items: Sequence[str], scene: _Scene, reach: Reach) -> Check | None:
    """The finding that would show a candidate, where the case does not say yet whether it is there."""
    if state.kind == "muscle":
        seen = reach.tests.get((state.id, state.state))
    else:
        seen = next(iter(reach.kb.nodes[state.id].seen_as), None) if not items else None
    if seen is None or seen.finding in {key.partition(":")[0] for key in items}:
        return None
    side = mirrored(state.side) if seen.side == "opposite" else state.side
    sided = seen.side != "both" and "left" in reach.kb.findings[seen.finding].sides
    if sided and (seen.finding, side) in scene.looked:
        return None
    return Check(seen.finding, side if sided else "midline", seen.task)


def _from_causes(causes: Iterable[Reason], items: Sequence[Item], scene: _Scene, reach: Reach) -> Iterator[Driver]:
    """The knowledge's other explanations: nothing of their own speaks for most of them but what they explain."""
    kb = reach.kb
    weights = {i.key: i.reliability * min(i.severity, _ONE) // _ONE for i in items}
    history = {i.key for i in items if i.present and i.kind == "history"}
    for cause in causes:
        strength = min(_ONE, round(_ONE * kb.constants.caps[kb.causes[cause.id].grade] / kb.constants.high))
        told = [Account(key, strength * weights[key] // _ONE, "cause", ()) for key in cause.findings if key in scene.universe]
        own = max((weights[key] for key in history & {*cause.findings}), default=_ONE if cause.id in reach.of_the_person else 0)
        joins = len(kb.causes[cause.id].when.all) > 1  # it asks for more than what it explains
        standing = "stated" if own else "possible" if joins else "unseen"
        rests = () if standing == "unseen" else cause.findings
        if told:
            yield _driver(State("cause", cause.id, "present", "midline"), standing, own, rests, told, scene.universe, None)


def _of_the_person(when: Condition) -> bool:
    """Whether a condition that holds asks for a state of the person: pregnancy, or the weeks after it."""
    return bool(when.pregnancy or when.postpartum) or any(map(_of_the_person, (*when.all, *when.any)))


def _without_outdone(found: Sequence[Driver], scene: _Scene) -> list[Driver]:
    """Candidates less the walks through places that nothing shows, to what something seen or stated explains no less strongly: a chain
    of what is only suspected does not take the place of pregnancy, or of a joint that was found stiff."""
    known: dict[str, int] = defaultdict(int)
    for d in found:
        if d.standing in _SHOWN:
            for a in d.explains:
                if a.how in ("cause", "walk"):
                    known[a.item] = max(known[a.item], a.strength)
    told = []
    for d in found:
        kept = d.explains if d.standing in _SHOWN else [a for a in d.explains if a.strength > known[a.item] or not _is_guess(a, scene)]
        if len(kept) == len(d.explains):
            told.append(d)
        elif kept:
            told.append(_driver(d.about, d.standing, d.own, d.items, kept, scene.universe, d.check))
    return told


def _is_guess(a: Account, scene: _Scene) -> bool:
    """Whether an explanation is a walk of more than one link that passes nothing seen or stated."""
    return len(a.path) > 1 and not any(
        s.to._replace(side=side) in scene.seen for s in a.path[:-1] for side in ([s.to.side] if s.to.side != "both" else MIRROR)
    )


def _as_groups(found: Sequence[Driver], reach: Reach) -> list[Driver]:
    """The muscles of a group, and no others, that the same evidence found and that explain nothing else, as the group: one test of one
    group is one driver."""
    heaps: dict[tuple[object, ...], dict[str, Driver]] = defaultdict(dict)
    for d in found:
        if d.about.kind == "muscle" and d.items and all(a.how == "rests" for a in d.explains):
            heaps[(*d.about[2:], d.standing, d.own, d.items, d.explains, d.check)][d.about.id] = d
    told = {d.about: d for d in found}
    for heap in heaps.values():
        group = reach.groups.get(frozenset(heap))
        if group is not None:
            first = heap[group.members[0]]
            about = first.about._replace(kind="group", id=group.id)
            told = {state: d for state, d in told.items() if d is not heap.get(state.id)}
            told[about] = first._replace(about=about)
    return list(told.values())


def _on_both_sides(found: Iterable[Driver], wanted: Iterable[Item]) -> list[Driver]:
    """Left and right of one thing that explain the same, or its mirror image, are one candidate on both sides."""
    twin = _twins(wanted)
    drivers = {d.about: d for d in found}
    told: list[Driver] = []
    for state, driver in drivers.items():
        other = drivers.get(state._replace(side=MIRROR[state.side])) if state.side in MIRROR else None
        if other is None or other.items_explained not in (driver.items_explained, {twin.get(a.item) for a in driver.explains}):
            told.append(driver)
        elif state.side == "left":
            told.append(_joined(driver, other))
    return sorted(told, key=_order)


def _twins(wanted: Iterable[Item]) -> Mapping[str, str]:
    """For every item to be explained the one that mirrors it, where there is one."""
    by_place = {(i.finding, i.side, i.task): i.key for i in wanted}
    return {
        key: by_place[finding, mirrored(side), task]
        for (finding, side, task), key in by_place.items()
        if (finding, mirrored(side), task) in by_place
    }


STRUCK = ("absent", "contradicted", "held", "contested", "opposite")  # in this order they are told
_SHOWN = ("seen", "stated")
_STANDINGS = ("seen", "stated", "supported", "possible", "unseen")


def _joined(left: Driver, right: Driver) -> Driver:
    """Two sides as one candidate, which stands no better than the weaker of them."""
    weaker = max(left, right, key=lambda d: (_STANDINGS.index(d.standing), -d.own))
    of = {a.item: a for a in left.explains}
    accounts = [_of_either(of.pop(a.item, None), a) for a in right.explains]
    accounts += of.values()
    check = left.check or right.check  # where one side was looked at, the other is left to look at
    if left.check and right.check and left.check.side != "midline":
        check = replace(left.check, side="both")
    return Driver(
        about=left.about._replace(side="both"), standing=weaker.standing, own=weaker.own,
        support=weaker.own + sum(a.strength for a in accounts), items=tuple(sorted({*left.items, *right.items})),
        explains=tuple(sorted(accounts, key=lambda a: a.item)), leaves=tuple(sorted({*left.leaves} & {*right.leaves})), check=check,
    )  # fmt: skip


def _of_either(left: Account | None, right: Account) -> Account:
    """An item that both sides reach: by the stronger way, or by both at once."""
    if left is None or right.strength > left.strength:
        return right
    if left.strength > right.strength:
        return left
    own = right if ":right" in right.item else left
    if ":left" in own.item or ":right" in own.item:
        return own
    return left._replace(path=tuple(s._replace(to=_on_both(s.to)) for s in left.path))


def _order(d: Driver) -> tuple[bool, int, int, tuple[str, ...]]:
    """What is seen, stated or supported first, then by support, then by name; by side last of all."""
    return not _firm(d), -d.support, len(d.leaves), (d.about.kind, d.about.id, d.about.state, d.about.side)


def _firm(d: Driver) -> bool:
    return d.standing not in ("possible", "unseen")


def _on_one_side(one: DriverSet, single: Mapping[State, Driver], universe: Sequence[str]) -> DriverSet:
    """A set whose drivers on both sides are told on one, where the others account for what only the other side explains."""
    chosen = list(one.drivers)
    for n, driver in enumerate(one.drivers):
        if driver.about.side == "both":
            others = {key for d in chosen if d is not driver for key in d.items_explained}
            needed = driver.items_explained - others
            enough = [d for side in MIRROR if needed <= (d := single[driver.about._replace(side=side)]).items_explained]
            if len(enough) == 1:
                chosen[n] = enough[0]
    return _drawn(chosen, one.instead, one.others, universe)


# --- the smallest sets ------------------------------------------------------------------------------------------------------------


def smallest_sets(candidates: Sequence[Driver], universe: Sequence[str]) -> tuple[tuple[DriverSet, ...], int, bool]:
    """(sets shown, how many more are as small, whether the search was complete).

    A set covers whatever any candidate explains, with as few drivers as can be. One for which nothing speaks yet counts only for what
    no other explains. Of candidates that explain a part of what another does, which stands no less firmly, only the other is tried;
    they stand under `instead`.
    """
    masks = _masks(candidates, universe)
    best: dict[int, Driver] = {}
    for d in sorted(candidates, key=_order):
        if masks[d.about]:
            best.setdefault(masks[d.about], d)
    firm = {mask: _firm(d) for mask, d in best.items()}
    kept = [m for m in best if not any(m != o and m & ~o == 0 and firm[o] >= firm[m] for o in best)]
    chosen, complete = _Search().run(kept)
    usable = [d for d in candidates if masks[d.about]]
    sets = sorted((_set([best[m] for m in one], usable, masks, universe) for one in chosen), key=_set_order)
    shown = _first(sets, SETS, lambda one: _set_order(one)[:2])
    return tuple(shown), len(sets) - len(shown), complete


def _masks(candidates: Iterable[Driver], universe: Sequence[str]) -> Mapping[State, int]:
    """What each candidate counts for, a bit an item: all it explains, or what no other does where nothing speaks for it yet."""
    bit = {key: 1 << n for n, key in enumerate(universe)}
    masks = {d.about: sum(bit[a.item] for a in d.explains) for d in candidates}
    spoken = 0
    for d in candidates:
        if d.standing != "unseen":
            spoken |= masks[d.about]
    return {d.about: masks[d.about] & ~spoken if d.standing == "unseen" else masks[d.about] for d in candidates}


class _Search:
    """Exact set cover by branch and bound over bit masks; when it has gone too far it settles for a cover, and says so."""

    def __init__(self) -> None:
        self.steps = 0
        self.best = 0
        self.found: list[tuple[int, ...]] = []

    def run(self, masks: Sequence[int]) -> tuple[list[tuple[int, ...]], bool]:
        """Every smallest cover of all that the masks cover together, each once; and whether they are all, and the smallest."""
        parts = []
        for part in _components(masks):
            covers = self._covers(part)
            if covers is None:
                covers = [self._greedy(part)]
            parts.append(covers)
        whole: list[tuple[int, ...]] = [()] if parts else []
        for covers in parts:
            whole = [(*a, *b) for a in whole for b in covers][:STEPS]
        return whole, self.steps <= STEPS

    def _covers(self, masks: Sequence[int]) -> list[tuple[int, ...]] | None:
        self.best, self.found = len(self._greedy(masks)), []
        self._branch(_union(masks), (), tuple(masks))
        return None if self.steps > STEPS else self.found

    def _branch(self, left: int, chosen: tuple[int, ...], open_: tuple[int, ...]) -> None:
        self.steps += 1
        if self.steps > STEPS:
            return
        if not left:
            if len(chosen) < self.best:
                self.best, self.found = len(chosen), []
            self.found.append(chosen)
            return
        ways = self._hardest(left, open_)
        if len(chosen) + self._least(left, open_) <= self.best:
            for n, mask in enumerate(ways):
                tried = ways[: n + 1]  # what was tried here is not tried again below: every set is met once
                self._branch(left & ~mask, (*chosen, mask), tuple(m for m in open_ if m not in tried))

    @staticmethod
    def _hardest(left: int, open_: Sequence[int]) -> list[int]:
        """What can cover the item that fewest can cover."""
        items = []
        while left:
            items.append(left & -left)
            left &= left - 1
        return min(([m for m in open_ if m & item] for item in items), key=len)

    @staticmethod
    def _least(left: int, open_: Sequence[int]) -> int:
        """How many the rest needs at the very least: of items no two of which one candidate covers, each needs one."""
        least = 0
        while left:
            item = left & -left
            left &= ~_union((item, *(m for m in open_ if m & item)))
            least += 1
        return least

    @staticmethod
    def _greedy(masks: Sequence[int]) -> tuple[int, ...]:
        """A cover that need not be the smallest."""
        left = _union(masks)
        chosen: list[int] = []
        while left:
            chosen.append(max(masks, key=lambda m: ((m & left).bit_count(), m)))
            left &= ~chosen[-1]
        return tuple(chosen)


def _union(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)


def _components(masks: Iterable[int]) -> list[list[int]]:
    """Masks that hang together by what they cover."""
    parts: list[tuple[int, list[int]]] = []
    for mask in masks:
        apart, union, members = [], mask, [mask]
        for whole, found in parts:
            if whole & union:
                union |= whole
                members = [*found, *members]
            else:
                apart.append((whole, found))
        parts = [*apart, (union, members)]
    return [found for _, found in parts]


def _set(drivers: Sequence[Driver], usable: Sequence[Driver], masks: Mapping[State, int], universe: Sequence[str]) -> DriverSet:
    ordered = sorted(drivers, key=_order)
    fitting = [_instead(d, ordered, usable, masks) for d in ordered]
    told = tuple(tuple(_first(found, INSTEAD, _but_for_side)) for found in fitting)
    others = tuple(len(found) - len(shown) for found, shown in zip(fitting, told, strict=True))
    return _drawn(ordered, told, others, universe)


def _drawn(
    drivers: Sequence[Driver], instead: tuple[tuple[Driver, ...], ...], others: tuple[int, ...], universe: Sequence[str]
) -> DriverSet:
    """A set with what it explains and how firmly it stands: what its drivers have of their own, and each item's strongest account."""
    strongest: dict[str, int] = defaultdict(int)
    for d in drivers:
        for a in d.explains:
            strongest[a.item] = max(strongest[a.item], a.strength)
    return DriverSet(
        drivers=tuple(drivers),
        explains=tuple(key for key in universe if key in strongest),
        leaves=tuple(key for key in universe if key not in strongest),
        support=sum(d.own for d in drivers) + sum(strongest.values()),
        instead=instead,
        others=others,
    )


def _instead(driver: Driver, chosen: Sequence[Driver], usable: Sequence[Driver], masks: Mapping[State, int]) -> list[Driver]:
    """What could stand in the place of one driver of a set and leave nothing more, best first."""
    alone = masks[driver.about] & ~_union(masks[d.about] for d in chosen if d is not driver)
    fitting = [d for d in usable if d not in chosen and alone & ~masks[d.about] == 0]
    return sorted(fitting, key=_order)


def _set_order(one: DriverSet) -> tuple[tuple[int, int], list[tuple[str, str, str]], list[State]]:
    """The set with the most that is firm first, then by support, then by name; by side last of all."""
    return (-sum(map(_firm, one.drivers)), -one.support), sorted(d.about[:3] for d in one.drivers), sorted(d.about for d in one.drivers)


def _first(found: Sequence[_T], most: int, same: Callable[[_T], object]) -> list[_T]:
    """The first few, less where the cut would part what only side tells apart (a mirrored case must mirror)."""
    if len(found) <= most:
        return list(found)
    end = most
    while end and same(found[end - 1]) == same(found[most]):
        end -= 1
    return list(found[:end])


# --- what else is told --------------------------------------------------------------------------------------------------------------


def _with_follows(one: DriverSet, candidates: Sequence[Driver], scene: _Scene, reach: Reach) -> DriverSet:
    """A set whose drivers say of what they may themselves be an effect."""
    standing = {d.about: d for d in candidates if d.standing != "unseen"}
    return replace(one, drivers=tuple(d._replace(follows=_follows(d, standing, scene, reach)) for d in one.drivers))


def _follows(driver: Driver, standing: Mapping[State, Driver], scene: _Scene, reach: Reach) -> tuple[State, ...]:
    sides = ("left", "right") if driver.about.side == "both" else (driver.about.side,)
    about = driver.about._replace(kind="muscle") if driver.about.kind == "group" else driver.about
    found: dict[State, int] = {}
    for side, name in product(sides, reach.kb.members(about.id)):
        for start, walk in _open_walks(about._replace(side=side, id=name), scene.barred, reach):
            known = start if start in standing else _on_both(start)
            if known in standing and known != driver.about:
                found[known] = max(walk.strength, found.get(known, 0))
    ranked = sorted(found, key=lambda s: (-found[s], s))
    return tuple(_first(ranked, FOLLOWS, lambda s: (found[s], s[:3])))


def _told_candidates(candidates: Sequence[Driver], sets: Sequence[DriverSet]) -> tuple[Driver, ...]:
    """The candidates worth telling beside the sets: those that explain most, and a few for which nothing speaks yet."""
    told = {d.about for s in sets for d in s.drivers}
    ranked = sorted((d for d in candidates if d.about not in told), key=lambda d: (-len(d.explains), *_order(d)))
    spoken = _first([d for d in ranked if d.standing != "unseen"], CANDIDATES, _but_for_side)
    return (*spoken, *_first([d for d in ranked if d.standing == "unseen"], UNSEEN, _but_for_side))


def _but_for_side(d: Driver) -> tuple[int, int, tuple[str, ...]]:
    return len(d.explains), d.support, d.about[:3]


def _struck_out(would: _Found, scene: _Scene) -> tuple[StruckOut, ...]:
    """What would explain something and is not there, with what it would have explained: most first."""
    told = [replace(s, explains=tuple(sorted(would[s.about]))) for s in scene.barred.values() if s.about in would]
    return tuple(sorted(told, key=lambda s: (STRUCK.index(s.because), -len(s.explains), s.about)))
