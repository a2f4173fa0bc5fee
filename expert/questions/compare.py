"""Two or more visits of one person: what is new, gone, better, worse, unchanged or not re-tested, and what that does to the conclusions.

A change below the measurement error is none, and what nobody looked at again is neither gone nor unchanged. All visits are judged by the
same knowledge, so what differs lies in the findings. Sides and tasks are kept apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from expert import contract
from expert.errors import UsageError
from expert.measures import Value, largest_error
from expert.model import LEVELS, Amount, Hypothesis, Knowledge, KnowledgeBase, Measured, Result, mirrored
from expert.normalise import values_of
from expert.questions.answer import Answer
from expert.questions.change import Change, Thing, changed, thing
from expert.questions.what_if import Looked, given, is_of, key_thing, looked


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. `supported`: how many suspicions are; `level`: of referral; `plan`: withheld | provisional | given | none."""

    number: int
    case_id: str
    date: str
    findings: int
    supported: int
    level: str
    plan: str


@dataclass(frozen=True, slots=True)
class FindingCourse:
    """One finding, side and task over the visits: what each says of it, and how the last stands to the first that looked.

    change: new | gone | better | worse | unchanged | within_error | not_retested | first_time | no_longer_known | now_known.
    `otherwise`: the tasks in which it was looked at instead, where it was not looked at again; `means`: seen in another way than before.
    """

    thing: Thing
    change: str
    visits: tuple[Looked, ...]
    otherwise: tuple[str, ...]
    means: bool


@dataclass(frozen=True, slots=True)
class MeasureCourse:
    """One measured value and side over the visits ("" where it was not measured), and how the last stands to the first.

    change: better | worse | more | less (no norm says which is better) | unchanged | within_error | not_retested | first_time |
    not_comparable (in another unit of measuring). `difference`, `error`: in `unit`, the unit of the value; None where there is none.
    `of`: what the error was read from (a source's title).
    """

    id: str
    name: str
    side: str
    change: str
    values: tuple[str, ...]
    difference: float | None
    error: float | None
    unit: str
    of: str
    painful: bool


@dataclass(frozen=True, slots=True)
class Course:
    """A suspicion over the visits: its status at each ("" where nothing spoke for it) and its points."""

    muscle: str
    name: str
    side: str
    axis: str
    state: str
    statuses: tuple[str, ...]
    points: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class OpenFlag:
    """A red flag that an earlier visit raised (the number of the last that did) and the last visit does not decide: it is not cleared."""

    id: str
    title: str
    level: str
    action: str
    visit: int


@dataclass(frozen=True, slots=True)
class Comparison(Answer):
    """What differs between visits. `ordered`: date | given. `change`: of the conclusions, from the first visit to the last.

    `open_flags`: gravest first; while an urgent one or an emergency is open, no plan is told.

    warnings: other_case, other_sex, other_age, same_date; `courses`: where there are more than two visits.
    """

    template = "compare"
    visits: tuple[Visit, ...]
    ordered: str
    knowledge: str
    warnings: tuple[str, ...]
    open_flags: tuple[OpenFlag, ...]
    findings: tuple[FindingCourse, ...]
    measures: tuple[MeasureCourse, ...]
    change: Change
    courses: tuple[Course, ...]


def compare(results: Sequence[Result], knowledge: Knowledge) -> Comparison:
    """Compare visits, in the order of their dates where each has one, else as given. Raises UsageError for fewer than two."""
    if len(results) < 2:
        raise UsageError("give at least two visits to compare")
    visits, ordered = in_order(results)
    kb = knowledge.kb
    values = [{(v.measure, v.side): v for vs in values_of(given(r), kb) for v in vs} for r in visits]
    first, last = visits[0], visits[-1]
    return Comparison(
        visits=tuple(visit(n, r) for n, r in enumerate(visits, 1)), ordered=ordered,
        knowledge=f"{kb.version} {kb.sha256[:12]}", warnings=tuple(_warnings(visits)),
        open_flags=tuple(_open_flags(visits)), findings=tuple(_findings(visits, values, kb)),
        measures=tuple(_measures(values, kb)), change=changed(contract.to_dict(first, knowledge), contract.to_dict(last, knowledge), kb),
        courses=tuple(_courses(visits)) if len(visits) > 2 else (),
    )  # fmt: skip


def in_order(results: Sequence[Result]) -> tuple[list[Result], str]:
    """Visits by their dates where each has one (`date`), else as given (`given`)."""
    if all(r.stated.today for r in results):
        return sorted(results, key=lambda r: r.stated.today), "date"
    return list(results), "given"


