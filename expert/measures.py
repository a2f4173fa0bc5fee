"""What measured values show: a value with its unit, beside its norm, the other side or its opponent, is present, borderline or absent.

A difference below the measurement error is none, and a value within that error of its bound is borderline. All bounds stand in
kb/measures/, each with its source; kb/units.yaml says what the units are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from expert.formats import Error, Judgement, Measure, Unit
from expert.model import Amount, KnowledgeBase, Measured, mirrored

_WORST = ("present", "borderline", "absent")
_BY_MASS = {"force-per-mass": "force", "torque-per-mass": "torque"}


class Value(NamedTuple):
    """One measured value in its dimension's base unit. `written`: as the case has it, for reports."""

    measure: str
    side: str
    dimension: str
    amount: float
    written: str
    painful: bool = False


class Person(NamedTuple):
    """What norms ask of the person."""

    sex: str | None = None
    age: int | None = None
    mass_kg: float | None = None


class _Said(NamedTuple):
    """What one judgement says of one side."""

    finding: str
    side: str
    verdict: str
    because: str
    source: str
    values: tuple[Value, ...]
    alike: bool = False  # within what is healthy, and not merely within the error of a crude test
    severe: bool = False


def unit_named(words: str, units: Mapping[str, Unit]) -> Unit | None:
    """A unit by its symbol, exactly, or by one of its words, in any case."""
    exact = [u for u in units.values() if words in (u.symbol, u.id)]
    near = [u for u in units.values() if words.casefold() in {w.casefold() for w in (u.symbol, *u.words)}]
    return next(iter(exact or near), None)


def units_of(measure: Measure, kb: KnowledgeBase) -> tuple[Unit, ...]:
    """The units it may be told in, those of its usual dimension and the base unit first."""
    fitting = [u for u in kb.units.values() if u.dimension in measure.dimensions]
    return tuple(sorted(fitting, key=lambda u: (measure.dimensions.index(u.dimension), u.factor != 1)))


def judged(values: Iterable[Value], person: Person, kb: KnowledgeBase) -> tuple[Measured, ...]:
    """What all values together show, one line for each finding and side; present outweighs borderline, borderline absent."""
    by_place = {(v.measure, v.side): v for v in values}
    said: dict[tuple[str, str], list[_Said]] = defaultdict(list)
    alike: dict[str, list[_Said]] = defaultdict(list)
    for name in sorted({v.measure for v in by_place.values()}):
        for judgement in _fitting(kb.measures[name], person):
            for one in _say(judgement, kb.measures[name], by_place, person, kb):
                said[one.finding, one.side].append(one)
                if judgement.equal:
                    alike[judgement.equal].append(one)
    lines = [_line(found) for found in said.values()]
    told = {(m.finding, m.side): m.verdict for m in lines}
    for equal, ones in _equals(alike, told):
        lines.append(_line([one._replace(finding=equal, side="midline", verdict="present") for one in ones]))
    return tuple(sorted(lines, key=lambda m: (m.finding, m.side)))


def _equals(alike: Mapping[str, list[_Said]], told: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, list[_Said]]]:
    """What measures alike: every judgement that names it says so, and no other one finds anything wanting."""
    for equal, ones in sorted(alike.items()):
        sides = {(one.finding, side) for one in ones for side in (one.side, mirrored(one.side))}
        if all(one.alike for one in ones) and all(told.get(place, "absent") == "absent" for place in sides):
            yield equal, ones


def _line(found: list[_Said]) -> Measured:
    worst = min((s.verdict for s in found), key=_WORST.index)
    values = {v: None for s in found for v in s.values}
    return Measured(
        measures=tuple(dict.fromkeys(v.measure for v in values)), side=found[0].side, written=", ".join(_told(v) for v in values),
        finding=found[0].finding, verdict=worst, because=" ".join(dict.fromkeys(s.because for s in found)),
        sources=tuple(dict.fromkeys(s.source for s in found)), painful=any(v.painful for v in values),
        manual=all(v.dimension == "grade" for v in values), severe=worst == "present" and any(s.severe for s in found),
        amounts=tuple(Amount(v.measure, v.side, v.dimension, v.amount, v.written) for v in values),
    )  # fmt: skip


def _told(value: Value) -> str:
    return f"{value.side} {value.written}" if value.side in ("left", "right") else value.written


def _fitting(measure: Measure, person: Person) -> list[Judgement]:
    """The judgements that speak of such a person; a norm for everybody stands back where one for such people speaks."""
    fitting = [j for j in measure.judgements if _is_for(j, person)]
    own = {(j.finding, j.on, j.unit) for j in fitting if j.by == "norm" and (j.sex or j.age)}
    return [j for j in fitting if j.by != "norm" or j.sex or j.age or (j.finding, j.on, j.unit) not in own]


def _is_for(judgement: Judgement, person: Person) -> bool:
    """Whether a norm speaks of such a person; one bound to sex or age needs these to be known."""
    if judgement.sex is not None and judgement.sex != person.sex:
        return False
    return judgement.age is None or (person.age is not None and judgement.age.holds(person.age))


