"""Why is this not suspected, or not more? The rules that could have said so, clause by clause, and what outweighs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from expert import inference, ledger
from expert.conditions import STATUS_LEVEL
from expert.model import (
    AXES,
    AXIS_OF,
    LEVELS,
    MIRROR,
    OPPOSITE_STATE,
    About,
    CompiledRule,
    Fact,
    Hypothesis,
    Knowledge,
    Piece,
    Result,
    Target,
    Term,
    Variant,
    mirrored,
)
from expert.premises import bind, fact_of, facts_of
from expert.proof import Cited, Ground, Named, Prover, Seen
from expert.questions import asked
from expert.questions.answer import Answer

TOP = 8
TOP_OF_ALL = 3  # where every state of a muscle is asked about at once
_SIDED = ("same", "opposite")
_WORST = ("other-side", "other-task", "no-side", "no-task", "too-mild", "absent")  # of two that miss alike, the later one tells more


@dataclass(frozen=True, slots=True)
class Near:
    """A hypothesis or pattern that a premise speaks of, as far as it is there. status "": nothing speaks for it."""

    kind: str
    id: str
    name: str
    side: str
    state: str
    status: str
    points: float | None


@dataclass(frozen=True, slots=True)
class Clause:
    """One premise of a rule, as it would have to be for this muscle and side, and what the case says of it.

    status: met | contradicted | unknown. because: "" where it is met, not-asked, said-unknown, absent, too-mild, no-task, no-side,
    other-task, other-side, there (of what must not be), not-suspected, too-weak, driven (of a hypothesis). `by`: the items, `near`: the
    hypotheses or patterns that say so. `must_not`: it must not be there. `taskless`: told without a task it will do as well. severity: the
    least factor; `at_least`: the least status.
    """

    of: str
    id: str
    name: str
    must_not: bool
    side: str
    tasks: tuple[Named, ...]
    taskless: bool
    severity: float | None
    state: str
    at_least: str
    status: str
    because: tuple[str, ...]
    by: tuple[Seen, ...]
    near: tuple[Near, ...]
    how: str
    side_means: str


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that could have said it: its nearest variant of so many, and what became of it.

    outcome: spoke (it counts, `counted` points) | silenced (all of it is there, and `silenced` says what keeps it quiet: pain |
    better-source | repeat) | missing. `touched`: the case says something of it. `points`: what it claims at most.
    """

    rule: str
    title: str
    stage: str
    outcome: str
    silenced: str
    counted: float | None
    touched: bool
    points: float
    grade: str
    because: str
    via: Named | None
    sources: tuple[Cited, ...]
    variants: int
    wanting: int
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a state stands, and what decides it.

    status "": nothing speaks for it. `decides`: two-looks | instrument (what makes it supported), one-look | all-mild (what keeps it
    possible though the points are there), contested, below, outweighed, nothing. `next`: the next better status, `short`: how many points
    it lacks. `looks`: the separate looks that speak for it. `opposite`: the net amount of the opposite state.
    """

    status: str
    confidence: str
    points: float
    points_for: float
    points_against: float
    supported_from: float
    possible_from: float
    decides: str
    next: str
    short: float
    looks: tuple[Seen, ...]
    held_by: tuple[Cited, ...]
    opposite: float | None


@dataclass(frozen=True, slots=True)
class NotSaid:
    """Why one state of one muscle is not suspected, or not more.

    `speaks`: what counts for it; `outweighs`: what counts against it or for the opposite state; `considered`: every other rule that could
    have said it, nearest first; `could_deny`: rules that could have spoken against it and did not.
    """

    muscle: str
    name: str
    side: str
    axis: str
    state: str
    standing: Standing
    other_side: Near | None
    speaks: tuple[Ground, ...]
    outweighs: tuple[Ground, ...]
    considered: tuple[Considered, ...]
    could_deny: tuple[Considered, ...]


@dataclass(frozen=True, slots=True)
class PatternNotFound:
    """Why a pattern was not found on a side: its nearest variant. `found`: it was, `mild`: all is there and all of it is mild."""

    id: str
    name: str
    side: str
    found: bool
    mild: bool
    considered: Considered


@dataclass(frozen=True, slots=True)
class Urgent:
    """A raised red flag that comes before any question about muscles: nothing more is looked at while it stands."""

    id: str
    title: str
    level: str
    action: str


@dataclass(frozen=True, slots=True)
class WhyNot(Answer):
    """The answer to "why is this not suspected?", state by state. `top`: how many rules of each kind are printed; the data has all."""

    template = "why-not"
    case_id: str
    first: tuple[Urgent, ...]
    states: tuple[NotSaid, ...]
    patterns: tuple[PatternNotFound, ...]
    top: int


def why_not(
    result: Result, knowledge: Knowledge, about: str, side: str | None = None, state: str | None = None, top: int | None = None
) -> WhyNot:
    """Why a muscle state is not suspected (all states that some rule could say, where none is named), or a pattern not found.

    Raises UsageError for what cannot be read.
    """
    what = asked.read(about, knowledge.kb, side, state, ("muscle", "pattern"))
    asker = Asker(result, knowledge)
    wholes = [(name, one) for name in what.ids if what.kind == "pattern" for one in asker.pattern_sides(name, what.sides)]
    patterns = tuple(asker.pattern(name, one) for name, one in wholes)
    wanted = (what.state,) if what.state else tuple(s for states in AXES.values() for s in states)
    abouts = [About(m, s, AXIS_OF[w], w) for m, s, w in product(what.ids, what.sides, wanted)] if what.kind == "muscle" else []
    states = tuple(asker.not_said(a) for a in abouts if what.state or asker.has_rules(a))
    return WhyNot(result.stated.case_id, urgent(result), states, patterns, top or (TOP if what.state or patterns else TOP_OF_ALL))


def urgent(result: Result) -> tuple[Urgent, ...]:
    """The raised flags of level emergency or urgent."""
    return tuple(Urgent(f.id, f.title, f.level, f.action) for f in result.referral.flags if f.level in LEVELS[:2])


class Asker:
    """Asks one run's result about states and the rules behind them."""

    def __init__(self, result: Result, knowledge: Knowledge) -> None:
        self.result, self.knowledge, self.kb = result, knowledge, knowledge.kb
        self.prover = Prover(result, knowledge)
        programs = knowledge.rulebase.programs
        self._pieces: tuple[Piece, ...] | None = None
        self.variants: dict[str, list[Variant]] = defaultdict(list)
        for program in programs.values():
            for variant in program.variants:
                if not variant.absent:
                    self.variants[variant.rule].append(variant)
        stated = [fact_of(i) for i in result.stated.items]
        found = [Fact(f"pattern:{p.id}", "pattern", p.id, "", p.side) for p in result.patterns]
        self.facts = {
            "direct": _by_name(stated), "inferred": _by_name([*stated, *facts_of(result.observed)]),
            "patterns": _by_name([*stated, *facts_of(result.hypotheses), *found]),
        }  # fmt: skip
        self.claims: dict[tuple[str, str], list[tuple[CompiledRule, Target]]] = defaultdict(list)
        for rule in knowledge.rulebase.rules.values():
            for target in rule.targets:
                if target.points:
                    self.claims[target.muscle, target.state].append((rule, target))

    # --- a state

    def has_rules(self, about: About) -> bool:
        """Whether any rule about something observed could say it."""
        return any(r.stage == "direct" and not t.against for r, t in self.claims[about.muscle, about.state])

    def not_said(self, about: About) -> NotSaid:
        """Everything there is to say of one state."""
        grounds = self._grounds(about)
        return NotSaid(
            *about[:1], self.kb.muscles[about.muscle].name, *about[1:], self.standing(about), self._other_side(about),
            tuple(g for g in grounds if g.speaks == "for"), tuple(g for g in grounds if g.speaks != "for"),
            tuple(c for c in self.considered(about) if c.outcome != "spoke"),
            tuple(c for c in self.considered(about, against=True) if c.outcome != "spoke"),
        )  # fmt: skip

    def _other_side(self, about: About) -> Near | None:
        """The same state of the muscle's twin, where something speaks for it: the side is what is most often mistaken."""
        there = self.prover.weighed.get(about._replace(side=mirrored(about.side)))
        return self.named(there) if there is not None and there.points_for else None

    def _grounds(self, about: About) -> tuple[Ground, ...]:
        return self.prover.suspicion(self.weighed(about)).grounds

    def weighed(self, about: About) -> Hypothesis:
        """A state's sheet as it was weighed; one for which nothing speaks has one too, with what speaks against it."""
        known = self.prover.weighed.get(about)
        if known is not None and known.points_for:
            return known
        rival = self.prover.weighed.get(about._replace(state=OPPOSITE_STATE[about.state]))
        pieces = [p for p in self._observed() if p.about == about]
        opposite = [e.piece for e in rival.evidence] if rival else []
        return ledger.judge(about, [*pieces, *opposite], self.kb.muscles[about.muscle].name, self.kb.constants)

    def _observed(self) -> tuple[Piece, ...]:
        """All that was observed, as evidence; drawn again because a result keeps no sheet for which nothing speaks."""
        if self._pieces is None:
            rules, facts = self.knowledge.rulebase, [fact_of(i) for i in self.result.stated.items]
            firings = inference.infer(rules.programs["direct"], facts, inference.choose("native"))
            self._pieces, _ = ledger.draw_direct(firings, rules.rules, self.prover.items)
        return self._pieces

    def standing(self, about: About) -> Standing:
        """How a state stands, and what decides it."""
        h, measure = self.weighed(about), ledger.scale(self.kb.constants)
        spoken = about in self.prover.weighed and h.points_for > 0
        looks, tested = ledger.looks(h.evidence)
        decides = _decides(h, spoken, looks, tested, measure)
        wanted = "possible" if h.net < measure.possible else "supported"
        short = (measure.possible if wanted == "possible" else measure.supported) - h.net
        rival = self.prover.weighed.get(about._replace(state=OPPOSITE_STATE[about.state]))
        return Standing(
            status=h.status if spoken else "", confidence=h.confidence, points=h.net / 1000, points_for=h.points_for / 1000,
            points_against=h.points_against / 1000, supported_from=measure.supported / 1000, possible_from=measure.possible / 1000,
            decides=decides, next="" if h.status == "supported" else wanted, short=max(short, 0) / 1000,
            looks=tuple(self.prover.seen(key) for key in sorted(h.findings)), held_by=self.prover.flags_holding(h),
            opposite=rival.net / 1000 if rival is not None and rival.points_for else None,
        )  # fmt: skip

    # --- rules

    def considered(self, about: About, against: bool = False) -> tuple[Considered, ...]:
        """Every rule that could have spoken for a state (or against it), each by its nearest variant; nearest first."""
        speaks = "against" if against else "for"
        grounds = sorted((g for g in self._grounds(about) if g.speaks == speaks and not g.absent), key=lambda g: abs(g.points))
        said = {g.rule: g for g in grounds}
        best: dict[str, Considered] = {}
        for rule, target in (*self.claims[about.muscle, about.state], *self.claims["", about.state]):
            if target.against is against:
                found = self._rule(rule, target, about, said.get(rule.id))
                if found is not None and (rule.id not in best or _nearness(found) < _nearness(best[rule.id])):
                    best[rule.id] = found
        return tuple(sorted(best.values(), key=_nearness))

    def _rule(self, rule: CompiledRule, target: Target, about: About, ground: Ground | None) -> Considered | None:
        ways = [
            self._clauses(variant, side, "" if target.muscle else about.muscle, rule.stage)
            for variant in self.variants[rule.id]
            for side in self._bindings(variant, target.side, about.side)
        ]
        if not ways:
            return None
        nearest = min(ways, key=_missing)
        wanting = sum(c.status != "met" for c in nearest)
        silenced = "" if wanting or (ground and ground.weight) else self._silenced(nearest, about, ground)
        return Considered(
            rule=rule.id, title=rule.title, stage=rule.stage, outcome="missing" if wanting else "silenced" if silenced else "spoke",
            silenced=silenced, counted=ground.points if ground else None, touched=any(c.by or c.near for c in nearest),
            points=target.points / 1000, grade=rule.grade, because=target.because or rule.because,
            via=Named(target.via, self.kb.groups[target.via].name) if target.via else None, sources=self.prover.cited(rule.sources),
            variants=len(self.variants[rule.id]), wanting=wanting, clauses=nearest,
        )  # fmt: skip

    def _silenced(self, clauses: Sequence[Clause], about: About, ground: Ground | None) -> str:
        if ground is not None:
            return "repeat"
        hurt = about.axis != "length" and any(seen.painful for c in clauses for seen in c.by)
        return "pain" if hurt else "better-source"

    def _bindings(self, variant: Variant, relative: str, side: str) -> Iterator[str | None]:
        """The sides that a rule could be seen from so that it concludes about this side; None where none of its premises has one."""
        sided = [t for t in variant.terms if t.side in _SIDED]
        if not sided:
            yield None
            return
        own = {"same": (side,), "opposite": (mirrored(side),), "both": ("left", "right") if side == "left" else ("right", "left")}[relative]
        for one in (*own, "midline"):
            if all(self._can_be(t, _turned(t, one)) for t in sided):
                yield one

    def _can_be(self, term: Term, side: str) -> bool:
        if term.kind == "finding":
            kind = self.kb.findings[term.name]
            return side in kind.sides or (side == "midline" and kind.needs_no_side)
        return term.kind == "pattern" or side != "midline"

    # --- clauses

    def _clauses(self, variant: Variant, side: str | None, muscle: str, stage: str) -> tuple[Clause, ...]:
        wanted = tuple(self._clause(t, side, muscle, stage) for t in variant.terms)
        return (*wanted, *(self._barred(t, side, muscle, stage) for t in variant.unless))

    def _clause(self, term: Term, side: str | None, muscle: str, stage: str) -> Clause:
        facts = self.facts[stage].get((term.kind, term.name or muscle), ())
        fitting = [f for f in facts if bind(term, f, (side, muscle or None)) is not None]
        needed = _turned(term, side)
        if fitting:
            return self._told(term, needed, muscle, "met", (), fitting)
        if term.kind != "finding":
            return self._unconcluded(term, needed, muscle)
        because, nearest = _nearest(term, needed, facts)
        if because:
            return self._told(term, needed, muscle, "contradicted", because, nearest)
        return self._told(term, needed, muscle, "unknown", (self._unasked(term, needed),), ())

    def _barred(self, term: Term, side: str | None, muscle: str, stage: str) -> Clause:
        """A premise that must not hold: met as long as nothing in the case says that it does."""
        facts = self.facts[stage].get((term.kind, term.name or muscle), ())
        there = [f for f in facts if bind(term, f, (side, muscle or None)) is not None]
        status = "contradicted" if there else "met"
        return self._told(term, _turned(term, side), muscle, status, ("there",) if there else (), there, must_not=True)

    def _unasked(self, term: Term, needed: str) -> str:
        unknown = (key.split(":") for key in self.result.stated.unknown)
        return "said-unknown" if any(k[0] == term.name and (needed == "any" or needed in (*k, "midline")) for k in unknown) else "not-asked"

    def _unconcluded(self, term: Term, needed: str, muscle: str) -> Clause:
        """A hypothesis or pattern that a rule rests on, and that is not there as it should be."""
        if term.kind == "pattern":
            return self._told(term, needed, muscle, "unknown", ("not-suspected",), ())
        there = next((h for h in self.result.observed if (h.muscle, h.side, h.state) == (term.name or muscle, needed, term.state)), None)
        if there is None:
            return self._told(term, needed, muscle, "unknown", ("not-suspected",), ())
        because = "driven" if STATUS_LEVEL.get(there.status, 0) >= term.level else "too-weak"
        return self._told(term, needed, muscle, "contradicted", (because,), (), near=(self.named(there),))

    def _told(
        self, term: Term, side: str, muscle: str, status: str, because: Sequence[str], facts: Iterable[Fact], *,
        near: tuple[Near, ...] = (), must_not: bool = False,
    ) -> Clause:  # fmt: skip
        name = term.name or muscle
        finding = self.kb.findings.get(name) if term.kind == "finding" else None
        keys = [f.key for f in facts]
        shown = self.prover.known_as(name).name + ("" if term.present else ", absent")
        return Clause(
            of=self.kb.kinds[name] if finding else term.kind, id=name, name=shown, must_not=must_not, side=side,
            tasks=self.prover.tasks(t for t in term.contexts if t), taskless="" in term.contexts,
            severity=term.level / 1000 if finding and term.level else None, state=term.state,
            at_least=next((s for s, n in STATUS_LEVEL.items() if n == term.level), "") if term.kind == "hypothesis" else "",
            status=status, because=tuple(because), by=tuple(self.prover.seen(k) for k in keys if k in self.prover.items),
            near=near or tuple(self._fact(f) for f in facts if f.key not in self.prover.items), how=finding.how or "" if finding else "",
            side_means=finding.side_means or "" if finding else "",
        )  # fmt: skip

    def named(self, h: Hypothesis) -> Near:
        """A hypothesis in short."""
        return Near("hypothesis", h.muscle, h.name, h.side, h.state, h.status, h.net / 1000)

    def _fact(self, fact: Fact) -> Near:
        if fact.kind == "pattern":
            return Near("pattern", fact.name, self.kb.patterns[fact.name].name, fact.side, "", "found", None)
        known = {h.about.key: h for h in (*self.result.hypotheses, *self.result.observed)}
        return self.named(known[fact.key])

    # --- patterns

    def pattern_sides(self, name: str, sides: Sequence[str]) -> tuple[str, ...]:
        """The sides a pattern can be found on, of those asked about; one of the midline is told of it where no side is nearer."""
        able = [s for s in (*sides, "midline") if any(self._binds(v, s) for v in self.variants[name])]
        if "midline" not in able or len(sides) == 1:
            return tuple(able[:1] if len(sides) == 1 else able)
        missing = {s: _missing(self.pattern(name, s).considered.clauses) for s in able}
        return ("midline",) if missing["midline"] == min(missing.values()) else tuple(s for s in able if s != "midline")

    def _binds(self, variant: Variant, side: str) -> bool:
        """Whether a variant can be seen from a side; one that has no sides is of the midline."""
        sided = [t for t in variant.terms if t.side in _SIDED]
        return all(self._can_be(t, _turned(t, side)) for t in sided) if sided else side == "midline"

    def pattern(self, name: str, side: str) -> PatternNotFound:
        """Why a pattern was not found on a side."""
        pattern = self.kb.patterns[name]
        binding = side if side in MIRROR else "midline"
        ways = [
            self._clauses(v, binding if any(t.side in _SIDED for t in v.terms) else None, "", "patterns")
            for v in self.variants[name]
            if self._binds(v, binding)
        ]
        nearest = min(ways, key=_missing)
        wanting = sum(c.status != "met" for c in nearest)
        found = any(p.id == name and p.side in (side, "midline") for p in self.result.patterns)
        considered = Considered(
            rule=name, title=pattern.name, stage="patterns", outcome="missing" if wanting else "spoke" if found else "silenced",
            silenced="" if wanting or found else "all-mild", counted=None, touched=any(c.by or c.near for c in nearest), points=0.0,
            grade=pattern.grade, because=pattern.because, via=None, sources=self.prover.cited(pattern.sources), variants=len(ways),
            wanting=wanting, clauses=nearest,
        )  # fmt: skip
        return PatternNotFound(name, pattern.name, side, found, not wanting and not found, considered)


