"""Where a compensation may travel: a networkx graph of muscle states, joint positions, restrictions, pain and load, both sides.

Predictions are never evidence. Strengths multiply along a path, states are mapped step by step by each link's own row, and at most
a few steps are walked. No study shows that compensation spreads in proportion to these strengths: they are ranks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from expert.formats import Chain, Link, SeenAs, SpreadLimits
from expert.model import (
    AXIS_OF,
    MIRROR,
    OPPOSITE_STATE,
    Check,
    Hypothesis,
    Item,
    KnowledgeBase,
    Loop,
    Prediction,
    State,
    Step,
    mirrored,
    sides_of,
)

_ONE = 1000  # a strength of 1, in thousandths
_AXIS_OF_TEST = {"strength-test": "strength", "length-test": "length"}
_Way = tuple[int, State, tuple[Step, ...]]  # how strongly a state is reached, from where, by which steps
_Walk = tuple[int, State, State, tuple[Step, ...]]  # strength so far, where it began, where it is, by which steps


class SpreadGraph:
    """The links of a knowledge base over both sides of the body, as a networkx graph with the strongest link between two states."""

    def __init__(self, kb: KnowledgeBase) -> None:
        import networkx  # takes a third of a second: only when a graph is first built

        self.kb = kb
        self.tests = self._tests()
        self.graph: Any = networkx.MultiDiGraph()
        for link in sorted((*kb.links.values(), *kb.derived.values()), key=lambda entry: entry.id):
            for start, end in ends_of(link, kb):
                self.graph.add_edge(start, end, key=link.id)
        self.steps: dict[State, tuple[Step, ...]] = {start: self._steps(start) for start in self.graph}

    def _steps(self, start: State) -> tuple[Step, ...]:
        """The links that may be walked from a state, strongest first: the reviewed ones, and derived ones whose end can be tested."""
        found = (self._step(link, end) for _, end, link in self.graph.out_edges(start, keys=True))
        return tuple(sorted((s for s in found if s.link in self.kb.links or self.check(s) is not None), key=_by_strength))

    def _tests(self) -> dict[tuple[str, str], SeenAs]:
        """For each muscle and state, the strength or length test that speaks for it most, from the rules about tests."""
        best: dict[tuple[str, str], tuple[float, str, SeenAs]] = {}
        for rule in self.kb.rules.values():
            axis = _AXIS_OF_TEST.get(self.kb.findings[rule.when.finding].method) if rule.when.finding else None
            for claim in rule.then if axis and rule.when.finding else ():
                if AXIS_OF[claim.state] != axis or claim.against or claim.side == "both":
                    continue
                for muscle in self.kb.members(claim.muscle):
                    found = (-claim.points, rule.id, SeenAs(finding=rule.when.finding, side=claim.side))
                    about = (muscle, claim.state)
                    best[about] = min(best.get(about, found), found, key=lambda entry: entry[:2])
        return {about: seen for about, (_, _, seen) in best.items()}

    def _step(self, link_id: str, to: State) -> Step:
        link = self.kb.link(link_id)
        return Step(to, link.id, round(_ONE * float(link.strength)), link.mechanism, link.grade, link.sources, link.task)

    def starts(self, hypotheses: Iterable[Hypothesis], items: Sequence[Item]) -> dict[State, tuple[str, ...]]:
        """The states that send: supported, unheld hypotheses and what is seen; with the items each rests on."""
        found: dict[State, set[str]] = defaultdict(set)
        for h in hypotheses:
            if h.sends:
                found[State("muscle", h.about.muscle, h.about.state, h.about.side)] |= h.findings
        for state, item in seen_states(items, self.kb):
            found[state].add(item.key)
        return {s: tuple(sorted(keys)) for s, keys in sorted(found.items()) if s in self.graph}

    def predict(self, hypotheses: Sequence[Hypothesis], items: Sequence[Item]) -> tuple[Prediction, ...]:
        """What to look for next, strongest first: each with its path and the finding that would confirm or refute it."""
        limits = self.kb.constants.spread
        starts = self.starts(hypotheses, items)
        reached = self._reach(starts, limits)
        looked = _looked(items)
        suspected = {State("muscle", h.muscle, h.state, h.side): h.status for h in hypotheses if h.status != "insufficient"}
        known = {state for state, status in suspected.items() if status == "supported"}
        present = {*reached, *starts, *suspected}
        news = {
            target: walk
            for target, walk in reached.items()
            if target not in starts
            and target not in known
            and not self._cancelled(target, reached)
            and not self._checks_itself(walk, looked, starts)
        }
        told = []
        for target in _shown(news, limits):
            strength, start, path = news[target]
            resting = _resting(start, starts)
            status = self._status(target, present, self.check(path[-1]), looked, resting)
            if any(self._status(s.to, set(), self.check(s), looked, resting) == "refuted" for s in path[:-1]):
                status = "refuted"  # a step on the way was looked at and is not there
            told.append(Prediction(start, target, strength, status, self.check(path[-1]), path))
        return tuple(told)

    def _reach(self, starts: Iterable[State], limits: SpreadLimits) -> dict[State, _Way]:
        """The strongest path of at most `links` steps to every state, cut where it grows too weak."""
        best: dict[State, _Way] = {}
        frontier: list[_Walk] = [(_ONE, s, s, ()) for s in sorted(starts)]
        sent = {s for _, s, _, _ in frontier}
        for _ in range(limits.links):
            following: dict[State, _Walk] = {}
            for strength, origin, here, path in frontier:
                for step in self.steps.get(here, ()):
                    reached = strength * step.strength // _ONE
                    if step.to in sent or reached < limits.cut * _ONE or any(s.to == step.to for s in path):
                        continue
                    new = (reached, origin, step.to, (*path, step))
                    if reached > best.get(step.to, (0,))[0]:
                        following[step.to] = _better(new, following.get(step.to))
            for state, (strength, origin, _, path) in following.items():
                best[state] = (strength, origin, path)
            frontier = [following[s] for s in sorted(following)]
        return best

    def _checks_itself(
        self,
        walk: _Way,
        looked: Mapping[tuple[str, str], Sequence[Item]],
        starts: Mapping[State, Sequence[str]],
    ) -> bool:
        """A prediction whose only check is the finding it starts from: there is nothing to look for next."""
        _, start, path = walk
        check = self.check(path[-1])
        items = looked.get((check.finding, check.side), ()) if check else ()
        return bool(items) and all(i.key in _resting(start, starts) for i in items)

    def _cancelled(self, target: State, reached: Mapping[State, _Way]) -> bool:
        """A place that is reached on both sides alike and cannot be on both: two ends of one symmetry say nothing."""
        other = _opposite(target, self.kb)
        return other is not None and other[:3] == target[:3] and other in reached and reached[other][0] == reached[target][0]

    def _status(
        self,
        target: State,
        present: set[State],
        check: Check | None,
        looked: Mapping[tuple[str, str], Sequence[Item]],
        resting: Sequence[str],
    ) -> str:
        if _opposite(target, self.kb) in present:
            return "undetermined"
        if check is None or not _speaks_to(self.kb.findings[check.finding].method, target.state):
            return "unchecked"
        items = [
            i
            for i in looked.get((check.finding, check.side), ())
            if i.key not in resting and (not check.tasks or i.task in check.tasks)  # what a chain starts from confirms nothing of it
        ]
        if any(i.present for i in items):
            return "confirmed"
        return "refuted" if items else "unchecked"

    def stands(self, state: State, items: Sequence[Item]) -> str:
        """What the case's own looks say of a state, by the one test of it: confirmed, refuted or unchecked."""
        return self._status(state, set(), self.test(state), _looked(items), ())

    def test(self, state: State) -> Check | None:
        """The one test of a state, whatever link leads there: of a muscle its strength or length test, of a place what shows it."""
        seen = self.tests.get((state.id, state.state)) if state.kind == "muscle" else next(iter(self.kb.nodes[state.id].seen_as), None)
        return None if seen is None else self._check_at(seen, state.side)

    def edges(self, start: State, step: Step) -> Iterator[tuple[State, State]]:
        """The edges that a step of a path means: a state told on both sides is two."""
        for here, there in product(_each(start), _each(step.to)):
            if self.graph.has_edge(here, there, key=step.link):
                yield here, there

    def around(self, state: State) -> Iterator[tuple[State, Step]]:
        """Every link that touches a state, walked or not: where it starts, and the step."""
        for here, there, link in (*self.graph.in_edges(state, keys=True), *self.graph.out_edges(state, keys=True)):
            yield here, self._step(link, there)

    def taught(self, chain: Chain, side: str) -> Iterator[tuple[State, Step]]:
        """A taught chain on one side of the body, in the order of teaching: each step goes on from where an earlier one arrived."""
        arrived: set[State] = set()
        for name in chain.steps:
            told = sorted(ends_of(self.kb.links[name], self.kb))
            begun = [(here, there) for here, there in told if here in arrived]
            for here, there in begun or [(here, there) for here, there in told if here.side in (side, "midline")]:
                arrived |= {here, there}
                yield here, self._step(name, there)

    def check(self, last: Step) -> Check | None:
        """What to look at to learn whether the end of a step is there."""
        link = self.kb.link(last.link)
        seen = link.check
        state = last.to.state
        if state != "present" and (seen is None or not _speaks_to(self.kb.findings[seen.finding].method, state)):
            seen = self.tests.get((last.to.id, state), seen)  # a test of that very state, where there is one
        if seen is None and link.to.node is not None:
            seen = next(iter(self.kb.nodes[link.to.node].seen_as), None)
        return None if seen is None else self._check_at(seen, last.to.side)

    def _check_at(self, seen: SeenAs, side: str) -> Check:
        turned = mirrored(side) if seen.side == "opposite" else side
        sided = seen.side != "both" and "left" in self.kb.findings[seen.finding].sides
        return Check(seen.finding, turned if sided else "midline", seen.task)

    def loops(self, hypotheses: Iterable[Hypothesis], items: Sequence[Item], predictions: Iterable[Prediction]) -> tuple[Loop, ...]:
        """Circles of at most four states among what is supported, seen and predicted, each told once from its first state: the
        innermost of those that lie in one another, and left and right as one where they are alike."""
        held = set(self.starts(hypotheses, items))
        wanted = held | {p.target for p in predictions if p.status in ("unchecked", "confirmed")}
        return self.circles(wanted, held, self.kb.links)

    def circles(self, among: Iterable[State], through: Iterable[State], links: Container[str]) -> tuple[Loop, ...]:
        """The loops among some states by some of the reviewed links; each passes `through` at least one of these."""
        import networkx

        part, passed = networkx.DiGraph(), set(through)
        wanted = set(among)
        walked = ((here, s) for here in sorted(wanted) for s in self.steps.get(here, ()) if s.to in wanted)
        part.add_edges_from((here, s.to) for here, s in walked if s.link in links and s.link in self.kb.links)
        circles = networkx.simple_cycles(part, length_bound=self.kb.constants.spread.loop_length)
        turned = sorted({_turned(tuple(circle)) for circle in circles if len(circle) > 1 and passed & set(circle)})
        return _paired([Loop(nodes, self._told(nodes), also) for nodes, also in _innermost(turned)])

    def _told(self, nodes: Sequence[State]) -> str:
        around = zip(nodes, (*nodes[1:], nodes[0]), strict=True)
        return " ".join(next(s.mechanism for s in self.steps[a] if s.to == b and s.link in self.kb.links) for a, b in around)


