"""The shape of every file: what may stand in a case, in kb/ and in rules/. These models are the doors and the JSON Schemas.

Everything is frozen. Text is text, true is true, 3 is a number: nothing is converted on the quiet.
Cross-references (does this muscle exist?) are checked where the whole is known, in `knowledge` and `rulebase`.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

Id = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2000)]
Words = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=120)]
# Bounds stand before it, so that the JSON Schema has them too.
_Whole = AfterValidator(lambda number: int(number) if number.is_integer() else number)
Number = Annotated[StrictFloat, Field(allow_inf_nan=False), _Whole]
Points = Annotated[StrictFloat, Field(ge=0, le=30, allow_inf_nan=False), _Whole]
Share = Annotated[StrictFloat, Field(ge=0, le=1, allow_inf_nan=False), _Whole]

Grade = Literal["A", "B", "C", "D"]
State = Literal["overactive", "underactive", "shortened", "lengthened", "weak", "strong"]
Relative = Literal["same", "opposite", "both"]
Side = Literal["left", "right", "bilateral", "midline"]
Level = Literal["emergency", "urgent", "soon", "routine"]
BodyPart = Literal[
    "foot", "leg", "knee", "thigh", "hip", "pelvis", "abdomen", "back", "thorax", "shoulder", "arm", "forearm", "neck", "head",
]  # fmt: skip
Driver = Literal["muscle", "gravity", "ground", "joint", "pain", "unknown"]
PhaseId = Literal["awareness", "mobility", "activation", "integration"]
ExerciseKind = Literal["release", "lengthen", "mobilise", "activate", "strengthen", "endurance", "control"]


class Shape(BaseModel):
    """The base of all shapes: frozen, and an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Wordy(Shape):
    """A shape for which plain words may stand alone; its schema says so as well."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> Any:
        schema = handler.resolve_ref_schema(handler(core))
        whole = {**schema}
        schema.clear()
        schema["anyOf"] = [{"type": "string", "minLength": 1, "maxLength": 120}, whole]
        return schema


class Entry(Shape):
    """Anything with an id. In a user's own folder it may stand in for a shipped one, if it says so."""

    id: Id
    overrides: StrictBool = Field(False, description="stands in for the shipped entry of the same id")


# --- sources -----------------------------------------------------------------------------------------------------------


class Source(Entry):
    """Where a claim was read. Two sources of one `lineage` repeat one author and count once."""

    title: Text
    authors: Text | None = None
    year: StrictInt | None = None
    where: Text
    kind: Literal[
        "study", "review", "guideline", "textbook", "table", "web", "seed", "measurement", "general-knowledge"
    ]
    lineage: Id | None = Field(None, description="whose claim this is in the end; default: the source's own id")
    read: Literal["whole", "part", "abstract", "summary", "none"] = Field(
        description="how much of it was read by the authors of this base; none: general knowledge, grade D at most"
    )
    note: Text | None = None


# --- the body ----------------------------------------------------------------------------------------------------------


class Part(Shape):
    """Fibres of a muscle that do not all act alike: the anterior fibres of gluteus medius, the costal part of pectoralis major."""

    name: Words
    actions: tuple[Id, ...] = Field(min_length=1, description="direction ids, as the textbook has them for this part")


class Tendency(Shape):
    """What a school of thought says this muscle tends to become. A teaching, not a finding."""

    to: Literal["overactive", "underactive", "shortened", "lengthened", "weak"]
    source: Id


class Difference(Shape):
    """Where the textbook's direction and the measured one disagree, and why."""

    part: Words | None = None
    direction: Id = Field(description="the direction that the textbook gives")
    because: Text


class Muscle(Entry):
    """A muscle as clinicians name it. Directions are the textbook's; how much it contributes is in `shares`."""

    name: Text
    region: BodyPart
    synonyms: tuple[Words, ...] = ()
    actions: tuple[Id, ...] = Field((), description="direction ids of kb/joints.yaml")
    parts: tuple[Part, ...] = ()
    two_joint: StrictBool = False
    role: Literal["mover", "stabiliser", "both"] | None = None
    reach: Literal["local", "global"] | None = None
    gravity: Literal["pro", "anti"] | None = Field(None, description="pro- or anti-gravity, where a source says so")
    tendency: tuple[Tendency, ...] = ()
    differs: tuple[Difference, ...] = Field((), description="where measurement contradicts the textbook's directions")
    origin: Text | None = None
    insertion: Text | None = None
    nerve: Text | None = None
    levels: Text | None = None
    labels: dict[str, Text] = Field(default_factory=dict, description="names in other languages, by language code")
    sources: tuple[Id, ...]


class Region(Entry):
    """A part of the drawn body that can be pointed at, on the left and on the right, with the muscles that lie under it."""

    name: Text
    view: Literal["front", "back"]
    surface: tuple[Id, ...] = Field((), description="muscles that lie under the skin there")
    deep: tuple[Id, ...] = Field((), description="muscles that lie deeper, to which this region is the nearest")
    nearest: tuple[BodyPart, ...] = Field((), description="parts of the body whose muscles are shown here where no region names them")
    seen: tuple[Id, ...] = Field((), description="regions of findings that are looked for here")


class Group(Entry):
    """Muscles that are spoken of together ("hip flexors"); a rule about a group is compiled into its members."""

    name: Text
    synonyms: tuple[Words, ...] = ()
    members: tuple[Id, ...] = Field(min_length=1)


