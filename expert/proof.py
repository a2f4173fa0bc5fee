"""Proofs: trees of data that end in what the case states, with names beside ids. What is said about them stands in templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from expert.model import OPPOSITE_STATE, About, Evidence, Hypothesis, Item, Knowledge, Measured, PatternFound, Prediction, Result, State

_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Named:
    """Something of the knowledge, with what it is called."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A source."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A measured value and what it was judged to show. verdict: present | borderline | absent."""

    name: str
    values: str
    verdict: str
    because: str
    sources: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A leaf: one item of the case, in its own words. `severity`, `reliability`: factors."""

    kind: str = field(default="item", init=False)
    key: str
    finding: str
    name: str
    of: str
    side: str
    task: Named | None
    present: bool
    severity: float
    reliability: float
    seen_by: str | None
    painful: bool
    written: str
    measured: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """A rule that counts for or against a state: what it claims, what of that counted, and what it rests on.

    speaks: for | against | opposite (for the opposite state of the axis, so against this one). `points`: what it adds to this state's
    sum, with its sign; `claimed`: the rule's own points, before reliability, severity and weight. `repeats`: rules with more to say of
    the same finding, for which it counts less. `absent`: it rests on a finding that was looked for and is not there.
    """

    kind: str = field(default="rule", init=False)
    rule: str
    title: str
    speaks: str
    channel: str
    points: float
    claimed: float
    reliability: float
    severity: float
    weight: float
    repeats: tuple[Named, ...]
    absent: bool
    grade: str
    because: str
    via: Named | None
    sources: tuple[Cited, ...]
    rests: tuple[Seen | Suspicion, ...]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A hypothesis with its whole sheet: the points of its grounds add up to its own.

    `observed_alone`: it is told as it stood before anything was inferred, which is what inferred grounds rest on.
    """

    kind: str = field(default="hypothesis", init=False)
    muscle: str
    name: str
    side: str
    axis: str
    state: str
    status: str
    confidence: str
    held_by: tuple[Cited, ...]
    points: float
    points_for: float
    points_against: float
    observed_alone: bool
    grounds: tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A pattern that was found: its core as far as it was seen, what of it is missing, what else goes with it."""

    kind: str = field(default="pattern", init=False)
    id: str
    name: str
    side: str
    points: float
    confidence: str
    grade: str
    because: str
    caution: str
    need: int
    of: int
    core: tuple[Seen | Suspicion | Whole, ...]
    missing: tuple[tuple[Named, ...], ...]
    supporting: tuple[Seen, ...]
    sources: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A state of a muscle or of the body: a node of the spread graph."""

    kind: str
    id: str
    name: str
    side: str
    state: str


@dataclass(frozen=True, slots=True)
class Walked:
    """One link of a path."""

    kind: str = field(default="link", init=False)
    link: str
    link_kind: Named
    caution: str
    to: Place
    strength: float
    mechanism: str
    grade: str
    tasks: tuple[Named, ...]
    sources: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Looking:
    """A finding that can be looked at, and how."""

    finding: str
    name: str
    side: str
    tasks: tuple[Named, ...]
    how: str
    side_means: str


@dataclass(frozen=True, slots=True)
class Foretold:
    """A prediction: from where, link by link, how far it holds, and what to look at. Never evidence."""

    kind: str = field(default="prediction", init=False)
    target: Place
    strength: float
    status: str
    start: Place
    rests: tuple[Seen | Suspicion, ...]
    path: tuple[Walked, ...]
    check: Looking | None
    looked: tuple[Seen, ...]


class Prover:
    """Proofs of what one run concluded."""

    def __init__(self, result: Result, knowledge: Knowledge) -> None:
        self.result, self.kb = result, knowledge.kb
        self.items = {i.key: i for i in result.stated.items}
        self.weighed = {h.about: h for h in (*result.contradicted, *result.hypotheses)}
        self._observed = {h.about.key: h for h in result.observed}
        self._patterns = {_pattern_key(p): p for p in result.patterns}

    # --- leaves and names

    def cited(self, sources: Iterable[str]) -> tuple[Cited, ...]:
        """Sources with their titles."""
        return tuple(Cited(s, self.kb.sources[s].title) for s in sources)

    def tasks(self, ids: Iterable[str]) -> tuple[Named, ...]:
        """Tasks with their names."""
        return tuple(Named(t, self.kb.tasks[t].name) for t in ids)

    def seen(self, key: str) -> Seen:
        """An item of the case, by its key."""
        i = self.items[key]
        return Seen(
            key=i.key, finding=i.finding, name=self.kb.findings[i.finding].name, of=i.kind, side=i.side,
            task=next(iter(self.tasks([i.task] if i.task else [])), None), present=i.present, severity=i.severity / _THOUSAND,
            reliability=i.reliability / _THOUSAND, seen_by=i.seen_by or None, painful=i.painful, written=i.written,
            measured=tuple(self._judged(m) for m in self.result.measured if self._shows(m, i)),
        )  # fmt: skip

    def _shows(self, m: Measured, item: Item) -> bool:
        """Whether a measurement says what an item says: the same finding, on its side, there or not there alike."""
        told = m.verdict != "borderline" and (m.verdict == "present") is item.present
        return m.finding == item.finding and m.side in (item.side, "midline") and told

    def _judged(self, m: Measured) -> Judged:
        name = self.kb.measures[m.measures[0]].name
        return Judged(name, m.written, m.verdict, m.because, self.cited(m.sources))

    def looking(self, finding: str, side: str, tasks: Iterable[str] = ()) -> Looking:
        """How to look for a finding."""
        kind = self.kb.findings[finding]
        return Looking(finding, kind.name, side, self.tasks(tasks), kind.how or "", kind.side_means or "")

    def title(self, rule: str) -> Named:
        """A rule or pattern with its title."""
        return Named(rule, self.kb.title(rule))

    def flags_holding(self, h: Hypothesis) -> tuple[Cited, ...]:
        """The raised flags that may explain all that speaks for a held hypothesis."""
        flags = [f for f in self.result.referral.flags if h.held and f.level != "routine"]
        seen = {self.items[key].finding for key in h.findings}
        return tuple(Cited(f.id, f.title) for f in flags if seen & set(f.explains) or h.findings & set(f.findings))

    # --- hypotheses

    def suspicion(self, h: Hypothesis, observed_alone: bool = False) -> Suspicion:
        """The proof of a hypothesis."""
        grounds = [self._ground(e, h.evidence, "against" if e.piece.against else "for") for e in h.evidence]
        return Suspicion(
            muscle=h.muscle, name=h.name, side=h.side, axis=h.axis, state=h.state, status=h.status, confidence=h.confidence,
            held_by=self.flags_holding(h), points=h.net / _THOUSAND, points_for=h.points_for / _THOUSAND,
            points_against=h.points_against / _THOUSAND, observed_alone=observed_alone,
            grounds=(*grounds, *self._opposite(h.about, observed_alone)),
        )  # fmt: skip

    def _opposite(self, about: About, observed_alone: bool) -> list[Ground]:
        """What speaks for the opposite state speaks against this one."""
        opposite = about._replace(state=OPPOSITE_STATE[about.state])
        rival = self._observed.get(opposite.key) if observed_alone else self.weighed.get(opposite)
        if rival is None:
            return []
        return [self._ground(e, rival.evidence, "opposite") for e in rival.evidence if not e.piece.against]

    def _ground(self, e: Evidence, among: Sequence[Evidence], speaks: str) -> Ground:
        piece, basis = e.piece, e.piece.basis
        target = piece.target
        return Ground(
            rule=piece.rule.id, title=piece.rule.title, speaks=speaks, channel=basis.channel,
            points=(-e.points if speaks == "opposite" else e.points) / _THOUSAND,
            claimed=(target.absent if basis.absent else target.points) / _THOUSAND, reliability=basis.reliability / _THOUSAND,
            severity=basis.severity / _THOUSAND, weight=e.weight / _THOUSAND,
            repeats=tuple(self.title(rule) for rule in _repeated(e, among)), absent=basis.absent, grade=piece.rule.grade,
            because=piece.because, via=Named(target.via, self.kb.groups[target.via].name) if target.via else None,
            sources=self.cited(piece.rule.sources), rests=self._rests(basis.premises),
        )  # fmt: skip

    def _rests(self, premises: Iterable[str]) -> tuple[Seen | Suspicion, ...]:
        """What a rule matched: items, or hypotheses as they stood on what was observed, with their own proofs."""
        found = dict.fromkeys(premises)
        return tuple(self.seen(k) if k in self.items else self.suspicion(self._observed[k], observed_alone=True) for k in found)

    # --- patterns

    def whole(self, p: PatternFound) -> Whole:
        """The proof of a pattern."""
        pattern = self.kb.patterns[p.id]
        premises = {key for line in self.result.trace if self._concludes(line.conclusion, p) for key in line.premises}
        return Whole(
            id=p.id, name=p.name, side=p.side, points=p.points / _THOUSAND, confidence=p.confidence, grade=pattern.grade,
            because=p.because, caution=p.caution, need=pattern.need or len(pattern.core), of=len(pattern.core),
            core=tuple(self._part(key) for key in p.core if key in premises),
            missing=tuple(tuple(self.known_as(n) for n in told.split(" or ")) for told in p.missing),
            supporting=tuple(self.seen(key) for key in p.core if key not in premises), sources=self.cited(p.sources),
        )  # fmt: skip

    def _concludes(self, conclusion: str, p: PatternFound) -> bool:
        """Whether a line of the trace concluded this pattern; one that lies in the midline is told from either side."""
        key = _pattern_key(p)
        return conclusion == key or (p.side == "midline" and conclusion in (f"{key}:left", f"{key}:right"))

    def _part(self, key: str) -> Seen | Suspicion | Whole:
        if key in self.items:
            return self.seen(key)
        if key in self._patterns:
            return self.whole(self._patterns[key])
        return self.suspicion(next(h for h in self.result.hypotheses if h.about.key == key))

    def known_as(self, name: str) -> Named:
        """What an id of a finding, muscle or pattern is called."""
        kb = self.kb
        shelf = next(s for s in (kb.findings, kb.muscles, kb.patterns) if name in s)
        return Named(name, shelf[name].name)

    # --- predictions

    def place(self, s: State) -> Place:
        """A node of the spread graph, by name."""
        return Place(s.kind, s.id, self.kb.muscles[s.id].name if s.kind == "muscle" else self.kb.nodes[s.id].name, s.side, s.state)

    def foretold(self, p: Prediction, shown: Mapping[State, Sequence[str]]) -> Foretold:
        """The proof of a prediction. `shown`: the keys of the items that show a place of the body."""
        check = p.check
        looked = [i.key for i in self.result.stated.items if check and (i.finding, i.side) == (check.finding, check.side)]
        return Foretold(
            target=self.place(p.target), strength=p.strength / _THOUSAND, status=p.status, start=self.place(p.start),
            rests=tuple(self._starts(p.start, shown)),
            path=tuple(
                Walked(
                    link=s.link, link_kind=Named(kind.id, kind.name), caution=kind.caution, to=self.place(s.to),
                    strength=s.strength / _THOUSAND, mechanism=s.mechanism, grade=s.grade, tasks=self.tasks(s.tasks),
                    sources=self.cited(s.sources),
                )
                for s in p.path
                for kind in (self.kb.link_kinds[self.kb.link(s.link).kind],)
            ),
            check=self.looking(check.finding, check.side, check.tasks) if check else None,
            looked=tuple(self.seen(key) for key in looked),
        )  # fmt: skip

    def _starts(self, start: State, shown: Mapping[State, Sequence[str]]) -> Iterable[Seen | Suspicion]:
        """What a path starts from: a supported hypothesis, or the items that show a place; on both sides, both of them."""
        for side in ("left", "right") if start.side == "both" else (start.side,):
            here = start._replace(side=side)
            yield from (self.seen(key) for key in shown.get(here, ()))
            if start.kind == "muscle":
                yield from (
                    self.suspicion(h) for h in self.result.hypotheses if (h.muscle, h.state, h.side) == (start.id, start.state, side)
                )


def _repeated(e: Evidence, among: Sequence[Evidence]) -> list[str]:
    """What a piece that counts less than whole repeats: the rule of its own source in its finding group, else those that say more."""
    alike = [o for o in among if (o.piece.against, o.piece.basis.group) == (e.piece.against, e.piece.basis.group)]
    larger = [o.piece.rule for o in alike if o.weight > e.weight]
    own = [rule for rule in larger if rule.lineage == e.piece.rule.lineage]
    return list(dict.fromkeys(rule.id for rule in own or larger))


def _pattern_key(p: PatternFound) -> str:
    return f"pattern:{p.id}" + ("" if p.side == "midline" else f":{p.side}")