def _say(
    judgement: Judgement, measure: Measure, values: Mapping[tuple[str, str], Value], person: Person, kb: KnowledgeBase
) -> Iterator[_Said]:
    own = [v for (name, _), v in values.items() if name == measure.id]
    if judgement.by == "side-difference":
        sides = {v.side: v for v in own}
        comparable = {"left", "right"} <= sides.keys() and sides["left"].dimension == sides["right"].dimension
        if comparable and sides["left"].dimension != "grade":  # steps of a scale are no per cent
            yield from _differ(judgement, measure, sides["left"], sides["right"], kb)
        return
    for value in own:
        if judgement.by == "norm":
            yield from _beside_norm(judgement, measure, value, person, kb)
        else:
            other = values.get((judgement.to or "", value.side)) or values.get((judgement.to or "", "midline"))
            yield from _beside_opponent(judgement, value, other, kb)


def _beside_opponent(judgement: Judgement, value: Value, other: Value | None, kb: KnowledgeBase) -> Iterator[_Said]:
    """A ratio of two measures; grades by hand have none, since two fives make one."""
    if other is None or other.dimension != value.dimension or value.dimension == "grade" or not other.amount:
        return
    ratio = round(value.amount / other.amount, 6)
    verdict = _verdict(judgement, ratio, 0)
    because = f"{kb.measures[value.measure].name} to {kb.measures[other.measure].name}: {ratio:.2f}. {judgement.because}"
    yield _Said(judgement.finding, value.side, verdict, because, judgement.source, (value, other), verdict == "absent")


def _beside_norm(judgement: Judgement, measure: Measure, value: Value, person: Person, kb: KnowledgeBase) -> Iterator[_Said]:
    unit = _unit(judgement.unit or "", kb)
    amount, dimension = value.amount, value.dimension
    if _BY_MASS.get(unit.dimension) == dimension and person.mass_kg:
        amount, dimension = amount / person.mass_kg, unit.dimension
    if unit.dimension != dimension:
        return
    in_unit = round(amount / unit.factor, 6)
    error = _error(measure, dimension, in_unit, unit.factor, kb)
    because = f"{_number(in_unit)} {unit.symbol}. {judgement.because}"
    verdict = _verdict(judgement, in_unit, error)
    severe = verdict == "present" and judgement.on == "lower" and 0 <= in_unit <= judgement.present / 2
    yield _Said(judgement.finding, value.side, verdict, because, judgement.source, (value,), severe=severe)


def _differ(judgement: Judgement, measure: Measure, left: Value, right: Value, kb: KnowledgeBase) -> Iterator[_Said]:
    """The finding on the side that has less (or more) of it; on the other side it is absent as far as a difference can tell."""
    low, high = sorted((left, right), key=lambda v: v.amount)
    gap = high.amount - low.amount
    if judgement.unit == "%":
        apart = 100 * gap / high.amount if high.amount else 0.0
        told = f"{_number(apart)} % apart"
    else:
        unit = _unit(judgement.unit or "", kb)
        if unit.dimension != left.dimension:
            return
        apart = gap / unit.factor
        told = f"{_number(apart)} {unit.symbol} apart"
    verdict = _between(round(apart, 6), judgement)
    alike = verdict == "absent" and low.amount > 0  # nothing on either side is no balance
    severe = judgement.unit == "%" and apart >= (judgement.present + 100) / 2
    if verdict != "absent" and gap < _error(measure, left.dimension, high.amount, 1, kb):
        verdict, told = "absent", f"{told}, less than the measurement error"
    shown, other = (low, high) if judgement.on == "lower" else (high, low)
    because = f"The sides measure {told}. {judgement.because}"
    severe = severe and verdict == "present"
    yield _Said(judgement.finding, shown.side, verdict, because, judgement.source, (left, right), alike, severe)
    if verdict == "absent":
        yield _Said(judgement.finding, other.side, "absent", because, judgement.source, (left, right), alike)


def _between(apart: float, judgement: Judgement) -> str:
    return "present" if apart > judgement.present else "absent" if apart <= judgement.absent else "borderline"


def _verdict(judgement: Judgement, value: float, error: float) -> str:
    """Beyond `present` by the measurement error and more: present; within `absent`: absent; else borderline."""
    sign = 1 if judgement.on == "higher" else -1
    if round(sign * (value - judgement.present) - error, 6) > 0:
        return "present"
    within = round(sign * (value - judgement.absent), 6)
    return "absent" if within <= 0 else "borderline"


def _error(measure: Measure, dimension: str, amount: float, factor: float, kb: KnowledgeBase) -> float:
    """The largest published measurement error of this measure, in units of `factor`; 0 where none is known."""
    return max((0.0, *(_one_error(error, dimension, amount, factor, kb) for error in measure.error)))


def _one_error(error: Error, dimension: str, amount: float, factor: float, kb: KnowledgeBase) -> float:
    if error.unit == "%":
        return amount * error.value / 100
    unit = _unit(error.unit, kb)
    return error.value * unit.factor / factor if unit.dimension == dimension else 0.0


def largest_error(measure: Measure, amount: Amount, kb: KnowledgeBase) -> tuple[float, Error] | None:
    """The largest published measurement error that speaks of this amount, in its base unit, with what was read; None: none known."""
    found = [(_one_error(e, amount.dimension, amount.amount, 1, kb), e) for e in measure.error]
    return max((f for f in found if f[0] > 0), key=lambda f: f[0], default=None)


def _unit(symbol: str, kb: KnowledgeBase) -> Unit:
    return next(u for u in kb.units.values() if u.symbol == symbol)


def _number(value: float) -> str:
    return f"{round(value, 1):g}"