class Axis(Shape):
    """One degree of freedom and its two directions. `sided`: an axial turn or bend, told from the muscle's own side."""

    id: Id
    directions: tuple[Id, Id]
    sided: StrictBool = False


class Joint(Entry):
    """A joint and the axes about which it moves. `axial` joints lie in the midline and belong to both sides."""

    name: Text
    axial: StrictBool = False
    axes: tuple[Axis, ...] = Field(min_length=1)


class MeasuredShare(Shape):
    """What part of a direction's moment a muscle gives, averaged over the range (0..1); measured on published models.

    `part`: of that, what one part gives; needed only where a part turns round (Reversal).
    """

    muscle: Id
    part: Words | None = None
    direction: Id
    share: Share
    overrides: StrictBool = Field(False, description="stands in for the shipped share")


class MeasuredAction(Shape):
    """The net direction in which a muscle, or one part of it, was measured to act about one axis; own measurement."""

    muscle: Id
    part: Words | None = None
    direction: Id


class Reversal(Shape):
    """A muscle whose action turns round as a joint moves: below the angle it acts one way, above it the other."""

    muscle: Id
    part: Words | None = None
    below: Id = Field(description="the direction in which it acts at smaller angles")
    above: Id = Field(description="the direction in which it acts at larger angles")
    angle_of: Id = Field(description="the direction whose angle decides, e.g. hip-flexion")
    from_deg: Number = Field(description="the lowest angle at which any model turns")
    to_deg: Number = Field(description="the highest angle at which any model turns")
    source: Id


# --- what is seen, asked and told ----------------------------------------------------------------------------------------


class Synonym(Wordy):
    """Words that people really use. `side`: whether the side said with these words is the finding's own or the other."""

    words: Words
    side: Literal["same", "opposite"] = "same"
    task: Id | None = Field(None, description="a task that the words imply")

    @model_validator(mode="before")
    @classmethod
    def _plain_words(cls, given: Any) -> Any:
        return {"words": given} if isinstance(given, str) else given


class Task(Entry):
    """What the person does while being looked at."""

    name: Text
    synonyms: tuple[Words, ...] = ()
    single_leg: StrictBool = False
    loads: Literal["legs", "arms"] | None = Field(None, description="what it loads beyond standing, sitting and walking at ease")
    angles_deg: dict[Id, Number] = Field(
        default_factory=dict, description="joint angles of this task where muscles may have turned round, by direction"
    )
    angle_source: Id | None = None


class Reliability(Shape):
    """How well observers agree on a finding: a published kappa or ICC, or `instrumented`."""

    kappa: Annotated[StrictFloat, Field(ge=-1, le=1), _Whole] | None = None
    icc: Annotated[StrictFloat, Field(ge=-1, le=1), _Whole] | None = None
    task: Id | None = None
    source: Id


class Deviation(Shape):
    """One component of the position that a finding shows. `side`: the side of that joint, seen from the finding's side."""

    direction: Id
    side: Relative = "same"
    weight: Share = 1
    driven_by: Driver
    angle_deg: Number | None = Field(None, description="the angle at which it is seen, where actions turn round")
    source: Id