def visit(number: int, result: Result) -> Visit:
    """One visit in short."""
    plan = result.plan
    word = "withheld" if plan.withheld else "none" if not plan.phases else "provisional" if plan.provisional else "given"
    present = sum(i.present for i in result.stated.items)
    supported = sum(h.status == "supported" for h in result.hypotheses)
    return Visit(number, result.stated.case_id, result.stated.today, present, supported, result.referral.level, word)


def _open_flags(visits: Sequence[Result]) -> Iterator[OpenFlag]:
    """What an earlier visit raised and the last one left open: silence clears no red flag."""
    last = visits[-1].referral
    decided = {*last.asked, *last.not_applicable}
    raised = {f.id: OpenFlag(f.id, f.title, f.level, f.action, n) for n, r in enumerate(visits[:-1], 1) for f in r.referral.flags}
    yield from sorted((f for f in raised.values() if f.id not in decided), key=lambda f: (LEVELS.index(f.level), f.id))


def _warnings(visits: Sequence[Result]) -> Iterator[str]:
    """What makes one doubt that these are visits of one person, or that they are two."""
    if len({r.stated.case_id for r in visits}) > 1:
        yield "other_case"
    people = [r.stated.patient for r in visits]
    if len({p.sex for p in people} - {None}) > 1:
        yield "other_sex"
    if any(_ages_apart(a, b) for a, b in pairwise(visits)):
        yield "other_age"
    if any(a.stated.today and a.stated.today == b.stated.today for a, b in pairwise(visits)):
        yield "same_date"


def _ages_apart(one: Result, other: Result) -> bool:
    """Whether one person cannot have both ages: more years apart than the dates, or more than one where there are none."""
    ages = one.stated.patient.age, other.stated.patient.age
    if ages[0] is None or ages[1] is None:
        return False
    days = one.stated.today, other.stated.today
    between = int(days[1][:4]) - int(days[0][:4]) if all(days) else 0
    return abs(ages[1] - ages[0] - between) > 1


# --- findings -----------------------------------------------------------------------------------------------------------------------

_Values = dict[tuple[str, str], Value]
_ORDER = (
    "new", "worse", "better", "gone", "within_error", "unchanged", "first_time", "now_known", "no_longer_known", "not_retested",
)  # fmt: skip


_SEEN = {"absent": 0.0, "borderline": 0.1, "present": 1.0}
_MOVED = ("new", "gone", "better", "worse")


def _findings(visits: Sequence[Result], values: Sequence[_Values], kb: KnowledgeBase) -> Iterator[FindingCourse]:
    """Every key that some visit speaks of, what changed first."""
    keys = sorted({k for r in visits for k in (*(i.key for i in r.stated.items), *r.stated.unknown)})
    rows = [row for key in keys if (row := _course(key, visits, values, kb))]
    yield from sorted(rows, key=lambda row: (_ORDER.index(row.change), row.thing.name, row.thing.task, row.thing.side))


def _course(key: str, visits: Sequence[Result], values: Sequence[_Values], kb: KnowledgeBase) -> FindingCourse | None:
    told = tuple(looked(key, r.stated) for r in visits)
    if not any(one.state in _SEEN for one in told):
        return None  # said to be unknown, and never looked at
    earlier = next((n for n, one in enumerate(told[:-1]) if one.state in _SEEN), None)
    first = told[earlier] if earlier is not None else None
    change = _changed(first, told)
    if earlier is not None and change in _MOVED and _within_error(key, visits, values, earlier, kb):
        change = "within_error"
    items = [next((i for i in r.stated.items if i.key == key), None) for r in visits]
    item = next((i for i in reversed(items) if i is not None), None)
    by = [items[n].instrumented if (n is not None and items[n]) else None for n in (earlier, -1)]  # type: ignore[union-attr]
    return FindingCourse(
        thing(contract.item_of(item, kb), kb) if item else key_thing(key, kb), change, told,
        _otherwise(key, visits, kb) if change == "not_retested" else (), None not in by and by[0] != by[1],
    )  # fmt: skip


def _changed(first: Looked | None, told: Sequence[Looked]) -> str:
    """How the last visit stands to the first that looked."""
    last = told[-1]
    if last.state not in _SEEN:
        return "no_longer_known" if last.state == "unknown" else "not_retested"
    if first is None:
        return "now_known" if any(one.state == "unknown" for one in told) else "first_time"
    if {first.state, last.state} == {"present", "absent"}:
        return "new" if last.state == "present" else "gone"
    before, after = ((_SEEN[one.state] * (1 if one.severity is None else one.severity), one.painful) for one in (first, last))
    return "unchanged" if before == after else "worse" if after > before else "better"