def _by_name(facts: Iterable[Fact]) -> dict[tuple[str, str], list[Fact]]:
    found: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        found[fact.kind, fact.name].append(fact)
    return found


def _turned(term: Term, side: str | None) -> str:
    """The side on which a premise is looked for, seen from the side that a rule binds: left, right, midline or any."""
    if term.side not in _SIDED or side is None:
        return "midline" if term.side == "midline" else "any"
    return side if term.side == "same" else mirrored(side)


def _nearest(term: Term, needed: str, facts: Iterable[Fact]) -> tuple[tuple[str, ...], tuple[Fact, ...]]:
    """What of the case contradicts a premise that nothing meets: why, and by which items. Nothing where it says nothing of it."""
    faults = [(told, fact) for fact in facts if (told := _faults(term, needed, fact))]
    if not faults:
        return (), ()
    best = min((told for told, _ in faults), key=lambda told: (len(told), -max(_WORST.index(f) for f in told)))
    return best, tuple(fact for told, fact in faults if told == best)


def _faults(term: Term, needed: str, fact: Fact) -> tuple[str, ...]:
    """How an item misses a premise; nothing where it says nothing of it: absent on another side, or in another task."""
    told = []
    if needed not in ("any", fact.side):
        told.append("no-side" if fact.side == "midline" else "other-side")
    if term.contexts and fact.context not in term.contexts:
        told.append("other-task" if fact.context else "no-task")
    if not fact.present:
        return ("absent",) if set(told) <= {"no-side"} else ()
    return (*told, "too-mild") if fact.level < term.level else tuple(told)


def _missing(clauses: Sequence[Clause]) -> tuple[int, int, int]:
    """How far a variant is from firing: premises not met, how many of these the case contradicts, in how many ways."""
    told = [c.because for c in clauses if c.status == "contradicted"]
    return sum(c.status != "met" for c in clauses), len(told), sum(map(len, told))


def _nearness(c: Considered) -> tuple[int, int, int, float, str]:
    return (*_missing(c.clauses), -c.points, c.rule)


def _decides(h: Hypothesis, spoken: bool, looks: frozenset[str], tested: bool, measure: ledger.Scale) -> str:
    if not spoken:
        return "nothing"
    if h.status == "contested":
        return "contested"
    if h.net >= measure.supported:
        if not ledger.is_telling(h.evidence):
            return "all-mild"
        return "instrument" if tested else "two-looks" if len(looks) > 1 else "one-look"
    return "outweighed" if h.net < 0 else "below"