class FindingType(Entry):
    """Something that can be seen, tested, asked or told. Its side is the patient's, and `side_means` says of what."""

    name: Text
    synonyms: tuple[Synonym, ...] = ()
    how: Text | None = Field(None, description="how to see or ask it, in one sentence")
    sides: tuple[Side, ...] = Field(("left", "right", "bilateral"), min_length=1)
    side_optional: StrictBool = False
    side_means: Text | None = None
    side_source: Id | None = None
    stance: Literal["same", "opposite"] | None = Field(
        None, description="which leg stands in a single-leg task, seen from the finding's side"
    )
    tasks: tuple[Id, ...] = ()
    method: Literal[
        "observation", "length-test", "strength-test", "range-test", "palpation", "response", "question"
    ] = "observation"
    view: Literal["front", "side", "back", "any"] | None = Field(None, description="from where it is seen")
    group: Id | None = Field(None, description="findings of one group describe one thing and do not add in full")
    region: Id | None = None
    deviation: tuple[Deviation, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    pain: StrictBool = Field(False, description="that it is there means that something hurts")
    told_by_pain: StrictBool = Field(False, description="pain noted on any finding says this by itself")
    visceral: StrictBool = Field(False, description="belongs to one side of the body by nature; left out of mirroring")

    @property
    def needs_no_side(self) -> bool:
        """Whether it may be told without a side."""
        return self.side_optional or self.sides == ("midline",)


class Range(Shape):
    """A closed range of years."""

    at_least: Annotated[StrictInt, Field(ge=0, le=130)] | None = None
    at_most: Annotated[StrictInt, Field(ge=0, le=130)] | None = None

    def holds(self, years: int) -> bool:
        """Whether an age lies in it."""
        return (self.at_least is None or years >= self.at_least) and (self.at_most is None or years <= self.at_most)


# --- what is measured ----------------------------------------------------------------------------------------------------


Dimension = Literal["force", "torque", "angle", "length", "time", "grade", "count", "force-per-mass", "torque-per-mass"]


class Unit(Entry):
    """A unit by its UCUM symbol. `factor`: how many of the dimension's base unit one of it is."""

    symbol: Words
    words: tuple[Words, ...] = ()
    dimension: Dimension
    factor: Annotated[StrictFloat, Field(gt=0, allow_inf_nan=False), _Whole] = 1
    most: Number | None = Field(None, description="more than this there is not, whatever is measured")


class Error(Shape):
    """How far two measurements of one thing may differ by chance: the smallest detectable change, in a unit or in per cent (%)."""

    value: Annotated[StrictFloat, Field(ge=0, allow_inf_nan=False), _Whole]
    unit: Words
    source: Id


class Judgement(Shape):
    """What a value shows. Beyond `present` it is there, within `absent` it is not, and between the two it is borderline.

    `by: norm` compares one value, `ratio` its quotient with `to` on the same side, `side-difference` the two sides
    (in per cent of the higher one, or in a unit). `on: lower`: little of it shows the finding; `higher`: much of it does.
    """

    by: Literal["norm", "ratio", "side-difference"]
    finding: Id
    on: Literal["lower", "higher"] = "lower"
    present: Number
    absent: Number
    unit: Words | None = Field(None, description="of `present` and `absent`; % for a side difference in per cent; none for a ratio")
    to: Id | None = Field(None, description="the measure a ratio divides by")
    sex: Literal["female", "male"] | None = None
    age: Range | None = None
    equal: Id | None = Field(None, description="what it shows, on both sides, that the sides measure alike")
    because: Text
    source: Id


class Measure(Entry):
    """Something that is measured, and what its values show. A difference smaller than the measurement error is none."""

    name: Text
    synonyms: tuple[Words, ...] = ()
    how: Text
    side_means: Text | None = None
    sides: tuple[Side, ...] = Field(("left", "right"), min_length=1)
    task: Id | None = Field(None, description="what the person does while it is measured, where its findings are told by task")
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    least: Number = 0
    most: Number = Field(description="more than this, in the first dimension's base unit, is a slip of the pen")
    error: tuple[Error, ...] = ()
    judgements: tuple[Judgement, ...] = Field(min_length=1)
    caution: Text | None = None
    sources: tuple[Id, ...] = Field(min_length=1)


class BatteryItem(Shape):
    """One line of a battery: what to look at, and in which task."""

    finding: Id | None = None
    measure: Id | None = None
    task: Id | None = None
    instruct: Text | None = Field(None, description="what to say to the person; default: the finding's own `how`")

    @model_validator(mode="after")
    def _one(self) -> BatteryItem:
        if (self.finding is None) == (self.measure is None):
            raise ValueError("an item is either a finding or a measure")
        return self


class Battery(Entry):
    """An ordered list of what to look at, with when to stop."""

    name: Text
    synonyms: tuple[Words, ...] = ()
    purpose: Text
    instruction: Text
    stop: Text
    items: tuple[BatteryItem, ...] = Field(min_length=1)
    sources: tuple[Id, ...] = Field(min_length=1)


# --- conditions --------------------------------------------------------------------------------------------------------


class HypothesisTerm(Shape):
    """A muscle state that an earlier stratum concluded. `muscle: any` binds whichever muscle it is."""

    muscle: Id = Field(description="a muscle, or `any`")
    state: State
    at_least: Literal["possible", "supported"] = "possible"
    not_driven_by: tuple[Driver, ...] = ()


_ATOMS = ("finding", "symptom", "history", "anything", "hypothesis", "pattern", "age", "sex", "pregnancy", "postpartum")
ABOUT_PATIENT = ("age", "sex", "pregnancy", "postpartum")
_COMBINERS = ("all", "any", "none", "at_least")


class Condition(Shape):
    """The whole condition language: one term, or one of all / any / none / at_least over conditions."""

    finding: Id | None = None
    symptom: Id | None = None
    history: Id | None = None
    anything: Literal["finding", "symptom", "history"] | None = Field(None, description="whatever of this kind is stated")
    hypothesis: HypothesisTerm | None = None
    pattern: Id | None = None
    age: Range | None = None
    sex: Literal["female", "male"] | None = None
    pregnancy: StrictBool | None = None
    postpartum: StrictBool | None = None
    task: tuple[Id, ...] = Field(
        (), description="any of these tasks (one may stand alone); none given: any task or none",
        json_schema_extra={"type": ["array", "string"]},
    )  # fmt: skip
    side: Literal["same", "opposite", "any"] | None = None
    severity: Literal["mild", "moderate", "severe"] | None = Field(None, description="at least this severe")
    present: StrictBool = Field(True, description="false: looked for and not there; what nobody looked for is neither")
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()
    at_least: Annotated[StrictInt, Field(ge=1, le=20)] | None = None
    of: tuple[Condition, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_task(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("task"), str):
            return {**given, "task": [given["task"]]}
        return given

    @model_validator(mode="after")
    def _one_thing(self) -> Condition:
        said = [k for k in (*_ATOMS, *_COMBINERS) if k in self.model_fields_set]
        if len(said) != 1:
            raise ValueError(f"a condition says one thing, this one says {' and '.join(said) or 'none'}")
        if said[0] in ("all", "any", "none") and not getattr(self, said[0]):
            raise ValueError(f"'{said[0]}' is empty: it would always be the same")
        if bool(self.of) != (self.at_least is not None) or (self.at_least or 0) > len(self.of):
            raise ValueError("'at_least: n' goes with 'of:', a list of at least n conditions")
        if said[0] not in ("finding", "symptom", "history", "anything") and (self.task or self.severity or not self.present):
            raise ValueError("'task', 'severity' and 'present' belong to a finding, a symptom or a history item")
        return self

    @cached_property
    def term(self) -> str:
        """Which one thing it says: the name of its filled field."""
        return next(k for k in (*_ATOMS, *_COMBINERS) if k in self.model_fields_set)

    @cached_property
    def parts(self) -> tuple[Condition, ...]:
        """The conditions inside it."""
        return (*self.all, *self.any, *self.none, *self.of)

    @cached_property
    def asks(self) -> tuple[str, ...]:
        """The ids that must be asked to decide it, and `age`, `sex` and the like; each once, in the order written."""
        own = [getattr(self, self.term)] if self.term in ("finding", "symptom", "history") else []
        own += [f"any-{self.anything}"] if self.anything else []
        own += [self.term] if self.term in ABOUT_PATIENT else []
        return tuple(dict.fromkeys((*own, *(q for part in self.parts for q in part.asks))))

    @cached_property
    def core(self) -> tuple[str, ...]:
        """The same without what stands under `none`: what speaks for it."""
        own = self.asks if not self.parts else ()
        return tuple(dict.fromkeys((*own, *(q for part in self.parts if self.term != "none" for q in part.core))))

    @cached_property
    def asked(self) -> frozenset[str]:
        """The same as `asks`, as a set."""
        return frozenset(self.asks)

    @cached_property
    def opposed(self) -> frozenset[str]:
        """The ids that are asked of the opposite side somewhere in it."""
        own = self.asked if self.side == "opposite" and not self.parts else frozenset()
        return own.union(*(part.opposed for part in self.parts))


# --- rules -------------------------------------------------------------------------------------------------------------


class Conclusion(Shape):
    """Points for one state of one muscle or group. `absent`: points against it where the finding is looked for and absent."""

    muscle: Id = Field(description="a muscle or group; `matched`: the muscle that a hypothesis bound")
    side: Relative = "same"
    state: State
    points: Points
    absent: Points | None = Field(None, description="default: a quarter of the points; 0 where absence tells nothing")
    against: StrictBool = Field(False, description="speaks against this state, and for nothing")


class Rule(Entry):
    """One claim of one source: when this is seen, these muscles are suspected, because. Sources: the first one's claim it is."""

    id: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$", max_length=80)]
    title: Text
    when: Condition
    then: tuple[Conclusion, ...] = Field(min_length=1)
    because: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)
    group: Id | None = Field(None, description="default: the group of the first finding it names")
    disputes: tuple[str, ...] = Field((), description="rules that claim something this one cannot agree with")
    refines: tuple[str, ...] = Field((), description="rules of which this one is a special case, and says so")


class Pattern(Entry):
    """A named whole: `need` of the core at least, everything supporting counted beside it."""

    name: Text
    synonyms: tuple[Words, ...] = ()
    core: tuple[Condition, ...] = Field(min_length=1)
    need: Annotated[StrictInt, Field(ge=1)] | None = Field(None, description="how many of the core; default: all")
    supporting: tuple[Condition, ...] = ()
    because: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)
    caution: Text | None = None