def ends_of(link: Link, kb: KnowledgeBase) -> Iterator[tuple[State, State]]:
    """Every (start, end) that a link means: both sides of the body, all members of a group, each row of its state map."""
    for begins, ends in sorted(link.map.items()):
        for side in ("left", "right"):
            for start in _states(link.start.muscle, link.start.node, begins, (side,), kb):
                for end in _states(link.to.muscle, link.to.node, ends, sides_of(link.to.side, side), kb):
                    if start != end:
                        yield start, end


def _states(muscle: str | None, node: str | None, state: str, sides: Iterable[str], kb: KnowledgeBase) -> Iterator[State]:
    if node is not None:
        place = kb.nodes[node]
        yield from (State(place.kind, node, state, s if place.sided else "midline") for s in (sides if place.sided else ("midline",)))
    else:
        yield from (State("muscle", m, state, side) for m in kb.members(muscle or "") for side in sides)


def seen_states(items: Iterable[Item], kb: KnowledgeBase) -> Iterator[tuple[State, Item]]:
    """The nodes that present findings show."""
    shown: dict[str, list[tuple[str, SeenAs]]] = defaultdict(list)
    for node in kb.nodes.values():
        for seen in node.seen_as:
            shown[seen.finding].append((node.id, seen))
    for item in items:
        if not item.present:
            continue
        for name, seen in shown.get(item.finding, ()):
            if seen.task and item.task not in seen.task:
                continue
            node = kb.nodes[name]
            if node.sided and item.side == "midline" and item.kind != "finding":
                continue  # a symptom or history told without a side is not taken to be on either
            for side in sides_of(seen.side, item.side) if node.sided else ("midline",):
                yield State(node.kind, name, "present", side), item