def _otherwise(key: str, visits: Sequence[Result], kb: KnowledgeBase) -> tuple[str, ...]:
    """The tasks in which the last visit looked at the same finding and side instead."""
    told = key_thing(key, kb)
    there = {i.task for i in visits[-1].stated.items if (i.finding, i.side) == (key.split(":")[0], told.side)}
    return tuple(kb.tasks[t].name for t in sorted(there) if t)


def _within_error(key: str, visits: Sequence[Result], values: Sequence[_Values], earlier: int, kb: KnowledgeBase) -> bool:
    """Whether both visits measured it, and none of the values behind it moved by as much as its error."""
    lines = [_line(key, visits[n]) for n in (earlier, -1)]
    if lines[0] is None or lines[1] is None:
        return False
    behind = {(m, s) for line in lines if line for m in line.measures for s in (line.side, mirrored(line.side))}
    both = [(values[earlier][place], values[-1][place]) for place in sorted(behind) if place in values[earlier] and place in values[-1]]
    return bool(both) and all(_compared(a, b, kb)[0] in ("unchanged", "within_error") for a, b in both)


def _line(key: str, result: Result) -> Measured | None:
    """What measured values showed of a key, where they decided it."""
    return next((m for m in result.measured if is_of(key, m)), None)


# --- measured values ----------------------------------------------------------------------------------------------------------------


def _measures(values: Sequence[_Values], kb: KnowledgeBase) -> Iterator[MeasureCourse]:
    for measure, side in sorted({place for one in values for place in one}):
        course = [one.get((measure, side)) for one in values]
        measured = [v for v in course if v is not None]
        first, last = measured[0], course[-1]
        told: tuple[str, float | None, float | None, str, str] = ("not_retested", None, None, "", "")
        if last is not None:
            told = _compared(first, last, kb) if first is not last else ("first_time", None, None, "", "")
        yield MeasureCourse(
            measure, kb.measures[measure].name, side, told[0], tuple(v.written if v else "" for v in course), *told[1:],
            any(v.painful for v in measured),
        )  # fmt: skip


def _compared(first: Value, last: Value, kb: KnowledgeBase) -> tuple[str, float | None, float | None, str, str]:
    """(change, difference, error, unit, source of the error); amounts in the unit in which the last value was written."""
    if first.dimension != last.dimension:
        return "not_comparable", None, None, "", ""
    measure = kb.measures[last.measure]
    larger = max(first, last, key=lambda v: abs(v.amount))
    error = largest_error(measure, Amount(*larger[:5]), kb)
    difference = round(last.amount - first.amount, 6)
    symbol, factor = unit_of(last, kb)
    shown = round(difference / factor, 3), round(error[0] / factor, 3) if error else None
    source = kb.sources[error[1].source].title if error else ""
    if not difference:
        return "unchanged", 0.0, shown[1], symbol, source
    if error and abs(difference) < error[0]:
        return "within_error", *shown, symbol, source
    return _direction(measure.id, difference, kb), *shown, symbol, source


def unit_of(value: Value, kb: KnowledgeBase) -> tuple[str, float]:
    """The unit in which a value was written, and how much of the base unit it is."""
    symbol = value.written.split(" ", 1)[1]
    return symbol, next((u.factor for u in kb.units.values() if symbol in (u.symbol, u.id, *u.words)), 1.0)


def _direction(measure: str, difference: float, kb: KnowledgeBase) -> str:
    """Better or worse, where all norms of a measure agree on what is too little or too much; else more or less."""
    bad = {j.on for j in kb.measures[measure].judgements}
    if bad == {"lower"}:
        return "better" if difference > 0 else "worse"
    if bad == {"higher"}:
        return "worse" if difference > 0 else "better"
    return "more" if difference > 0 else "less"


# --- suspicions over more than two visits ---------------------------------------------------------------------------------------------


def _courses(visits: Sequence[Result]) -> Iterator[Course]:
    """Every suspicion that was at least possible once and did not stay as it was, what is supported now first."""
    by_visit = [{h.about: h for h in r.hypotheses} for r in visits]
    told = {about: h for found in by_visit for about, h in found.items() if h.status != "insufficient"}
    rows = []
    for about, h in told.items():
        states = [found.get(about) for found in by_visit]
        if len({(s.status, s.net) if s else None for s in states}) > 1:
            rows.append(_row(h, states))
    yield from sorted(rows, key=lambda r: (r.statuses[-1] != "supported", -max(p or 0 for p in r.points), r.name, r.axis, r.state, r.side))


def _row(h: Hypothesis, states: Sequence[Hypothesis | None]) -> Course:
    return Course(
        h.muscle, h.name, h.side, h.axis, h.state, tuple(s.status if s else "" for s in states),
        tuple(s.points if s else None for s in states),
    )  # fmt: skip