class Asking(Shape):
    """When a red flag's question comes: an order of asking, chosen by its authors, and no prevalence. It decides nothing about the flag.

    No regions: it is of the whole body. `prompts`: findings or tasks that bring the question forward wherever they are there.
    """

    regions: tuple[Id, ...] = Field((), description="parts of the body, as findings name them, of which a complaint calls for it")
    rarity: Literal["common", "uncommon", "rare"] = "uncommon"
    prompts: tuple[Id, ...] = ()
    first: Id | None = Field(None, description="what is asked first, where nothing decides it at once")
    sex: Literal["female", "male"] | None = None
    age: Range | None = None
    spares: tuple[Literal["legs", "arms"], ...] = Field((), description="what is not loaded in a test while the flag is half met")


class Flag(Entry):
    """A red flag: screened before anything is inferred. `explains`: findings that it may account for by itself."""

    title: Text
    level: Level
    asking: Asking = Asking()
    when: Condition
    because: Text
    action: Text
    to: Words | None = Field(None, description="to whom a letter goes; default: by the level")
    explains: tuple[Id, ...] = ()
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)


# --- causes and advice ---------------------------------------------------------------------------------------------------


class Cause(Entry):
    """What else, or what first, explains a finding: bone, joint, nerve, pain, task, habit."""

    title: Text
    kind: Literal["bone", "joint", "nerve", "pain", "tendon", "task", "habit", "load", "development", "disease", "other"]
    when: Condition
    because: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)


class Risk(Entry):
    """What may come of it: never a prediction for one person, always with how strong the evidence is."""

    title: Text
    when: Condition
    because: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)


class Outlook(Entry):
    """What may be said about the course. The first in the order written whose condition holds is told."""

    title: Text
    when: Condition
    text: Text
    because: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)


class Strategy(Entry):
    """What to do for a muscle in these states; a state left out is any. Steps by phase; a phase left out has none.

    `kinds`: which kinds of exercise may stand as an example of which step; `partner`: the same for its antagonist. `limited`: suspected
    to be short because a range is, and no length test told muscle from joint; where no strategy says `limited`, it counts as untested.
    """

    title: Text
    activity: Literal["overactive", "underactive", "unknown"] | None = None
    length: Literal["shortened", "lengthened", "limited", "untested"] | None = None
    strength: Literal["weak", "strong", "unknown"] | None = None
    steps: dict[PhaseId, Text]
    kinds: dict[PhaseId, tuple[ExerciseKind, ...]] = Field(default_factory=dict, description="kinds of exercise, by phase")
    partner: dict[PhaseId, tuple[ExerciseKind, ...]] = Field(default_factory=dict, description="kinds for its antagonist, by phase")
    because: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _kinds_of_steps(self) -> Strategy:
        for field, named in (("kinds", self.kinds), ("partner", self.partner)):
            stray = [phase for phase in named if phase not in self.steps]
            if stray:
                raise ValueError(f"'{field}' names {stray[0]}, in which it has no step")
        if any("lengthen" in kinds for kinds in self.partner.values()):
            raise ValueError("a partner is never lengthened for another muscle's sake: take 'lengthen' out of 'partner'")
        if self.length != "shortened" and any("lengthen" in kinds for kinds in self.kinds.values()):
            raise ValueError("only what tested short is lengthened: 'lengthen' goes with `length: shortened`")
        return self