def _looked(items: Iterable[Item]) -> Mapping[tuple[str, str], list[Item]]:
    """Items by finding and side; a midline item answers for both sides, a sided one for the midline."""
    found: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        for side in (item.side, "midline") if item.side in MIRROR else ("left", "right", "midline"):
            found[item.finding, side].append(item)
    return found


def _resting(start: State, starts: Mapping[State, Sequence[str]]) -> tuple[str, ...]:
    """The items that the start of a walk rests on; a walk on both sides rests on those of either."""
    sides = ("left", "right") if start.side == "both" else (start.side,)
    return tuple(key for side in sides for key in starts.get(start._replace(side=side), ()))


def _speaks_to(method: str, state: str) -> bool:
    """Whether a test decides about a state: a strength test about strength alone, a length test about length alone."""
    axis = _AXIS_OF_TEST.get(method)
    return state == "present" or axis is None or AXIS_OF[state] == axis


def _opposite(state: State, kb: KnowledgeBase) -> State | None:
    if state.kind == "muscle":
        assert state.state in AXIS_OF
        return State("muscle", state.id, OPPOSITE_STATE[state.state], state.side)
    other = kb.nodes[state.id].opposes
    side = mirrored(state.side) if other == state.id else state.side
    return State(kb.nodes[other].kind, other, "present", side) if other else None


