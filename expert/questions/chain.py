"""The graph around a case, hop by hop: what is known, where a compensation may travel, what may come first, what feeds itself.

Drawn are the paths of the predictions, the ways by which the drivers explain what was found, the reviewed links between what is known,
and the loops; also the links around one muscle or place, or a chain as educators teach it. A hop is a number of links from what is
known. Nothing here is evidence, and the order of the hops is no order of cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from expert import regions, render
from expert.contract import decimal, drivers_of, node_name, state_key
from expert.errors import UsageError
from expert.model import AXIS_OF, MIRROR, Check, Driver, Knowledge, KnowledgeBase, Loop, Prediction, Result, State, Step
from expert.pipeline import graph_of
from expert.proof import Cited, Looking, Named
from expert.questions import asked
from expert.questions.answer import Answer
from expert.questions.why_not import Urgent, urgent
from expert.regions import Place
from expert.words import side_word

_WORDS = "_chain_words.j2"
_LOOKED = {"confirmed": "seen", "refuted": "absent", "unchecked": "unknown"}  # how a place stands by its own test
_ORDER = ("seen", "supported", "held", "possible", "contested", "predicted", "unknown", "absent")

_Edge = tuple[State, Step]  # where a link starts; where it leads and by which


@dataclass(frozen=True, slots=True)
class Node:
    """A place of the graph. kind: muscle | group | joint | restriction | pain | load | habit; `members`: the muscles of a group.

    side: left | right | midline, or both where the two are alike. known: seen | supported | held | possible | contested | predicted |
    absent | unknown; `status` is that of a prediction, else "". `hop`: how many links away from what is known. `standing` is that of a
    driver, else ""; `loops`: the numbers of its loops. depth: deep | superficial, or "" where the knowledge does not say.
    """

    number: int
    key: str
    kind: str
    id: str
    name: str
    label: str
    side: str
    state: str
    hop: int
    known: str
    status: str
    strength: float | None
    standing: str
    loops: tuple[int, ...]
    joints: tuple[str, ...]
    depth: str
    members: tuple[Named, ...]
    check: Looking | None


@dataclass(frozen=True, slots=True)
class Link:
    """A link between two places: why, how strongly (a rank), on whose word, and what to look at to learn whether its end is there."""

    key: str
    link: str
    start: str
    to: str
    hop: int
    kind: str
    kind_name: str
    mechanism: str
    strength: float
    grade: str
    sources: tuple[Cited, ...]
    tasks: tuple[Named, ...]
    joints: tuple[str, ...]
    derived: bool
    loops: tuple[int, ...]
    chains: tuple[Named, ...]
    check: Looking | None


@dataclass(frozen=True, slots=True)
class Hop:
    """What appears at one step: keys of places and links, and a sentence that says it."""

    number: int
    title: str
    nodes: tuple[str, ...]
    links: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Circle:
    """A loop: keys of its places in order; `also`: what wider circles through them add."""

    number: int
    nodes: tuple[str, ...]
    because: str
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class First:
    """A driver: what it is, how it stands, and its places in the graph; other explanations have none."""

    key: str
    kind: str
    label: str
    standing: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of link that occurs: what it does not say, and how many links are of it."""

    id: str
    name: str
    caution: str
    count: int