class Phase(Entry):
    """One of the four steps of a plan, in order."""

    id: PhaseId
    name: Text
    goal: Text
    progress: Text | None = Field(None, description="when to go on to the next")
    sources: tuple[Id, ...] = Field(min_length=1)


class Caution(Entry):
    """A circumstance that changes the plan. `effect`: withheld, restricted (within what is recorded) or provisional."""

    title: Text
    applies: Literal["under-age", "pregnancy", "postpartum", "surgery", "pain"]
    told_by: tuple[Id, ...] = Field((), description="history that tells of it, where the case does not record it in its own place")
    effect: Literal["withheld", "restricted", "provisional"]
    because: Text
    sources: tuple[Id, ...] = Field(min_length=1)


class Contraindication(Entry):
    """What must not be done while something is there. What it names drops out of the plan, with the reason.

    `muscles` with `phases`: steps; `muscles` with `kinds`: exercises of these kinds; `provokes`: exercises with these tags, for whatever
    muscle. `painful` stands in for `when`: pain noted in a test of that method; its muscles are those that the test speaks of.
    """

    title: Text
    when: Condition | None = None
    painful: Literal["length-test", "strength-test", "range-test"] | None = None
    muscles: tuple[Id, ...] = Field((), description="muscles or groups")
    phases: tuple[PhaseId, ...] = ("mobility",)
    kinds: tuple[ExerciseKind, ...] = ()
    provokes: tuple[Id, ...] = Field((), description="tags of exercises")
    because: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_reason(self) -> Contraindication:
        if (self.when is None) == (self.painful is None):
            raise ValueError("either 'when' or 'painful' says while what is there")
        if self.painful is None and not self.muscles and not self.provokes:
            raise ValueError("it leaves nothing out: name 'muscles' or 'provokes'")
        if self.painful is not None and (self.muscles or not self.kinds):
            raise ValueError("'painful' goes with 'kinds', and its muscles are those of the test that hurt")
        return self


# --- exercises and guidance ----------------------------------------------------------------------------------------------


def _low_to_high(given: tuple[int, int]) -> tuple[int, int]:
    """A range from low to high, of amounts that there are."""
    if not 0 < given[0] <= given[1]:
        raise ValueError("a range goes from low to high, and begins above 0")
    return given


Amounts = Annotated[tuple[StrictInt, StrictInt], AfterValidator(_low_to_high)]


class Dose(Shape):
    """How much of an exercise, in ranges: design choices within what the sources give."""

    sets: Amounts | None = None
    repetitions: Amounts | None = None
    hold_s: Amounts | None = None
    times_a_week: Amounts
    effort: Text | None = None
    sources: tuple[Id, ...] = Field(min_length=1)


class Provocation(Entry):
    """Something that an exercise asks of the body and that a contraindication may forbid: a tag of exercises.

    `end_range`: it takes a muscle or joint to its end, so that only what tested short gets it. `demanding`: what asks less comes first.
    `restrictions`: the words of a surgeon by which exactly this is forbidden.
    """

    name: Text
    end_range: StrictBool = False
    demanding: StrictBool = False
    restrictions: tuple[Words, ...] = ()


class Exercise(Entry):
    """An example of how a step of a plan may be done. `muscles`: what it is meant for, muscles or groups."""

    name: Text
    synonyms: tuple[Words, ...] = ()
    kind: ExerciseKind
    muscles: tuple[Id, ...] = Field(min_length=1)
    how: Text
    dose: Dose
    progress: Text = Field(description="when to go on to the next harder form")
    provokes: tuple[Id, ...] = Field((), description="tags of what it asks of the body")
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)


class Guidance(Entry):
    """What surrounds a plan, by kind; without `when` it goes with every plan.

    gate: mild findings that call for no plan. provider: who should plan and supervise. order: why the weaker side comes first.
    adjunct: what may be added, `only_if`. stop: when to stop an exercise. self-care: what a person can do; `moves` where it asks for
    movement. reassess: when to look again. escalate: `to` whom, on what. Of gates, providers, orders and reassessments the first that
    holds is told, of the others all.
    """

    kind: Literal["gate", "provider", "order", "adjunct", "stop", "self-care", "reassess", "escalate"]
    title: Text
    when: Condition | None = None
    text: Text
    only_if: Text | None = None
    to: Text | None = None
    moves: StrictBool = False
    provokes: tuple[Id, ...] = Field((), description="tags of what moving asks of the body")
    because: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _of_its_kind(self) -> Guidance:
        if (self.only_if is not None) != (self.kind == "adjunct"):
            raise ValueError("'only_if' goes with `kind: adjunct`, and an adjunct never comes without")
        if (self.to is not None) != (self.kind == "escalate"):
            raise ValueError("'to' goes with `kind: escalate`, and every such entry says to whom")
        if (self.moves or self.provokes) and self.kind != "self-care":
            raise ValueError("'moves' and 'provokes' go with `kind: self-care`")
        if self.provokes and not self.moves:
            raise ValueError("what provokes something moves: write `moves: true`")
        if self.when is None and self.kind in ("gate", "adjunct"):
            raise ValueError("a gate and an adjunct need a 'when'")
        return self


