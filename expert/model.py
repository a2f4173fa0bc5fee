"""The words of the domain, frozen: what a case states, what rules are compiled to, what is concluded and why.

What is made by the hundred for one case is a NamedTuple (cheap to make, to compare, to hash), the rest are frozen dataclasses.
Amounts are integers in thousandths wherever they are added (points, factors, strengths), so that the order of adding
cannot matter; they become decimals only in `contract`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from expert import formats
from expert.words import Words

AXES: Mapping[str, tuple[str, str]] = {
    "activity": ("overactive", "underactive"),
    "length": ("shortened", "lengthened"),
    "strength": ("weak", "strong"),
}
AXIS_OF: Mapping[str, str] = {state: axis for axis, states in AXES.items() for state in states}
OPPOSITE_STATE: Mapping[str, str] = {a: b for s in AXES.values() for a, b in (s, s[::-1])}
MIRROR: Mapping[str, str] = {"left": "right", "right": "left"}
LEVELS = ("emergency", "urgent", "soon", "routine")


def mirrored(side: str) -> str:
    """The other side; midline and unsided stay."""
    return MIRROR.get(side, side)


def sides_of(relative: str, side: str) -> tuple[str, ...]:
    """The body sides that `same`, `opposite` or `both` mean, seen from a side; from the midline, both."""
    if relative == "both" or side not in MIRROR:
        return ("left", "right")
    return (side if relative == "same" else MIRROR[side],)


# --- what a case states ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """One thing the case states, in the knowledge base's own words. `severity`, `reliability`: factors in thousandths."""

    key: str
    finding: str
    kind: str
    side: str
    task: str
    present: bool
    severity: int
    reliability: int
    instrumented: bool
    painful: bool
    written: str
    note: str = ""
    seen_by: str = ""
    settles: str = ""  # the axis about which an instrument's word is enough: length for a length test, strength for a strength test


@dataclass(frozen=True, slots=True)
class Surgery:
    """An operation and what its surgeon restricted."""

    name: str
    side: str
    date: str
    restrictions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Patient:
    """What is known of the person and bears on safety. None: not said."""

    age: int | None = None
    sex: str | None = None
    pregnancy: bool | None = None
    postpartum_weeks: int | None = None
    surgery: tuple[Surgery, ...] = ()


@dataclass(frozen=True, slots=True)
class Unused:
    """Something the case states that nothing could use, and why."""

    finding: str
    because: str


class Missing(NamedTuple):
    """Something that was not said and would have mattered: a key, a measure and side, `findings` or `patient.age`; and why."""

    what: str
    because: str