def _by_strength(step: Step) -> tuple[int, State, str]:
    return -step.strength, step.to, step.link


def _better(new: _Walk, old: _Walk | None) -> _Walk:
    """The stronger walk; at equal strength the one whose links sort first, and two mirror images as one walk on both sides: what
    is chosen never hangs on order or on left and right."""
    if old is None or _rank(new) < _rank(old):
        return new
    if _rank(new) > _rank(old) or new == old:
        return old
    strength, start, here, path = new
    both = tuple(step._replace(to=_on_both(step.to)) for step in path[:-1])
    return strength, _on_both(start), here, (*both, path[-1])


def _rank(walk: _Walk) -> tuple[int, list[str], list[tuple[str, str, str]]]:
    strength, start, _, path = walk
    return -strength, [s.link for s in path], [(s.kind, s.id, s.state) for s in (start, *(step.to for step in path))]


def _each(state: State) -> tuple[State, ...]:
    return tuple(state._replace(side=side) for side in MIRROR) if state.side == "both" else (state,)


def _on_both(state: State) -> State:
    return state if state.side == "midline" else state._replace(side="both")


def _shown(news: Mapping[State, _Way], limits: SpreadLimits) -> list[State]:
    """Which predictions are shown, strongest first: the strongest, with some places kept for those that lie further than one link,
    so that a compensation can be seen to travel."""
    ranked = sorted(news, key=lambda target: (-news[target][0], target))
    near = _first(ranked, news, limits.predictions - limits.far)
    far = _first([t for t in ranked if t not in near and len(news[t][2]) > 1], news, limits.far)
    rest = _first([t for t in ranked if t not in near and t not in far], news, limits.predictions - len(near) - len(far))
    return sorted((*near, *far, *rest), key=ranked.index)


def _first(ranked: Sequence[State], news: Mapping[State, _Way], most: int) -> list[State]:
    """The first `most`, less one where the cut would part the two sides of one prediction (a mirrored case must mirror)."""
    if most <= 0 or len(ranked) <= most:
        return list(ranked[: max(most, 0)])
    before, after = ranked[most - 1], ranked[most]
    parted = news[before][0] == news[after][0] and before[:3] == after[:3]
    return list(ranked[: most - parted])


def _innermost(circles: Sequence[tuple[State, ...]]) -> list[tuple[tuple[State, ...], tuple[State, ...]]]:
    """The circles that hold no smaller one, each with what the wider circles round it add: several that are one are told once."""
    inner: list[tuple[State, ...]] = []
    wider: dict[tuple[State, ...], set[State]] = defaultdict(set)
    for circle in sorted(circles, key=lambda c: (len(c), c)):
        within = [c for c in inner if {*c} <= {*circle}]
        for core in within:
            wider[core] |= {*circle} - {*core}
        if not within:
            inner.append(circle)
    return [(circle, tuple(sorted(wider[circle]))) for circle in sorted(inner)]


def _paired(loops: Sequence[Loop]) -> tuple[Loop, ...]:
    """Loops with left and right told as one, on both sides, where each stays on its side and they are alike."""
    on_side = {side: [x for x in loops if {n.side for n in x.nodes} <= {side, "midline"}] for side in MIRROR}
    both = {_whole(x): x for x in on_side["left"] if any(_whole(x) == _whole(y) for y in on_side["right"] if y is not x)}
    single = [x for x in loops if not any(x in on_side[side] for side in MIRROR) or _whole(x) not in both]
    joined = [Loop(nodes, x.because, also) for (nodes, also), x in both.items()]
    return tuple(sorted((*single, *joined), key=lambda x: x.nodes))


def _whole(loop: Loop) -> tuple[tuple[State, ...], tuple[State, ...]]:
    """A loop's states with left and right as both."""
    return tuple(map(_on_both, loop.nodes)), tuple(sorted(map(_on_both, loop.also)))


def _turned(circle: tuple[State, ...]) -> tuple[State, ...]:
    """A circle told from its least state."""
    start = circle.index(min(circle))
    return circle[start:] + circle[:start]