# --- spread --------------------------------------------------------------------------------------------------------------


class SeenAs(Shape):
    """The finding that shows a node; `side`: the finding's side seen from the node's."""

    finding: Id
    side: Relative = "same"
    task: tuple[Id, ...] = ()


class Node(Entry):
    """A place of the body's state that is not a muscle: a joint position, a restriction, pain, load, or a habit."""

    kind: Literal["joint", "restriction", "pain", "load", "habit"]
    name: Text
    sided: StrictBool = True
    opposes: Id | None = Field(None, description="what cannot be there as well; its own id: the same on the other side")
    may_start: StrictBool = Field(False, description="a joint position that may itself be a first problem; what is no joint position may")
    seen_as: tuple[SeenAs, ...] = Field((), description="findings that show it is there; the first is what to check")


class End(Shape):
    """One end of a link: a muscle or a node. `side` of the far end is seen from the near end."""

    muscle: Id | None = None
    node: Id | None = None
    side: Relative = "same"

    @model_validator(mode="after")
    def _one(self) -> End:
        if (self.muscle is None) == (self.node is None):
            raise ValueError("an end of a link is either a muscle or a node")
        return self


class LinkKind(Entry):
    """What a kind of link may claim: the steps from state to state that are allowed (sides and chains, part 4)."""

    name: Text
    allowed: tuple[tuple[str, str], ...] = Field(min_length=1)
    caution: Text


class Link(Entry):
    """A step by which one state may lead to another. `map`: from-state -> to-state; `present` is a node's only state."""

    kind: Id
    start: End = Field(alias="from")
    to: End
    map: dict[State | Literal["present"], State | Literal["present"]] = Field(min_length=1)
    strength: Share
    task: tuple[Id, ...] = ()
    mechanism: Text
    grade: Grade
    sources: tuple[Id, ...] = Field(min_length=1)
    check: SeenAs | None = Field(None, description="the test of the far end, where its node does not name one")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Chain(Entry):
    """A compensation that educators teach, as links in order, with what may be said about it and what may not."""

    title: Text
    steps: tuple[Id, ...] = Field(min_length=1)
    caution: Text
    sources: tuple[Id, ...] = Field(min_length=1)


# --- the calculus --------------------------------------------------------------------------------------------------------


class ReliabilityFactors(Shape):
    """Factors by observer agreement: design choices, not data."""

    instrumented: Share
    good: Share
    moderate: Share
    poor: Share
    good_above: Share
    poor_below: Share


class SeverityFactors(Shape):
    """Factors by severity; a number s gives min(severe, number_slope x s)."""

    mild: Number
    moderate: Number
    severe: Number
    number_slope: Number


class SpreadLimits(Shape):
    """How far a prediction may go."""

    links: Annotated[StrictInt, Field(ge=1, le=6)]
    predictions: Annotated[StrictInt, Field(ge=1, le=100)]
    far: Annotated[StrictInt, Field(ge=0, le=100, description="how many places are kept for what lies further than one link")]
    cut: Share
    explain: Annotated[Share, Field(description="a walk must be this strong for what it reaches to be explained by where it starts")]
    loop_length: Annotated[StrictInt, Field(ge=2, le=8)]


class MechanicsChoices(Shape):
    """How the rod speaks."""

    points: Points
    ignore_below: Share
    source: Id


class DerivedLinks(Shape):
    """What links by anatomy alone count for."""

    at_least: Share = Field(description="the least sqrt(share x share) that makes a link")
    scale: Share = Field(description="strength = scale x sqrt(share x share)")
    taught: Share = Field(description="stands for that root where only a textbook or a nerve speaks")


class NextChoices(Shape):
    """How tests are chosen that are to be done next."""

    stakes: Annotated[StrictInt, Field(ge=1, le=100, description="how many of the foremost open hypotheses are looked at first")]
    near: Points = Field(description="a hypothesis this near to a threshold is at stake")
    present: Share = Field(description="the weight of finding it present; the rest is the weight of finding it absent")
    tried: Annotated[StrictInt, Field(ge=1, le=100, description="how many of the most promising are worked out")]
    shown: Annotated[StrictInt, Field(ge=1, le=100)]
    flags: Annotated[StrictInt, Field(ge=1, le=100, description="how many questions about red flags come before them")]


class Constants(Shape):
    """All numbers of the calculus. Each is a design choice, labelled as such in docs/calculus.md."""

    caps: dict[Grade, Points]
    absent_share_of_cap: Share
    reliability: ReliabilityFactors
    severity: SeverityFactors
    diminishing: tuple[Share, ...]
    supported: Number
    possible: Number
    contested_share: Share
    low: Number
    moderate: Number
    high: Number
    mechanics: MechanicsChoices
    spread: SpreadLimits
    next: NextChoices
    derived: DerivedLinks


# --- texts and what they cover -------------------------------------------------------------------------------------------


class Claim(Entry):
    """A teaching of the sources that is kept as text: it gives no points. `disputed`: what speaks against it, where something does."""

    title: Text
    says: Text
    disputed: Text | None = None
    sources: tuple[Id, ...] = Field(min_length=1)


class GlossaryTerm(Entry):
    """A term that reports use, explained."""

    term: Words
    meaning: Text
    sources: tuple[Id, ...] = ()