class Amount(NamedTuple):
    """One measured value in its dimension's base unit. `written`: as the case has it."""

    measure: str
    side: str
    dimension: str
    amount: float
    written: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What measured values were judged to show of one finding and side. verdict: present | borderline | absent."""

    measures: tuple[str, ...]
    side: str
    written: str
    finding: str
    verdict: str
    because: str
    sources: tuple[str, ...]
    painful: bool
    manual: bool
    severe: bool = False
    amounts: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True)
class Stated:
    """A normalised case: its items in order of their keys; `ruled_out`: red flags that were asked about as a whole and denied.

    `case`: what it was read from, so that an answer can be derived again.
    """

    case_id: str
    items: tuple[Item, ...]
    patient: Patient
    unknown: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()
    warnings: tuple[str, ...] = ()
    measured: tuple[Measured, ...] = ()
    amounts: tuple[Amount, ...] = ()
    case: formats.CaseFile | None = field(default=None, compare=False)

    @property
    def today(self) -> str:
        """The day of the visit (YYYY-MM-DD or less), "" where it is not told."""
        visit = self.case.visit if self.case else None
        return visit.date or "" if visit else ""


# --- facts, rules and firings --------------------------------------------------------------------------------------------


class Fact(NamedTuple):
    """What an engine matches. kind: finding | hypothesis | pattern; `context`: a finding's task, a hypothesis's driver."""

    key: str
    kind: str
    name: str
    state: str = ""
    side: str = "midline"
    context: str = ""
    level: int = 0
    present: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """One premise. `name` "" binds any muscle; `side` is same or opposite, seen from the side the rule binds, or any, or midline."""

    kind: str
    name: str
    state: str = ""
    side: str = "same"
    contexts: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    level: int = 0
    present: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Variant:
    """One way in which a rule can fire: all terms hold, none of `unless` does. `derives`: the pattern it concludes."""

    rule: str
    number: int
    terms: tuple[Term, ...]
    unless: tuple[Term, ...] = ()
    absent: bool = False
    derives: str = ""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Program:
    """The variants of one stage. Equal only to itself, so that engines built for it can be found at once."""

    variants: tuple[Variant, ...]
    _read: frozenset[tuple[str, str, str]] = field(init=False)
    _unless: frozenset[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        read = {(t.kind, t.name, t.state) for v in self.variants for t in (*v.terms, *v.unless)}
        object.__setattr__(self, "_read", frozenset(read))
        object.__setattr__(self, "_unless", frozenset((t.kind, t.name) for v in self.variants for t in v.unless))

    def reads(self, fact: Fact) -> bool:
        """Whether any premise could be met by this fact; what nothing reads need not be shown to an engine."""
        return (fact.kind, fact.name, fact.state) in self._read or (fact.kind, "", fact.state) in self._read

    def bars(self, facts: Iterable[Fact]) -> bool:
        """Whether some rule must not meet one of these facts."""
        return any((f.kind, f.name) in self._unless or (f.kind, "") in self._unless for f in facts)

    def by_premises(self) -> tuple[tuple[Variant, ...], ...]:
        """The variants grouped by what they wait for: engines match each set of premises once, whatever rules share it."""
        groups: dict[tuple[tuple[Term, ...], tuple[Term, ...]], list[Variant]] = {}
        for variant in self.variants:
            groups.setdefault((variant.terms, variant.unless), []).append(variant)
        return tuple(tuple(group) for group in groups.values())


class Firing(NamedTuple):
    """A rule that fired: for which side and muscle, on which facts. Sorted, these are the trace."""

    rule: str
    side: str
    muscle: str
    absent: bool
    premises: tuple[str, ...]


class About(NamedTuple):
    """What a hypothesis is about: one muscle, one side, one axis, one state of it."""

    muscle: str
    side: str
    axis: str
    state: str

    @property
    def key(self) -> str:
        return f"{self.muscle}:{self.side}:{self.state}"


@dataclass(frozen=True, slots=True)
class Target:
    """A conclusion, compiled: points (thousandths) for or against one state of one muscle. `muscle` "": whichever was bound."""

    muscle: str
    via: str
    side: str
    state: str
    points: int
    absent: int
    against: bool = False
    driver: str = "muscle"
    because: str = ""

    def abouts(self, side: str, matched: str) -> tuple[About, ...]:
        """What it concludes about, for the side and the muscle that a firing bound."""
        return _abouts(self.muscle or matched, self.side, self.state, side)


@lru_cache(maxsize=8192)
def _abouts(muscle: str, relative: str, state: str, side: str) -> tuple[About, ...]:
    return tuple(About(muscle, one, AXIS_OF[state], state) for one in sides_of(relative, side))


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to draw evidence from."""

    id: str
    title: str
    stage: str
    targets: tuple[Target, ...]
    because: str
    grade: str
    sources: tuple[str, ...]
    lineage: str
    group: str
    disputes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleBase:
    """All rules, compiled: programs of variants by stage (direct, inferred, patterns) and the rules they belong to."""

    rules: Mapping[str, CompiledRule]
    programs: Mapping[str, Program]


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """Everything in kb/ and rules/, by id, checked; and the words by which people name it."""

    version: str
    sha256: str
    shipped: bool
    about: formats.About
    constants: formats.Constants
    sources: Mapping[str, formats.Source]
    muscles: Mapping[str, formats.Muscle]
    groups: Mapping[str, formats.Group]
    regions: Mapping[str, formats.Region]
    joints: Mapping[str, formats.Joint]
    shares: tuple[formats.MeasuredShare, ...]
    measured_actions: tuple[formats.MeasuredAction, ...]
    reversals: tuple[formats.Reversal, ...]
    units: Mapping[str, formats.Unit]
    measures: Mapping[str, formats.Measure]
    batteries: Mapping[str, formats.Battery]
    risks: Mapping[str, formats.Risk]
    outlooks: Mapping[str, formats.Outlook]
    claims: Mapping[str, formats.Claim]
    glossary: Mapping[str, formats.GlossaryTerm]
    everyday: Mapping[str, formats.Everyday]
    coverage: Mapping[str, formats.CoverageRow]
    tasks: Mapping[str, formats.Task]
    findings: Mapping[str, formats.FindingType]
    kinds: Mapping[str, str]
    nodes: Mapping[str, formats.Node]
    link_kinds: Mapping[str, formats.LinkKind]
    links: Mapping[str, formats.Link]
    chains: Mapping[str, formats.Chain]
    causes: Mapping[str, formats.Cause]
    strategies: Mapping[str, formats.Strategy]
    phases: tuple[formats.Phase, ...]
    cautions: Mapping[str, formats.Caution]
    contraindications: Mapping[str, formats.Contraindication]
    provocations: Mapping[str, formats.Provocation]
    exercises: Mapping[str, formats.Exercise]
    guidance: Mapping[str, formats.Guidance]
    rules: Mapping[str, formats.Rule]
    patterns: Mapping[str, formats.Pattern]
    flags: Mapping[str, formats.Flag]
    words: Words
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    derived: Mapping[str, formats.Link] = field(default_factory=dict)

    def link(self, name: str) -> formats.Link:
        """A link by id: reviewed by hand, or derived from anatomy."""
        return self.links[name] if name in self.links else self.derived[name]

    def title(self, rule: str) -> str:
        """What a rule or a pattern is called; a rule that mechanics makes, by its finding."""
        if rule in self.rules:
            return self.rules[rule].title
        shown = self.findings.get(rule.removeprefix("mechanics.").partition(".")[0])
        if shown is not None:
            return f"What the position itself holds short and long: {shown.name}"
        return self.patterns[rule].name if rule in self.patterns else rule

    def lineage(self, source: str) -> str:
        """Whose claim a source repeats in the end."""
        return self.sources[source].lineage or source

    def members(self, name: str) -> tuple[str, ...]:
        """The muscles a muscle or group id stands for."""
        return self.groups[name].members if name in self.groups else (name,)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Knowledge:
    """A knowledge base with its rules compiled: what `assess` reasons with. Made by `load_knowledge`, shared freely."""

    kb: KnowledgeBase
    rulebase: RuleBase


