"""A battery as a form to tick: what to look at, in order, with what to say and when to stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expert.errors import ExpertError
from expert.formats import Battery, BatteryItem, FindingType
from expert.model import KnowledgeBase, Tree
from expert.words import Unclear


def battery_named(words: str, kb: KnowledgeBase) -> Battery:
    """A battery by its id or name."""
    found = kb.words.look_up("battery", words)
    if isinstance(found, Unclear):
        raise ExpertError(f"no battery is called '{words}'{found.hint}; there are: {', '.join(kb.batteries)}")
    return kb.batteries[found.reading.id]


def lines(battery: Battery, kb: KnowledgeBase) -> list[Tree]:
    """Its items as a form prints them: name, task, which sides to tick, what to say or look at."""
    return [_line(item, kb) for item in battery.items]


def _line(item: BatteryItem, kb: KnowledgeBase) -> Tree:
    thing: Any = kb.findings[item.finding] if item.finding else kb.measures[item.measure or ""]
    return {
        "id": item.finding or item.measure, "measured": item.measure is not None, "name": thing.name,
        "task": kb.tasks[item.task].name if item.task else "", "sided": "left" in thing.sides, "view": getattr(thing, "view", None) or "",
        "side_means": thing.side_means or "", "how": item.instruct or thing.how or "",
        "units": _units(item.measure, kb) if item.measure else "",
    }  # fmt: skip


def _units(measure: str, kb: KnowledgeBase) -> str:
    wanted = kb.measures[measure].dimensions[0]
    return next(u.symbol.strip("{}") for u in kb.units.values() if u.dimension == wanted and u.factor == 1)


def _sides(kind: FindingType) -> tuple[str | None, ...]:
    """The sides that a blank case asks about: both where there are two, else what the finding needs said."""
    if "left" in kind.sides:
        return ("left", "right")
    return (None,) if kind.needs_no_side else ("midline" if "midline" in kind.sides else kind.sides[0],)


def blank_case(battery: Battery, kb: KnowledgeBase) -> Mapping[str, Any]:
    """A case file to fill in: every item of the battery as unknown, on each side. Measures have no unknown value: see below."""
    findings = []
    for item in battery.items:
        if item.finding:
            for side in _sides(kb.findings[item.finding]):
                entry = {"name": item.finding, "side": side, "task": item.task, "present": "unknown"}
                findings.append({key: value for key, value in entry.items() if value is not None})
    return {"case_id": battery.id, "findings": findings}


def blank_measurements(battery: Battery, kb: KnowledgeBase) -> list[str]:
    """Lines of YAML for what the battery measures, to be uncommented where a value was taken; none where it measures nothing."""
    found = []
    for item in battery.items:
        if item.measure:
            unit = _units(item.measure, kb)
            sides = (", side: left", ", side: right") if "left" in kb.measures[item.measure].sides else ("",)
            found += [f"- {{name: {item.measure}{side}, value: , unit: {unit}}}" for side in sides]
    return ["measurements:     # take away the # where you write a value", *found] if found else []