class Served(Shape):
    """What serves a row of the sources: ids of entries, commands of the command line, keys of the answer."""

    rules: tuple[str, ...] = ()
    patterns: tuple[Id, ...] = ()
    findings: tuple[Id, ...] = ()
    muscles: tuple[Id, ...] = ()
    links: tuple[Id, ...] = ()
    chains: tuple[Id, ...] = ()
    causes: tuple[Id, ...] = ()
    risks: tuple[Id, ...] = ()
    outlooks: tuple[Id, ...] = ()
    flags: tuple[Id, ...] = ()
    strategies: tuple[Id, ...] = ()
    cautions: tuple[Id, ...] = ()
    contraindications: tuple[Id, ...] = ()
    exercises: tuple[Id, ...] = ()
    guidance: tuple[Id, ...] = ()
    phases: tuple[Id, ...] = ()
    measures: tuple[Id, ...] = ()
    batteries: tuple[Id, ...] = ()
    claims: tuple[Id, ...] = ()
    commands: tuple[Words, ...] = ()
    answers: tuple[Words, ...] = Field((), description="keys of the JSON answer")


class Everyday(Entry):
    """What people without anatomy call a muscle, a group or a finding: wording for the client's text, never a claim."""

    says: Words


class CoverageRow(Entry):
    """One thing that the source documents ask for, what serves it, and the hand-written cases that show it."""

    row: Annotated[StrictInt, Field(ge=1)]
    title: Text
    seeds: tuple[Id, ...] = Field(min_length=1)
    served: Served
    cases: tuple[Text, ...] = ()


class Change(Shape):
    """One version of the knowledge and what changed with it."""

    version: Words
    date: Words
    what: Text


class About(Shape):
    """What this knowledge is, which version, for whom."""

    version: Words
    changes: tuple[Change, ...] = Field((), description="the change log, newest first")
    title: Text
    intended_use: Text
    not_for: Text


class KnowledgeFile(Shape):
    """Any file of kb/ or rules/: whichever sections it holds. One subject a file."""

    schema_version: Annotated[StrictInt, Field(ge=1, le=1)] = 1
    about: About | None = None
    constants: Constants | None = None
    sources: tuple[Source, ...] = ()
    muscles: tuple[Muscle, ...] = ()
    groups: tuple[Group, ...] = ()
    regions: tuple[Region, ...] = ()
    joints: tuple[Joint, ...] = ()
    shares: tuple[MeasuredShare, ...] = ()
    measured_actions: tuple[MeasuredAction, ...] = ()
    reversals: tuple[Reversal, ...] = ()
    units: tuple[Unit, ...] = ()
    measures: tuple[Measure, ...] = ()
    batteries: tuple[Battery, ...] = ()
    tasks: tuple[Task, ...] = ()
    findings: tuple[FindingType, ...] = ()
    symptoms: tuple[FindingType, ...] = ()
    history: tuple[FindingType, ...] = ()
    nodes: tuple[Node, ...] = ()
    link_kinds: tuple[LinkKind, ...] = ()
    links: tuple[Link, ...] = ()
    chains: tuple[Chain, ...] = ()
    causes: tuple[Cause, ...] = ()
    risks: tuple[Risk, ...] = ()
    outlooks: tuple[Outlook, ...] = ()
    strategies: tuple[Strategy, ...] = ()
    phases: tuple[Phase, ...] = ()
    cautions: tuple[Caution, ...] = ()
    contraindications: tuple[Contraindication, ...] = ()
    provocations: tuple[Provocation, ...] = ()
    exercises: tuple[Exercise, ...] = ()
    guidance: tuple[Guidance, ...] = ()
    rules: tuple[Rule, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    flags: tuple[Flag, ...] = ()
    claims: tuple[Claim, ...] = ()
    glossary: tuple[GlossaryTerm, ...] = ()
    everyday: tuple[Everyday, ...] = ()
    coverage: tuple[CoverageRow, ...] = ()


# --- cases -----------------------------------------------------------------------------------------------------------------
# `repr=False`: names and free text. Nothing repeats them, not even a message about what is wrong with them.

Severity = Literal["mild", "moderate", "severe"]
Pain = Annotated[StrictFloat, Field(ge=0, le=10, allow_inf_nan=False), _Whole]


def _real_date(text: str) -> str:
    """A day, month or year that the calendar has."""
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 10 :] if len(text) < 10 else text)
    except ValueError:
        raise ValueError("this is no date of the calendar; write YYYY-MM-DD, YYYY-MM or YYYY") from None
    return text


Date = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"), AfterValidator(_real_date)
]
CaseSide = Literal["left", "right", "bilateral", "midline"]