# --- evidence and hypotheses ---------------------------------------------------------------------------------------------


class Basis(NamedTuple):
    """What all evidence of one firing shares: the stated items it rests on, and the factors (thousandths) they bring."""

    channel: str
    group: str
    findings: tuple[str, ...]
    premises: tuple[str, ...]
    reliability: int
    severity: int
    settles: str
    absent: bool


class Piece(NamedTuple):
    """One piece of evidence before it is weighed. `full` = points x reliability x severity, in billionths, exact."""

    about: About
    full: int
    rule: CompiledRule
    target: Target
    basis: Basis

    @property
    def against(self) -> bool:
        """Whether it speaks against the state, and for nothing."""
        return self.basis.absent or self.target.against

    @property
    def because(self) -> str:
        """Why, in a sentence."""
        return self.target.because or self.rule.because


class Evidence(NamedTuple):
    """A weighed piece: what it counts (thousandths, negative when against) after repeats of one finding are discounted."""

    piece: Piece
    weight: int
    points: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What is suspected of one muscle state, with the whole balance sheet behind it. Amounts in thousandths."""

    about: About
    name: str
    net: int
    points_for: int
    points_against: int
    status: str
    confidence: str
    evidence: tuple[Evidence, ...]
    held: bool = False

    @property
    def muscle(self) -> str:
        """The muscle's id."""
        return self.about.muscle

    @property
    def side(self) -> str:
        """left or right, the patient's."""
        return self.about.side

    @property
    def axis(self) -> str:
        """activity, length or strength."""
        return self.about.axis

    @property
    def state(self) -> str:
        """What is suspected, e.g. underactive."""
        return self.about.state

    @property
    def points(self) -> float:
        """The net weight of evidence, in points (10 log10 of a likelihood ratio); never a probability."""
        return self.net / 1000

    @property
    def findings(self) -> frozenset[str]:
        """The stated items that speak for it."""
        return frozenset(f for e in self.evidence if e.points > 0 for f in e.piece.basis.findings)

    @property
    def sends(self) -> bool:
        """Whether it may send predictions and ask for a plan."""
        return self.status == "supported" and not self.held


