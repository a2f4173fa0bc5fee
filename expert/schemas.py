"""JSON Schemas of everything that goes in and comes out: cases, files of the knowledge, the assessment, every answer to a question.

What goes in and what answers a question has types already, so its schema is made from them. The assessment is put together as plain data
(`contract`), so its shape is written down here, object by object under the headings of docs/json.md; tests hold both to real answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NotRequired

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict  # pydantic reads the standard one only from Python 3.12 on

from expert import formats, questions
from expert.formats import ExerciseKind, Grade, Level, PhaseId, State
from expert.model import Tree
from expert.questions.next_tests import NextTest

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Sided = Literal["left", "right"]
Side = Literal["left", "right", "midline"]
OrBoth = Literal["left", "right", "midline", "both"]
Axis = Literal["activity", "length", "strength"]
Here = State | Literal["present"]
Place = Literal["muscle", "joint", "restriction", "pain", "load", "habit"]
Explanation = Literal["bone", "joint", "nerve", "pain", "tendon", "task", "habit", "load", "development", "disease", "other"]
_From = TypedDict("_From", {"from": list[str]})  # a word of Python, so it cannot be written as below

# --- the assessment: the headings of docs/json.md ----------------------------------------------------------------------------------


class Engine(TypedDict):
    """Which engine reasoned."""

    name: Literal["experta", "native"]
    version: str


class Knowledge(TypedDict):
    """Which knowledge it reasoned with."""

    version: str
    sha256: str
    shipped: bool
    rules: int
    findings: int
    muscles: int


class Item(TypedDict):
    """One thing that the case states. Its key names it everywhere."""

    key: str
    finding: str
    name: str
    kind: Literal["finding", "symptom", "history"]
    side: Side
    task: str | None
    present: bool
    severity: float
    reliability: float
    painful: bool
    written: str


class Missing(TypedDict):
    """What was not said and would have mattered."""

    what: str
    because: str


class Inputs(TypedDict):
    """What was read, and the case as it was given, without names and free notes."""

    used: list[Item]
    missing: list[Missing]
    case: dict[str, Any] | None


class Measured(TypedDict):
    """What measured values were judged to show."""

    measures: list[str]
    name: str
    side: Side
    values: str
    finding: str
    shows: str
    verdict: Literal["present", "borderline", "absent"]
    severe: bool
    because: str
    cautions: list[str]
    sources: list[str]


class Half(TypedDict):
    """A red flag that could not be decided and of which something is there."""

    id: str
    title: str
    level: Level
    findings: list[str]
    ask: list[str]


class Flag(TypedDict):
    """A red flag that is raised."""

    id: str
    title: str
    level: Level
    because: str
    action: str
    grade: Grade
    sources: list[str]
    findings: list[str]
    explains: list[str]
    to: str | None


class Referral(TypedDict):
    """The red flags: read them first."""

    level: Level | Literal["none", "not_screened"]
    asked: list[str]
    not_asked: list[str]
    not_applicable: list[str]
    half_met: list[Half]
    flags: list[Flag]


class Evidence(TypedDict):
    """One piece of evidence, as it counts."""

    rule: str
    channel: Literal["direct", "inferred"]
    points: float
    grade: Grade
    sources: list[str]
    because: str
    via: str | None
    findings: list[str]
    weight: float
    reliability: float
    severity: float


class Hypothesis(TypedDict):
    """What is suspected of one muscle, side and axis. Points are never a probability."""

    muscle: str
    name: str
    side: Sided
    axis: Axis
    state: State
    status: Literal["supported", "possible", "contested", "insufficient"]
    held: bool
    points: float
    points_for: float
    points_against: float
    confidence: Literal["hint", "low", "moderate", "high"]
    evidence: list[Evidence]


class Pattern(TypedDict):
    """A named whole that was found."""

    id: str
    name: str
    side: Side
    points: float
    confidence: Literal["hint", "low", "moderate", "high"]
    core: list[str]
    missing: list[str]
    because: str
    caution: str
    sources: list[str]


class Step(TypedDict):
    """One step of a path. The first is where it starts, and no link leads there."""

    kind: Place
    id: str
    name: str
    side: OrBoth
    state: Here
    link: str | None
    strength: float | None
    mechanism: str | None
    grade: Grade | None
    sources: list[str]
    tasks: list[str]


class Check(TypedDict):
    """The test that would show it."""

    finding: str
    name: str
    side: OrBoth
    tasks: list[str]
    how: str | None


class Prediction(TypedDict):
    """Where a compensation may travel: what to check next, never evidence."""

    kind: Place
    id: str
    name: str
    side: Side
    state: Here
    strength: float
    status: Literal["unchecked", "confirmed", "refuted", "undetermined"]
    check: Check | None
    path: list[Step]


class Account(TypedDict):
    """How a driver explains one item."""

    item: str
    how: Literal["seen", "rests", "walk", "cause"]
    strength: float
    path: list[Step]


class Driver(_From):
    """A problem that may come first: a candidate to check, never "the cause"."""

    kind: Place | Explanation | Literal["group"]
    id: str
    name: str
    side: OrBoth
    state: Here
    standing: Literal["seen", "stated", "supported", "possible", "unseen"]
    support: float
    explains: list[str]
    leaves: list[str]
    because: list[Account]
    follows: list[str]
    check: Check | None


class Instead(TypedDict):
    """What could stand in the place of a driver."""

    of: str
    could_be: list[str]
    more: int


class DriverSet(TypedDict):
    """A smallest set of drivers, and what they account for together."""

    drivers: list[str]
    explains: list[str]
    leaves: list[str]
    support: float
    instead: list[Instead]


class Loop(TypedDict):
    """States that feed one another."""

    nodes: list[str]
    because: str
    also: list[str]


class Cause(_From):
    """Another explanation, or a risk."""

    id: str
    title: str
    kind: Explanation | Literal["risk"]
    because: str
    grade: Grade
    sources: list[str]


class Outlook(_From):
    """What may be said about the course."""

    id: str | None
    text: str
    because: str
    grade: Grade | None
    sources: list[str]


class Claim(TypedDict):
    """One side of a conflict."""

    rule: str
    title: str
    because: str
    grade: Grade
    sources: list[str]


class Conflict(TypedDict):
    """Two rules that fired and dispute each other."""

    between: list[str]
    muscles: list[str]
    because: str
    sources: list[str]
    claims: list[Claim]


class Next(TypedDict):
    """Whether to look further."""

    should_stop: bool
    because: str
    at_stake: int
    flags_open: int
    cautions: list[str]


class Again(TypedDict):
    """A finding to look at again, and what rests on it."""

    key: str
    finding: str
    name: str
    side: Side
    task: str | None
    rests: list[str]


class Guidance(_From):
    """A piece of guidance; its words stand under the key that says what they are."""

    id: str
    title: str
    text: NotRequired[str]
    who: NotRequired[str]
    do: NotRequired[str]
    what: NotRequired[str]
    only_if: NotRequired[str]
    when: NotRequired[str]
    look_at: NotRequired[list[Again]]
    to: NotRequired[str]
    on: NotRequired[str]
    because: str
    grade: Grade
    sources: list[str]


class Named(TypedDict):
    """A muscle and its name."""

    id: str
    name: str


class Order(_From):
    """Which side of which muscles comes first, and until what."""

    muscles: list[Named]
    first: Literal["left", "right", "both"]
    until: str
    because: str
    sources: list[str]


class Dose(TypedDict):
    """How much of an exercise; ranges from low to high."""

    sets: list[int] | None
    repetitions: list[int] | None
    hold_s: list[int] | None
    times_a_week: list[int] | None
    effort: str | None
    sources: list[str]


class Exercise(TypedDict):
    """An example of a step."""

    id: str
    name: str
    kind: ExerciseKind
    how: str
    dose: Dose
    progress: str
    grade: Grade
    sources: list[str]


class PlanItem(TypedDict):
    """What to do for one muscle and side in one phase."""

    muscle: str
    name: str
    side: Sided
    strategy: str
    do: str
    because: str
    states: list[State]
    exercises: list[Exercise]
    sources: list[str]


class Phase(TypedDict):
    """One phase of the plan."""

    id: PhaseId
    name: str
    goal: str
    progress: str
    items: list[PlanItem]


class LeftOut(_From):
    """An exercise that would be an example and must not be."""

    exercise: str
    name: str
    sides: list[Sided]
    by: str
    because: str
    sources: list[str]


class Plan(TypedDict):
    """The proposal, or why it is withheld."""

    withheld: bool
    provisional: bool
    because: list[str]
    gate: Guidance | None
    provider: Guidance | None
    order: list[Order]
    phases: list[Phase]
    stop: list[Guidance]
    self_care: list[Guidance]
    adjuncts: list[Guidance]
    reassess: Guidance | None
    escalate: list[Guidance]
    left_out: list[str]
    left_out_exercises: list[LeftOut]


class Unused(TypedDict):
    """What the case states and nothing could use."""

    finding: str
    because: str


class TraceLine(TypedDict):
    """One firing."""

    stratum: Literal[0, 1, 2]
    rule: str
    premises: list[str]
    conclusion: str


class Assessment(TypedDict):
    """What one case gives. Hypotheses for professionals, never a diagnosis; red flags (`referral`) come first."""

    schema_version: Literal[1]
    case_id: str
    engine: Engine
    knowledge: Knowledge
    inputs: Inputs
    measured: list[Measured]
    referral: Referral
    hypotheses: list[Hypothesis]
    contradicted: list[Hypothesis]
    patterns: list[Pattern]
    predicted: list[Prediction]
    drivers: list[Driver]
    driver_sets: list[DriverSet]
    loops: list[Loop]
    causes: list[Cause]
    risks: list[Cause]
    outlook: Outlook
    next: Next
    next_tests: list[NextTest]
    conflicts: list[Conflict]
    uncertainty: questions.Uncertainty
    plan: Plan
    unused: list[Unused]
    trace: list[TraceLine]
    warnings: list[str]


# --- schemas ------------------------------------------------------------------------------------------------------------------------

READ: Mapping[str, Any] = {
    "case": formats.CaseFile, "knowledge": formats.KnowledgeFile, "pack": formats.PackFile, "pack-case": formats.PackCase,
}  # fmt: skip
TOLD: Mapping[str, Any] = {
    "assessment": Assessment, "why": questions.Why, "why-not": questions.WhyNot, "what-if": questions.WhatIf,
    "overturn": questions.Overturn, "next": questions.NextTests, "drivers": questions.Drivers, "uncertainty": questions.Uncertainty,
    "chain": questions.Chain, "steps": questions.Steps, "compare": questions.Comparison,
}  # fmt: skip
NAMES = (*READ, *TOLD)


def schema(name: str) -> Tree:
    """The JSON Schema of what is read (a case, a file of the knowledge) or told (the assessment, an answer) under a name."""
    return told(TOLD[name]) if name in TOLD else _alone(together({"": READ[name]}, {}, _WITHIN))


def told(type_: Any) -> Tree:
    """The JSON Schema of any type of answer."""
    return _alone(together({}, {"": type_}, _WITHIN))


_WITHIN = "#/$defs/{model}"


def _alone(made: tuple[dict[str, Tree], Tree]) -> Tree:
    (top,), parts = made[0].values(), made[1]
    if "$ref" in top:
        top = parts.pop(top["$ref"].rpartition("/")[2])
    return {"$schema": DIALECT, **top, **({"$defs": parts} if parts else {})}


def together(read: Mapping[str, Any], told: Mapping[str, Any], ref: str) -> tuple[dict[str, Tree], Tree]:
    """Schemas by name, of types that are read and of types that are told, and the definitions that all of them share."""
    modes = (("validation", read), ("serialization", told))
    adapters = [(name, mode, TypeAdapter(type_)) for mode, types in modes for name, type_ in types.items()]
    made, shared = TypeAdapter.json_schemas(adapters, ref_template=ref, schema_generator=_Told)  # type: ignore[arg-type]
    renamed = _shorter(shared.get("$defs", {}))
    return (
        {name: _neat(one, renamed, name in told) for (name, _), one in made.items()},
        {renamed[name]: _neat(one, renamed, True) for name, one in shared.get("$defs", {}).items()},
    )


class _Told(GenerateJsonSchema):
    """Named tuples are told as objects, and every field of an answer is always there."""

    def named_tuple_schema(self, schema: Any) -> Tree:
        return self._object(schema["cls"], schema["fields"])

    def call_schema(self, schema: Any) -> Tree:  # what pydantic before 2.14 makes of a named tuple
        return self._object(schema["function"], schema["arguments_schema"]["arguments_schema"])

    def _object(self, made: type, fields: Iterable[Any]) -> Tree:
        told = {field["name"]: self.generate_inner(field["schema"]) for field in fields}
        about = {"description": made.__doc__} if made.__doc__ and not made.__doc__.startswith(f"{made.__name__}(") else {}
        return {**about, "properties": told, "required": list(told), "title": made.__name__, "type": "object"}

    def field_is_required(self, field: Any, total: bool) -> bool:
        return (field["type"] == "dataclass-field" and self.mode == "serialization") or super().field_is_required(field, total)


def _shorter(names: Iterable[str]) -> dict[str, str]:
    """`expert__questions__change__Thing`, where two modules have a Thing, as `change.Thing`."""
    return {name: ".".join(name.split("__")[-2:]) for name in names}


def _neat(tree: Any, renamed: Mapping[str, str], closed: bool) -> Any:
    """References under their shorter names; objects whose keys are known take and have no other keys."""
    if isinstance(tree, list):
        return [_neat(part, renamed, closed) for part in tree]
    if not isinstance(tree, dict):
        return tree
    made = {key: _neat(part, renamed, closed) for key, part in tree.items()}
    if isinstance(there := made.get("$ref"), str):
        head, _, last = there.rpartition("/")
        made["$ref"] = f"{head}/{renamed.get(last, last)}"
    if closed and made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made