class CaseFinding(Wordy):
    """One finding, symptom or history item of a case. A name alone may stand for the whole."""

    name: Words
    side: CaseSide | None = None
    task: Words | None = None
    severity: Any = Field("moderate", json_schema_extra={
        "anyOf": [{"enum": ["mild", "moderate", "severe"]}, {"type": "number", "minimum": 0, "maximum": 1}]
    })  # fmt: skip
    present: Any = Field(True, json_schema_extra={"enum": [True, False, "unknown"]})
    stance: Literal["left", "right"] | None = Field(None, description="the leg that stands, in a single-leg task")
    seen_by: Literal["eye", "photo", "video", "instrument", "palpation", "reported"] | None = None
    pain: Pain = 0
    limited_by: Literal["pain", "stiffness", "weakness", "control", "fear"] | None = None
    region: Words | None = None
    onset: Text | None = Field(None, repr=False)
    year: StrictInt | None = None
    note: Text | None = Field(None, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @field_validator("present")
    @classmethod
    def _three_valued(cls, given: Any) -> Any:
        if given is True or given is False or given == "unknown":
            return given
        raise ValueError("present is true, false or unknown, without quotation marks")

    @field_validator("severity")
    @classmethod
    def _word_or_number(cls, given: Any) -> Any:
        number = isinstance(given, (int, float)) and not isinstance(given, bool)
        if given in ("mild", "moderate", "severe") or (number and 0 <= given <= 1):
            return given
        raise ValueError("severity is mild, moderate, severe or a number from 0 to 1")


class CaseSurgery(Shape):
    """An operation, and what is restricted since."""

    name: Words
    side: CaseSide | None = None
    date: Date | None = None
    restrictions: Annotated[tuple[Text, ...], Field(max_length=50)] = ()


class CaseMeasurement(Shape):
    """A measured value; UCUM units."""

    name: Words
    side: CaseSide | None = None
    value: Number
    unit: Words
    pain: Pain = 0
    note: Text | None = Field(None, repr=False)


class CasePatient(Shape):
    """What is known of the person. Nothing here is needed; age, sex and pregnancy bear on safety."""

    name: Text | None = Field(None, repr=False)
    age: Annotated[StrictInt, Field(ge=0, le=130)] | None = None
    sex: Literal["female", "male", "other"] | None = None
    mass_kg: Annotated[StrictFloat, Field(gt=0, le=500, allow_inf_nan=False), _Whole] | None = None
    dominant_hand: Literal["left", "right", "both"] | None = None
    pregnancy: StrictBool | None = None
    postpartum_weeks: Annotated[StrictInt, Field(ge=0, le=520)] | None = None
    conditions: Annotated[tuple[Words, ...], Field(max_length=200)] = ()
    medicines: Annotated[tuple[Words, ...], Field(max_length=200)] = ()


class CaseVisit(Shape):
    """When, and by whom it was examined."""

    date: Date | None = Field(None, repr=False)
    examiner: Text | None = Field(None, repr=False)


class InterviewStep(Shape):
    """One question of an interview and how it was answered. `entries`: how many entries of the case it wrote, to take it back."""

    ask: Text
    answer: Literal["present", "absent", "unknown", "skipped"]
    entries: Annotated[StrictInt, Field(ge=0, le=2)] = 0


class CaseInterview(Shape):
    """An interview that is under way: what it goes through, in which order, and what it has asked so far."""

    battery: Id
    order: Literal["best", "fixed"] = "best"
    log: Annotated[tuple[InterviewStep, ...], Field(max_length=1000)] = ()


class CaseFile(Shape):
    """A case as a clinician writes it down. `findings` alone is required, and may be empty."""

    schema_version: Annotated[StrictInt, Field(ge=1, le=1)] = 1
    case_id: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "case"
    visit: CaseVisit | None = None
    patient: CasePatient = CasePatient()
    findings: Annotated[tuple[CaseFinding, ...], Field(max_length=500)]
    history: Annotated[tuple[CaseFinding, ...], Field(max_length=200)] = ()
    symptoms: Annotated[tuple[CaseFinding, ...], Field(max_length=200)] = ()
    surgery: Annotated[tuple[CaseSurgery, ...], Field(max_length=50)] = ()
    measurements: Annotated[tuple[CaseMeasurement, ...], Field(max_length=200)] = ()
    notes: Annotated[str, StringConstraints(strict=True, max_length=20000)] | None = Field(None, repr=False)
    interview: CaseInterview | None = Field(None, description="written by `myologic interview`, to go on from; nothing reasons with it")


# --- packs of cases for a class ----------------------------------------------------------------------------------------------


class PackOption(Wordy):
    """One option of a choice. `holds`: a claim that Myologic concludes for a right option, and does not for a wrong one."""

    say: Text
    holds: Words | None = None

    @model_validator(mode="before")
    @classmethod
    def _say_alone(cls, given: Any) -> Any:
        return {"say": given} if isinstance(given, str) else given


class PackQuestion(Shape):
    """A question to the class and its expected answer, each line a claim that Myologic is held to.

    hypotheses: "gluteus medius:left:underactive supported". pattern: "upper-crossed" or "name:side". flag: "cauda-equina".
    `none` alone: there is none. choice: the options that are right. text: what a good answer says; nobody but the lecturer checks it.
    """

    ask: Text
    kind: Literal["hypotheses", "pattern", "flag", "text", "choice"]
    options: tuple[PackOption, ...] = ()
    expect: tuple[Text, ...] = Field(min_length=1)
    because: Text
    sources: tuple[Id, ...] = Field((), description="where the answer was read")

    @model_validator(mode="after")
    def _options_of_a_choice(self) -> PackQuestion:
        if (self.kind == "choice") != (len(self.options) > 1):
            raise ValueError("'options', two or more, go with `kind: choice`")
        return self


class PackCase(Shape):
    """One case of a pack: what the class is told, the case itself, and the questions."""

    title: Text
    story: Text | None = Field(None, description="what the class reads before the findings")
    case: CaseFile
    questions: tuple[PackQuestion, ...] = Field(min_length=1)


class PackFile(Shape):
    """pack.yaml: what a pack is, for whom, and its cases in order."""

    schema_version: Annotated[StrictInt, Field(ge=1, le=1)] = 1
    title: Text
    level: Text = Field(alias="for", description="for whom")
    licence: Text
    author: Text | None = None
    about: Text | None = None
    cases: tuple[Words, ...] = Field(min_length=1, description="names of files in this folder, in order")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