@dataclass(frozen=True, slots=True)
class PatternFound:
    """A pattern whose core was seen."""

    id: str
    name: str
    side: str
    points: int
    confidence: str
    core: tuple[str, ...]
    missing: tuple[str, ...]
    because: str
    sources: tuple[str, ...]
    caution: str


# --- referral, spread, advice --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FlagRaised:
    """A red flag that the case raises."""

    id: str
    title: str
    level: str
    because: str
    action: str
    grade: str
    sources: tuple[str, ...]
    findings: tuple[str, ...]
    explains: tuple[str, ...]
    to: str = ""


@dataclass(frozen=True, slots=True)
class HalfMet:
    """A red flag of which something is there, and what has yet to be asked to decide it."""

    id: str
    title: str
    level: str
    findings: tuple[str, ...]
    ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Referral:
    """The screening: its level, which flags could be decided from what was asked, which could not, and which of these are half met."""

    level: str
    asked: tuple[str, ...]
    not_asked: tuple[str, ...]
    flags: tuple[FlagRaised, ...]
    not_applicable: tuple[str, ...] = ()
    half_met: tuple[HalfMet, ...] = ()

    @property
    def stops_plan(self) -> bool:
        return self.level in ("emergency", "urgent")


class State(NamedTuple):
    """A node of the spread graph: a muscle in a state, or a place of the body's state that is `present`."""

    kind: str
    id: str
    state: str
    side: str