@dataclass(frozen=True, slots=True)
class JointHere:
    """A joint that occurs, and how many links are about it."""

    id: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Taught:
    """A chain as educators teach it: on which side it starts, what has been shown of it and what has not."""

    id: str
    title: str
    side: str
    caution: str
    sources: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Chain(Answer):
    """The graph around a case. `around`: keys of the places that were asked about; `apart`: what is known and no link here touches.

    With a red flag that comes first no test is proposed: every `check` is null. `text`: the whole of it in lines.
    """

    template = "chain"
    case_id: str
    flags: tuple[Urgent, ...]
    taught: Taught | None
    around: tuple[str, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    hops: tuple[Hop, ...]
    loops: tuple[Circle, ...]
    drivers: tuple[First, ...]
    apart: tuple[Node, ...]
    kinds: tuple[Kind, ...]
    joints: tuple[JointHere, ...]
    text: tuple[str, ...]


def chain(result: Result, knowledge: Knowledge, around: str | None = None, taught: str | None = None) -> Chain:
    """The graph around a case, with the links around one place (`multifidus`, `gluteus medius:left:weak`, `pelvis-drop:right`) if
    asked; or a chain as it is taught (`weak-hip-abductors`, `upper-crossed:right`; left, where no side is said) with what the case
    says of its places. Raises UsageError for what nobody knows."""
    drawing = _Drawing(result, knowledge)
    if taught is not None:
        return drawing.taught(*_chain_and_side(taught, knowledge.kb))
    return drawing.of_the_case(_centre(around, knowledge.kb) if around is not None else ())


# --- what was asked ---------------------------------------------------------------------------------------------------------------


def _chain_and_side(words: str, kb: KnowledgeBase) -> tuple[str, str]:
    name, _, told = words.partition(":")
    side = (side_word(told) or "") if told else "left"
    if name.strip() not in kb.chains:
        raise UsageError(f"unknown chain '{words[:40]}'; it is one of {', '.join(kb.chains)}")
    if side not in MIRROR:
        raise UsageError(f"'{told[:40]}' is no side of a chain: say left or right")
    return name.strip(), side


def _centre(words: str, kb: KnowledgeBase) -> tuple[State, ...]:
    """The states that are meant: of a muscle or a group any state on any side that is not told otherwise; of a place, where it is."""
    words = words.replace(":both", ":")
    name, _, side = words.partition(":")
    node = kb.nodes.get(name.strip())
    if node is None:
        told = asked.read(words, kb, kinds=("muscle",))
        states = (told.state,) if told.state else AXIS_OF
        return tuple(State("muscle", m, state, s) for m in told.ids for s in told.sides for state in states)
    if not node.sided:
        return (State(node.kind, node.id, "present", "midline"),)
    sides = (side_word(side) or "",) if side else tuple(MIRROR)
    if not {*sides} <= {*MIRROR}:
        raise UsageError(f"'{side[:40]}' is no side of a place: say left or right")
    return tuple(State(node.kind, node.id, "present", s) for s in sides)


# --- what is drawn ----------------------------------------------------------------------------------------------------------------


class _Drawing:
    """What one run concluded, as a graph."""

    def __init__(self, result: Result, knowledge: Knowledge) -> None:
        self.result, self.kb = result, knowledge.kb
        self.graph, self.reach = graph_of(knowledge)
        self.flags = urgent(result)
        self.starts = self.graph.starts(result.hypotheses, result.stated.items)
        self.drivers = drivers_of(result.drivers)

    def of_the_case(self, centre: tuple[State, ...]) -> Chain:
        loops = self.result.loops
        edges = dict.fromkeys([*self._foretold(), *self._explaining(), *self._among_known(), *self._of_loops(loops)])
        middle = [s for s in centre if s in self.graph.graph]
        if centre and not middle:
            raise UsageError(f"no link touches {node_name(centre[0], self.kb)}")
        edges |= dict.fromkeys(edge for s in middle for edge in self.graph.around(s))
        return self._told(list(edges), _away(edges, [*self.starts], middle), loops, self.drivers, middle)

    def taught(self, name: str, side: str) -> Chain:
        kind = self.kb.chains[name]
        edges = list(dict.fromkeys(self.graph.taught(kind, side)))
        places = _places(edges)
        loops = self.graph.circles(places, places, kind.steps)
        hops = _as_taught(edges)
        heading = Taught(kind.id, kind.title, side, kind.caution, self._cited(kind.sources))
        drawn = [d for d in self.drivers if not {*places}.isdisjoint(self._states(d))]
        return self._told(edges, hops, loops, drawn, (), heading)

    def _foretold(self) -> Iterator[_Edge]:
        for p in self.result.predicted:
            yield from self._path(p.start, p.path)

    def _explaining(self) -> Iterator[_Edge]:
        for d in self.drivers:
            for a in d.explains:
                yield from self._path(d.about, a.path)

    def _among_known(self) -> Iterator[_Edge]:
        for start in self.starts:
            yield from ((start, s) for s in self.graph.steps[start] if s.to in self.starts and s.link in self.kb.links)

    def _of_loops(self, loops: Iterable[Loop]) -> Iterator[_Edge]:
        """The links round every loop; one that is told on both sides goes round on each."""
        for loop in loops:
            for here, there in pairwise((*loop.nodes, loop.nodes[0])):
                for start in _sides(here):
                    yield from ((start, s) for s in self.graph.steps[start] if s.to in _sides(there) and s.link in self.kb.links)

    def _path(self, start: State, path: Iterable[Step]) -> Iterator[_Edge]:
        for step in path:
            for here, there in self.graph.edges(start, step):
                yield here, step._replace(to=there)
            start = step.to

    # --- how it is told -------------------------------------------------------------------------------------------------------------

    def _told(
        self, edges: list[_Edge], hops: Mapping[State, int], loops: Iterable[Loop], drivers: Iterable[Driver],
        centre: Iterable[State], taught: Taught | None = None,
    ) -> Chain:  # fmt: skip
        stands = {s: self._stands(s) for s in hops}
        alike = self._alike(edges, stands, {*centre}, hops)
        circles = self._circles(loops, alike)
        nodes = self._nodes(alike, hops, stands, circles, edges)
        links = self._links(edges, alike, nodes, circles)
        unlinked = {} if taught else {s: 0 for s in self.starts if s not in hops}
        apart = self._nodes({s: s for s in unlinked}, unlinked, {s: self._stands(s) for s in unlinked}, (), (), len(nodes) + 1)
        told = Chain(
            case_id=self.result.stated.case_id, flags=self.flags, taught=taught,
            around=tuple(dict.fromkeys(state_key(alike[s]) for s in centre)), nodes=nodes, links=links, hops=_hops(nodes, links, taught),
            loops=circles, drivers=self._first(drivers, alike), apart=apart, kinds=self._kinds(links), joints=self._joints_here(links),
            text=(),
        )  # fmt: skip
        return replace(told, text=_lines(told))

    def _stands(self, state: State) -> tuple[str, str]:
        """How a place is known, and of a prediction its status."""
        if state in self._shown:
            return "seen", ""
        if state in self._suspected and self._suspected[state] in ("supported", "held"):
            return self._suspected[state], ""
        if state in self._predicted:
            return "predicted", self._predicted[state].status
        if state in self._on_the_way and self.graph.stands(state, self.result.stated.items) == "unchecked":
            return "predicted", "unchecked"
        if state in self._suspected:
            return self._suspected[state], ""
        return _LOOKED[self.graph.stands(state, self.result.stated.items)] if state.kind != "muscle" else self._tested(state), ""

    def _tested(self, state: State) -> str:
        """A muscle state that nothing speaks for: absent where its own test or more of the evidence says that it is not there."""
        refuted = self.graph.stands(state, self.result.stated.items) == "refuted"
        return "absent" if refuted or state in self._contradicted else "unknown"

    @cached_property
    def _shown(self) -> frozenset[State]:
        return frozenset(s for s in self.starts if s.kind != "muscle")

    @cached_property
    def _suspected(self) -> Mapping[State, str]:
        told = ((h, "held" if h.held else h.status) for h in self.result.hypotheses if h.status != "insufficient")
        return {State("muscle", h.muscle, h.state, h.side): word for h, word in told}

    @cached_property
    def _contradicted(self) -> frozenset[State]:
        return frozenset(State("muscle", h.muscle, h.state, h.side) for h in self.result.contradicted)

    @cached_property
    def _predicted(self) -> Mapping[State, Prediction]:
        return {p.target: p for p in self.result.predicted}

    @cached_property
    def _on_the_way(self) -> frozenset[State]:
        """The places that the path of an open prediction passes."""
        paths = (p.path[:-1] for p in self.result.predicted if p.status != "refuted")
        return frozenset(s for path in paths for step in path for s in _sides(step.to))

    @cached_property
    def _standing(self) -> Mapping[State, Driver]:
        """The places of drivers; of two that share one, the first."""
        return {s: d for d in reversed(self.drivers) for s in self._states(d)}

    def _alike(
        self, edges: Sequence[_Edge], stands: Mapping[State, tuple[str, str]], centre: set[State], hops: Mapping[State, int]
    ) -> Mapping[State, State]:
        """Every place as it is told: the muscles of a group that the same links touch and that stand alike as the group; left and right
        that are alike as one."""
        touched: dict[State, set[tuple[str, State, bool]]] = defaultdict(set)
        for start, step in edges:
            touched[start].add((step.link, step.to, True))
            touched[step.to].add((step.link, start, False))
        heaps: dict[tuple[object, ...], list[State]] = defaultdict(list)
        own = {s: (stands[s], hops[s], s in centre, self._standing.get(s)) for s in hops}
        for s in hops:
            if s.kind == "muscle" and s not in centre and (s not in self._standing or self._standing[s].about.kind == "group"):
                heaps[(s.state, s.side, own[s], frozenset(touched[s]))].append(s)
        told = {s: s for s in hops}
        for heap in heaps.values():
            group = self.reach.groups.get(frozenset(s.id for s in heap))
            if group is not None:
                told |= {s: s._replace(kind="group", id=group.id) for s in heap}
        paired = _pairs(told, edges, own)
        return {s: t._replace(side="both") if t in paired else t for s, t in told.items()}

    def _nodes(
        self, alike: Mapping[State, State], hops: Mapping[State, int], stands: Mapping[State, tuple[str, str]],
        circles: Iterable[Circle], edges: Iterable[_Edge], first: int = 1,
    ) -> tuple[Node, ...]:  # fmt: skip
        of = {alike[s]: s for s in sorted(alike, reverse=True)}
        reached = {step.to: step for _, step in sorted(edges, key=lambda edge: (edge[1].strength, edge[1].link))}
        ordered = sorted(of, key=lambda told: (hops[of[told]], _ORDER.index(stands[of[told]][0]), told))
        return tuple(self._node(n, told, of[told], hops, stands, circles, reached) for n, told in enumerate(ordered, first))

    def _node(
        self, number: int, told: State, state: State, hops: Mapping[State, int], stands: Mapping[State, tuple[str, str]],
        circles: Iterable[Circle], reached: Mapping[State, Step],
    ) -> Node:  # fmt: skip
        foretold = self._predicted.get(state)
        known, status = stands[state]
        check = foretold.check if foretold else self._open(state, reached.get(state)) if known in _OPEN else None
        key, name = state_key(told), node_name(told, self.kb)
        members = self.kb.groups[told.id].members if told.kind == "group" else ()
        return Node(
            number=number, key=key, kind=told.kind, id=told.id, name=name, label=_label(told, name), side=told.side, state=told.state,
            hop=hops[state], known=known, status=status, strength=decimal(foretold.strength) if foretold else None,
            standing=self._standing[state].standing if state in self._standing else "",
            loops=tuple(c.number for c in circles if key in c.nodes), joints=self._joints(state), depth=self._depth(told),
            members=tuple(Named(m, self.kb.muscles[m].name) for m in members), check=self._looking(check, told.side == "both"),
        )  # fmt: skip

    def _open(self, state: State, last: Step | None) -> Check | None:
        """What to look at to learn whether a place is there: by the strongest link that leads to it, or by its own test."""
        return (self.graph.check(last) if last else None) or self.graph.test(state)

    def _links(
        self, edges: Iterable[_Edge], alike: Mapping[State, State], nodes: Iterable[Node], circles: Iterable[Circle]
    ) -> tuple[Link, ...]:
        by_key = {n.key: n for n in nodes}
        alone = sorted(edges, key=lambda edge: (edge[0], edge[1].to), reverse=True)
        told = {(state_key(alike[start]), state_key(alike[step.to]), step.link): (start, step) for start, step in alone}
        found = [self._link(by_key[a], by_key[b], start, step, circles) for (a, b, _), (start, step) in told.items()]
        place = {n.key: n.number for n in by_key.values()}
        return tuple(sorted(found, key=lambda x: (x.hop, place[x.to], place[x.start], -x.strength, x.link)))

    def _link(self, start: Node, to: Node, state: State, step: Step, circles: Iterable[Circle]) -> Link:
        link, both = self.kb.link(step.link), {*self._joints(state)} & {*self._joints(step.to)}
        joints = both or {*self._joints(state), *self._joints(step.to)}
        return Link(
            key=f"{start.key}>{to.key}/{step.link}", link=step.link, start=start.key, to=to.key, hop=max(start.hop, to.hop, 1),
            kind=link.kind, kind_name=self.kb.link_kinds[link.kind].name, mechanism=step.mechanism, strength=decimal(step.strength),
            grade=step.grade, sources=self._cited(step.sources), tasks=tuple(Named(t, self.kb.tasks[t].name) for t in step.tasks),
            joints=tuple(j for j in self.kb.joints if j in joints), derived=step.link in self.kb.derived,
            loops=tuple(c.number for c in circles if (start.key, to.key) in pairwise((*c.nodes, c.nodes[0]))),
            chains=tuple(Named(c.id, c.title) for c in self.kb.chains.values() if step.link in c.steps),
            check=self._looking(self.graph.check(step), to.side == "both"),
        )  # fmt: skip

    def _circles(self, loops: Iterable[Loop], alike: Mapping[State, State]) -> tuple[Circle, ...]:
        """The loops, one that is told on both sides as two."""
        found = {}
        for loop in loops:
            for side in MIRROR if any(s.side == "both" for s in loop.nodes) else ("",):
                keys = tuple(dict.fromkeys(state_key(alike.get(s, s)) for s in (_on(side, s) for s in loop.nodes)))
                also = dict.fromkeys(state_key(alike.get(s, s)) for s in (_on(side, s) for s in loop.also))
                found[keys] = (loop.because, tuple(a for a in also if a not in keys))
        return tuple(Circle(n, keys, because, also) for n, (keys, (because, also)) in enumerate(found.items(), 1))

    def _first(self, drivers: Iterable[Driver], alike: Mapping[State, State]) -> tuple[First, ...]:
        found = []
        for d in drivers:
            name = node_name(d.about, self.kb)
            nodes = dict.fromkeys(state_key(alike[s]) for s in self._states(d) if s in alike)
            found.append(First(state_key(d.about), d.about.kind, _label(d.about, name), d.standing, tuple(nodes)))
        return tuple(found)

    def _states(self, d: Driver) -> tuple[State, ...]:
        """The places that a driver stands for: both sides of it, every muscle of a group; another explanation is none."""
        if d.about.kind == "cause":
            return ()
        if d.about.kind == "group":
            return tuple(s._replace(kind="muscle", id=m) for s in _sides(d.about) for m in self.kb.members(d.about.id))
        return _sides(d.about)

    def _looking(self, check: Check | None, on_both: bool) -> Looking | None:
        """What to look at; nothing, where a red flag comes first."""
        if check is None or self.flags:
            return None
        kind = self.kb.findings[check.finding]
        tasks = tuple(Named(t, self.kb.tasks[t].name) for t in check.tasks)
        side = "both" if on_both and check.side in MIRROR else check.side
        return Looking(check.finding, kind.name, side, tasks, kind.how or "", kind.side_means or "")

    def _cited(self, ids: Iterable[str]) -> tuple[Cited, ...]:
        return tuple(Cited(i, self.kb.sources[i].title) for i in ids)

    # --- joints, depth ----------------------------------------------------------------------------------------------------------------

    def _joints(self, state: State) -> tuple[str, ...]:
        """The joints that a place is about: those a muscle moves; of other places those in which what shows them deviates or lies."""
        if state.kind == "muscle":
            muscle = self.kb.muscles[state.id]
            found = {self._joint_of[d] for d in (*muscle.actions, *(a for p in muscle.parts for a in p.actions))}
        else:
            shown = [self.kb.findings[seen.finding] for seen in self.kb.nodes[state.id].seen_as]
            found = {self._joint_of[d.direction] for kind in shown for d in kind.deviation}
            found |= {j for j in self.kb.joints if any(kind.region == j for kind in shown)}
        return tuple(j for j in self.kb.joints if j in found)

    def _depth(self, state: State) -> str:
        """Whether a muscle lies at the surface anywhere."""
        places = self._lies.get(state.id, ()) if state.kind == "muscle" else ()
        return "" if not places else "deep" if all(p.deep for p in places) else "superficial"

    @cached_property
    def _lies(self) -> Mapping[str, tuple[Place, ...]]:
        return regions.places(self.kb)

    @cached_property
    def _joint_of(self) -> Mapping[str, str]:
        return {d: joint.id for joint in self.kb.joints.values() for axis in joint.axes for d in axis.directions}

    def _kinds(self, links: Iterable[Link]) -> tuple[Kind, ...]:
        kinds = [x.kind for x in links]
        return tuple(Kind(k.id, k.name, k.caution, kinds.count(k.id)) for k in self.kb.link_kinds.values() if k.id in kinds)

    def _joints_here(self, links: Iterable[Link]) -> tuple[JointHere, ...]:
        joints = [j for x in links for j in x.joints]
        return tuple(JointHere(j.id, j.name, joints.count(j.id)) for j in self.kb.joints.values() if j.id in joints)


_OPEN = ("predicted", "possible", "contested", "unknown")  # places of which a look may tell more


# --- hops -----------------------------------------------------------------------------------------------------------------------------


def _places(edges: Iterable[_Edge]) -> tuple[State, ...]:
    return tuple(dict.fromkeys(s for start, step in edges for s in (start, step.to)))


def _away(edges: Iterable[_Edge], known: Iterable[State], centre: Iterable[State]) -> Mapping[State, int]:
    """How many links each place lies from what is known, whichever way they lead; what hangs on nothing known, from the place that was
    asked about."""
    beside: dict[State, list[State]] = defaultdict(list)
    for start, step in edges:
        beside[start].append(step.to)
        beside[step.to].append(start)
    hops = _spread([s for s in known if s in beside], beside, {})
    return _spread([s for s in centre if s not in hops], beside, hops)


def _spread(begun: Iterable[State], beside: Mapping[State, Iterable[State]], hops: Mapping[State, int]) -> dict[State, int]:
    found = {**hops, **dict.fromkeys(begun, 0)}
    frontier, hop = list(dict.fromkeys(begun)), 0
    while frontier:
        hop += 1
        frontier = [s for s in dict.fromkeys(n for here in frontier for n in beside[here]) if s not in found]
        found |= dict.fromkeys(frontier, hop)
    return found


def _as_taught(edges: Iterable[_Edge]) -> Mapping[State, int]:
    """The hops of a taught chain: where it starts, then one further with each step."""
    hops: dict[State, int] = {}
    for start, step in edges:
        hops.setdefault(step.to, hops.setdefault(start, 0) + 1)
    return hops


def _pairs(told: Mapping[State, State], edges: Sequence[_Edge], own: Mapping[State, object]) -> set[State]:
    """The places whose left and right are alike: they stand alike, and the links of the one, none of which crosses to the other side,
    are those of the other in the mirror. So a link from or to both sides is to be read on each side by itself."""
    touched: dict[State, set[tuple[str, State, bool]]] = {t: set() for t in told.values()}
    for start, step in edges:
        touched[told[start]].add((step.link, told[step.to], True))
        touched[told[step.to]].add((step.link, told[start], False))
    standing = {t: own[s] for s, t in told.items()}

    def is_paired(t: State) -> bool:
        twin = _turned(t)
        stays = all(other.side in (t.side, "midline") for _, other, _ in touched[t])
        return twin != t and stays and standing.get(twin) == standing[t] and touched[twin] == {(x, _turned(o), d) for x, o, d in touched[t]}

    return {t for t in touched if is_paired(t)}


def _turned(state: State) -> State:
    return state._replace(side=MIRROR.get(state.side, state.side))


def _hops(nodes: Iterable[Node], links: Iterable[Link], taught: Taught | None) -> tuple[Hop, ...]:
    placed, joined = defaultdict(list), defaultdict(list)
    for n in nodes:
        placed[n.hop].append(n)
    for x in links:
        joined[x.hop].append(x)
    return tuple(
        Hop(
            number=number, title=render.phrase(_WORDS, "title", number, placed[number], taught is not None),
            nodes=tuple(n.key for n in placed[number]), links=tuple(x.key for x in joined[number]),
            sentence=render.phrase(_WORDS, "sentence", number, placed[number], joined[number], taught is not None),
        )
        for number in range(max((*placed, *joined), default=-1) + 1)
    )  # fmt: skip


def _sides(state: State) -> tuple[State, ...]:
    return tuple(state._replace(side=side) for side in MIRROR) if state.side == "both" else (state,)


def _on(side: str, state: State) -> State:
    return state._replace(side=side) if state.side == "both" else state


# --- words ------------------------------------------------------------------------------------------------------------------------------


def _label(state: State, name: str) -> str:
    return render.phrase("_words.j2", "place", {"kind": state.kind, "name": name, "side": state.side, "state": state.state})


def _lines(told: Chain) -> tuple[str, ...]:
    """The whole graph in lines: every place with its number, and under it the links that lead there."""
    number = {n.key: n.number for n in told.nodes}
    into: dict[str, list[Link]] = defaultdict(list)
    for x in told.links:
        into[x.to].append(x)
    lines = []
    for n in told.nodes:
        lines.append(render.phrase(_WORDS, "line", n))
        lines += [render.phrase(_WORDS, "way", x, number[x.start]) for x in into[n.key]]
    return tuple(lines)