class Step(NamedTuple):
    """One link walked: where it leads, by which link, why, on whose word."""

    to: State
    link: str
    strength: int
    mechanism: str
    grade: str
    sources: tuple[str, ...]
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """The finding that would confirm or refute a prediction."""

    finding: str
    side: str
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where a compensation may travel: never evidence, always with what to look at next."""

    start: State
    target: State
    strength: int
    status: str
    check: Check | None
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """States that feed one another round, on both sides where left and right are alike; `also`: what wider circles through them add."""

    nodes: tuple[State, ...]
    because: str
    also: tuple[State, ...] = ()


class Account(NamedTuple):
    """How a candidate explains an item: `seen` is what it shows, `rests`: its hypothesis rests on it, `walk`: links lead there, `cause`."""

    item: str
    strength: int
    how: str
    path: tuple[Step, ...]


class Driver(NamedTuple):
    """A problem that may be a first one. standing: seen | stated | supported | possible | unseen; `follows`: what it may come from."""

    about: State
    standing: str
    own: int
    support: int
    items: tuple[str, ...]
    explains: tuple[Account, ...]
    leaves: tuple[str, ...]
    check: Check | None
    follows: tuple[State, ...] = ()

    @property
    def items_explained(self) -> frozenset[str]:
        """The keys of the items it explains."""
        return frozenset(a.item for a in self.explains)


@dataclass(frozen=True, slots=True)
class DriverSet:
    """Drivers that account for the findings together; `instead`: what could stand in the place of each; `others`: how many more."""

    drivers: tuple[Driver, ...]
    explains: tuple[str, ...]
    leaves: tuple[str, ...]
    support: int
    instead: tuple[tuple[Driver, ...], ...]
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StruckOut:
    """What would explain something and cannot be. because: absent | contradicted | opposite | contested | held."""

    about: State
    because: str
    items: tuple[str, ...]
    explains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetAside:
    """A present item that drivers need not explain. because: flag | pain | reassures."""

    item: str
    because: str


@dataclass(frozen=True, slots=True)
class Covering:
    """Which few problems account for what was found.

    nothing: "" | none | aside | flag | mild | one | apart, why there is nothing to account for.
    """

    to_explain: tuple[str, ...]
    nothing: str
    set_aside: tuple[SetAside, ...]
    sets: tuple[DriverSet, ...]
    candidates: tuple[Driver, ...]
    struck_out: tuple[StruckOut, ...]
    unexplained: tuple[str, ...]
    more: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause or risk: what it is, from which items, why, on whose word."""

    id: str
    title: str
    kind: str
    because: str
    grade: str
    sources: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What may be said about the course, why, on whose word."""

    id: str
    text: str
    because: str
    grade: str
    sources: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of guidance that goes with this case: its words, why, on whose word, from which items."""

    id: str
    title: str
    text: str
    because: str
    grade: str
    sources: tuple[str, ...]
    findings: tuple[str, ...]
    only_if: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """An exercise that would be an example for these sides, and must not be while something is there.

    `by`: the contraindication's id, or `surgery`, or `length` (it would stretch what is long).
    """

    exercise: str
    name: str
    sides: tuple[str, ...]
    by: str
    because: str
    sources: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SideFirst:
    """Which side of these muscles is trained first (left, right or both alike), and until what."""

    muscles: tuple[str, ...]
    first: str
    until: str
    because: str
    sources: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookAgain:
    """An item that supported hypotheses rest on, and which (`muscle:side:state`)."""

    item: str
    rests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What to do for one muscle in one phase, with at most two exercises as examples."""

    muscle: str
    name: str
    side: str
    strategy: str
    do: str
    because: str
    states: tuple[str, ...]
    sources: tuple[str, ...]
    exercises: tuple[formats.Exercise, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanPhase:
    """One of the four steps."""

    id: str
    name: str
    goal: str
    progress: str
    items: tuple[PlanItem, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The proposal, or why there is none; and what must be left out of it, whoever makes it."""

    withheld: bool
    provisional: bool
    because: tuple[str, ...]
    phases: tuple[PlanPhase, ...]
    left_out: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    gate: Told | None = None
    provider: Told | None = None
    order: tuple[SideFirst, ...] = ()
    stop: tuple[Told, ...] = ()
    self_care: tuple[Told, ...] = ()
    adjuncts: tuple[Told, ...] = ()
    reassess: Told | None = None
    look_again: tuple[LookAgain, ...] = ()
    escalate: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Claims that cannot both be right: which rules, about which muscles (ids)."""

    between: tuple[str, ...]
    muscles: tuple[str, ...]
    because: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One firing of the trace, told in keys."""

    stratum: int
    rule: str
    premises: tuple[str, ...]
    conclusion: str


@dataclass(frozen=True, slots=True)
class Result:
    """Everything one run concluded; `contract` turns it into the JSON that other programs build on."""

    stated: Stated
    engine: str
    engine_version: str
    referral: Referral
    hypotheses: tuple[Hypothesis, ...]
    contradicted: tuple[Hypothesis, ...]
    patterns: tuple[PatternFound, ...]
    predicted: tuple[Prediction, ...]
    drivers: Covering
    loops: tuple[Loop, ...]
    causes: tuple[Reason, ...]
    risks: tuple[Reason, ...]
    outlook: Outlook | None
    plan: Plan
    conflicts: tuple[Conflict, ...]
    unused: tuple[Unused, ...]
    trace: tuple[TraceLine, ...]
    missing: tuple[Missing, ...] = ()
    observed: tuple[Hypothesis, ...] = ()  # as they stood on what was observed alone: what inferred evidence rests on

    @property
    def measured(self) -> tuple[Measured, ...]:
        """What the measured values were judged to show."""
        return self.stated.measured


Tree = dict[str, Any]
