"""A case as a sheet that is filled in: pure edits of a case as plain data, and what of it a form shows.

An edit gives a new case and changes nothing. What stands on the sheet as it was written by hand stays so until it is edited; from then on
it stands in the knowledge's own ids, with the side of the finding itself. Nothing here concludes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from expert.cases import case_from_mapping
from expert.conditions import by_finding, decide, severity_least
from expert.errors import CaseError, Fault, UsageError
from expert.formats import Battery, BatteryItem, CaseFile, CaseFinding, FindingType, Flag, Measure
from expert.measures import largest_error, unit_named, units_of
from expert.model import LEVELS, FlagRaised, KnowledgeBase, Patient, Stated, mirrored
from expert.normalise import Unreadable, flag_words, named, normalise
from expert.referral import screen, used_by_flags
from expert.words import Found, split_side

Sheet = dict[str, Any]
SEEN = ("findings", "symptoms", "history")
GRIDS = ("overhead-squat", "single-leg-squat", "gait", "running", "posture-front", "posture-side", "posture-back", "reach")
VIEWS = ("front", "side", "back", "any")
# The parts of the body by which red flags are asked; a flag stands where it is first at home.
FLAG_GROUPS: Mapping[str, tuple[str, ...]] = {
    "general": (),
    "head-and-neck": ("head", "neck"),
    "trunk": ("chest", "thorax", "back", "trunk", "abdomen", "low-back", "pelvis"),
    "shoulder-and-arm": ("shoulder", "arm", "elbow", "forearm", "wrist", "hand"),
    "hip-and-leg": ("hip", "thigh", "knee", "leg", "ankle", "foot"),
}
_EVERYWHERE = 3  # at home in so many parts, a flag is of the whole body
TESTED = "tests"  # the group of flags that tests raise, and no question
_PAIRED = frozenset({"left", "right"})
_GONE = object()


# --- edits -------------------------------------------------------------------------------------------------------------------


def added(sheet: Mapping[str, Any], section: str, entry: Mapping[str, Any], kb: KnowledgeBase) -> Sheet:
    """With one entry more. Said of the same thing, side and task, the later word counts: the earlier one goes."""
    if section == "measurements":
        return _measured(sheet, entry)
    name, side, task = _place(entry, kb)
    kept: list[Any] = []
    at = None
    for other in sheet.get(section, ()):
        its_name, its_side, its_task = _place(_whole(other), kb)
        if (its_name, its_task) != (name, task) or not name or not (left := _sides(its_side) & _sides(side)):
            kept.append(other)
        elif rest := _sides(its_side) - left:
            kept.append({**_own_words(_whole(other), kb), "side": _joined(rest)})
        elif at is None:
            at = len(kept)
    kept.insert(len(kept) if at is None else at, dict(entry))
    return _with(sheet, section, kept)


def changed(sheet: Mapping[str, Any], section: str, number: int, changes: Mapping[str, Any], kb: KnowledgeBase) -> Sheet:
    """With fields of one entry set; None takes a field away. Raises UsageError where there is no such entry."""
    entries = _entries(sheet, section, number)
    own = _own_words(_whole(entries[number]), kb) if section in SEEN else entries[number]
    entry = {key: value for key, value in {**own, **changes}.items() if value is not None}
    if section not in SEEN:
        return _with(sheet, section, [*entries[:number], entry, *entries[number + 1 :]])
    place = _place(entry, kb)
    twins = [n for n, e in enumerate(entries) if n != number and place[0] and _place(_whole(e), kb) == place]
    after = [entry if n == number else e for n, e in enumerate(entries) if n not in twins]
    return _with(sheet, section, after)


def removed(sheet: Mapping[str, Any], section: str, number: int) -> Sheet:
    """Without one entry. Raises UsageError where there is no such entry."""
    entries = _entries(sheet, section, number)
    return _with(sheet, section, [*entries[:number], *entries[number + 1 :]])


def ticked(sheet: Mapping[str, Any], item: tuple[str, str], answer: str, kb: KnowledgeBase) -> Sheet:
    """One line of a grid (finding, task): seen left, right, on both sides or in the midline; absent; or open, not looked at.

    Where only one side is ticked, nothing is said of the other: what stood there as absent stays, what stood as present goes.
    """
    kind, task = _finding(item[0], kb), item[1]
    if answer not in ("absent", "open", *_answers(kind)):
        raise UsageError(f"'{answer}' is no answer for {kind.id}")
    sheet_without = _unsaid(sheet, kind.id, task, kb)
    if answer == "open":
        return sheet_without
    entry = _filled({"name": kind.id, "task": task or None})
    if answer == "absent":
        return _absent(sheet_without, entry, _every_side(kind))
    if _said(sheet, kind.id, task, kb).get(mirrored(answer)) is False:
        sheet_without = _absent(sheet_without, entry, (mirrored(answer),))
    side = answer if answer in _PAIRED else _every_side(kind)[0]
    return _more(sheet_without, {**entry, "side": side, **_details(sheet, kind.id, task, kb)})


def rest_not_seen(sheet: Mapping[str, Any], battery: str, view: str, kb: KnowledgeBase) -> Sheet:
    """What of this view of a battery nobody has said anything about was looked at and not seen.

    Only what is seen: no symptom, no question, no test; and nothing that decides a red flag, which is to be answered by itself.
    """
    if view not in VIEWS:
        raise UsageError(f"'{view}' is no view; it is one of {', '.join(VIEWS)}")
    items = [i for i in _battery(battery, kb).items if i.finding and kb.findings[i.finding].view == view]
    return _waved(sheet, [(i.finding or "", i.task or "") for i in items], kb)[0]


def asked(sheet: Mapping[str, Any], name: str, answer: str, kb: KnowledgeBase, side: str | None = None) -> Sheet:
    """The one answer to a question about a symptom, the history or a finding, whatever was said before: present, absent or open."""
    kind = _finding(name, kb)
    section = _SECTION_OF[kb.kinds[name]]
    if answer not in ("present", "absent", "open"):
        raise UsageError(f"'{answer}' is no answer; it is one of present, absent, open")
    if answer == "present" and side is None and not kind.needs_no_side:
        raise UsageError(f"which side? {kind.name} is told of one of {', '.join(kind.sides)}")
    bare = _all_unsaid(sheet, section, name, kb)
    if answer == "open":
        return bare
    for one in (side,) if side else _every_side(kind):
        bare = _more(bare, {"name": name, "side": one, "present": None if answer == "present" else False}, section)
    return bare


def flag_denied(sheet: Mapping[str, Any], name: str, kb: KnowledgeBase) -> Sheet:
    """What a red flag asks about was asked, and it is not there as a whole; nothing is said of its single things.

    A flag that is called like one finding is denied by that finding, and may stay open where it asks about more.
    """
    words = flag_words(_flag(name, kb), kb)
    if not words:
        return asked(sheet, _namesake(name, kb), "absent", kb)
    return _with(sheet, "symptoms", [*_without_flag(sheet, name, kb), {"name": words, "present": False}])


def flag_open(sheet: Mapping[str, Any], name: str, kb: KnowledgeBase) -> Sheet:
    """A red flag was not asked about as a whole; what was said of single things stays."""
    if not flag_words(_flag(name, kb), kb):
        return asked(sheet, _namesake(name, kb), "open", kb)
    return _with(sheet, "symptoms", _without_flag(sheet, name, kb))


def group_denied(sheet: Mapping[str, Any], group: str, kb: KnowledgeBase) -> Sheet:
    """All red flags of a group were asked about and are not there. What is raised, decided or half met is left as it is."""
    form = flag_form(sheet, kb)
    lines = next((g.lines for g in form.groups if g.id == group), None)
    if lines is None:
        raise UsageError(f"there is no group '{group}' of red flags")
    for line in lines:
        if line.state == "open":
            sheet = flag_denied(sheet, line.id, kb)
    return dict(sheet)


def told(sheet: Mapping[str, Any], section: str, field: str, value: Any) -> Sheet:
    """With one field of the person or the visit set; None takes it away. Raises CaseError for a value that no case may hold."""
    entry = {key: v for key, v in {**sheet.get(section, {}), field: value}.items() if v is not None and v != []}
    case_from_mapping({"findings": [], section: entry})
    after = {**sheet, section: entry}
    if not entry:
        del after[section]
    return {key: after[key] for key in sorted(after, key=_order)}


def measured(sheet: Mapping[str, Any], entry: Mapping[str, Any], kb: KnowledgeBase) -> Sheet:
    """With one measured value (name, side, value, unit, pain); none takes it away. Raises CaseError for a value that no case may hold."""
    place = (_measure_of(entry, kb), entry.get("side"))
    single = [one for e in sheet.get("measurements", ()) for one in _one_a_side(e, kb)]
    if entry.get("value") is None:
        return _with(sheet, "measurements", [e for e in single if (e["name"], e.get("side")) != place])
    normalise(case_from_mapping({"findings": [], "measurements": [_filled(entry)]}), kb)
    return added(_with(sheet, "measurements", single), "measurements", _filled(entry), kb)


# --- what a form shows ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as a list shows it. `id` "": its name cannot be read. `turned`: it is written by the name of the other side.

    more: what else it says, as it is written (pain, seen_by, limited_by, region, onset, year, note).
    """

    section: str
    number: int
    id: str
    name: str
    written: str
    kind: str
    side: str
    task: str
    severity: str | float
    present: bool | str
    painful: bool
    sides: tuple[str, ...]
    tasks: tuple[str, ...]
    side_means: str
    turned: bool
    value: str
    faults: tuple[str, ...]
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GridLine:
    """One finding of a grid. `answers`: how it may be there; `answer`: one of them, absent, unknown or open; `off`: the sides free of it.

    alone: it is left out of "the rest of this view was looked at and not seen", because a red flag would be decided by it.
    """

    id: str
    name: str
    task: str
    answers: tuple[str, ...]
    side_means: str
    how: str
    answer: str
    off: tuple[str, ...]
    alone: bool


@dataclass(frozen=True, slots=True)
class GridView:
    """The lines of a battery that are seen from one side. `rest`: of how many a "not seen" for the rest would say something."""

    view: str
    lines: tuple[GridLine, ...]
    rest: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A battery as check grids, and what of it is measured."""

    id: str
    name: str
    instruction: str
    stop: str
    views: tuple[GridView, ...]
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that a red flag asks about: what is said of it (present, absent, unknown, open), and on which sides it may be."""

    id: str
    name: str
    kind: str
    how: str
    said: str
    sides: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlagLine:
    """A red flag as it stands. state: raised, half (something is there), asked (it could be decided, and is not there), aside, open.

    aside: age or sex alone rule it out. `denied`: it was said as a whole that nothing of it is there.
    """

    id: str
    title: str
    level: str
    state: str
    denied: bool
    things: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class FlagGroup:
    """Red flags that are asked about together, the most urgent first."""

    id: str
    lines: tuple[FlagLine, ...]
    asked: int
    open: int


@dataclass(frozen=True, slots=True)
class FlagForm:
    """All red flags in groups. `asked` of `of`: how many could be decided from what was asked."""

    asked: int
    of: int
    raised: tuple[FlagRaised, ...]
    groups: tuple[FlagGroup, ...]


@dataclass(frozen=True, slots=True)
class MeasureValue:
    """One side of a measure: the value as it is written, and whether it hurt."""

    value: float
    unit: str
    pain: int


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """One measure with its sides beside each other. `apart`: how far, in the unit of the left value; `percent` of the larger.

    `less`: the side that has less; "" where both are the same. `within_error`: so little that measuring twice may differ as much.
    """

    id: str
    name: str
    how: str
    sides: tuple[str, ...]
    side_means: str
    units: tuple[str, ...]
    held: Mapping[str, MeasureValue]
    apart: float | None
    percent: int | None
    less: str
    within_error: bool
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a sheet could be read, and everything that is wrong with it, by the place it is said at (RFC 6901)."""

    stated: Stated | None
    faults: tuple[Fault, ...]

    def at(self, place: str) -> tuple[str, ...]:
        """The faults at a place or inside it."""
        return tuple(bare(f.message) for f in self.faults if f.pointer == place or f.pointer.startswith(f"{place}/"))


def checked(sheet: Mapping[str, Any], kb: KnowledgeBase) -> Checked:
    """A sheet read as far as it can be read."""
    try:
        return Checked(normalise(case_from_mapping(sheet), kb), ())
    except Unreadable as unreadable:
        return Checked(unreadable.readable, unreadable.faults)
    except CaseError as error:
        return Checked(None, error.faults)


def rows(sheet: Mapping[str, Any], kb: KnowledgeBase) -> tuple[Row, ...]:
    """Every entry that was seen, told or asked, and every measured value, in the order in which they stand; no flags denied as a whole."""
    check = checked(sheet, kb)
    found = [
        _row(section, n, _whole(e), check.at(f"/{section}/{n}"), kb)
        for section in SEEN for n, e in enumerate(sheet.get(section, ())) if not _denies(_whole(e), kb)
    ]  # fmt: skip
    return (*found, *(_measure_row(n, e, check.at(f"/measurements/{n}"), kb) for n, e in enumerate(sheet.get("measurements", ()))))


def measure_lines(sheet: Mapping[str, Any], opened: Sequence[str], kb: KnowledgeBase) -> tuple[MeasureLine, ...]:
    """Every measure of which a value stands on the sheet, in that order, and those that were opened to be filled in."""
    check = checked(sheet, kb)
    entries = list(enumerate(sheet.get("measurements", ())))
    names = dict.fromkeys((*(_measure_of(e, kb) for _, e in entries), *opened))
    return tuple(
        _measure_line(kb.measures[name], [(n, e) for n, e in entries if _measure_of(e, kb) == name], check, kb)
        for name in names if name in kb.measures
    )  # fmt: skip


def grid(sheet: Mapping[str, Any], battery: str, kb: KnowledgeBase) -> Grid:
    """A battery as check grids, view by view; what has no view (tests, responses) comes last."""
    of = _battery(battery, kb)
    seen: dict[str, list[BatteryItem]] = {view: [] for view in (*VIEWS, "")}
    for item in of.items:
        if item.finding:
            seen[kb.findings[item.finding].view or ""].append(item)
    views = tuple(_grid_view(sheet, view, items, kb) for view, items in seen.items() if items)
    return Grid(of.id, of.name, of.instruction, of.stop, views, tuple(i.measure for i in of.items if i.measure))


def flag_form(sheet: Mapping[str, Any], kb: KnowledgeBase) -> FlagForm:
    """The red flags as they stand: what is raised, what was asked, what is open."""
    stated = checked(sheet, kb).stated or normalise(case_from_mapping({"findings": []}), kb)
    screening = screen(stated, kb.flags, kb.findings, kb.constants.severity)
    state = {
        **dict.fromkeys(screening.not_asked, "open"), **dict.fromkeys(screening.asked, "asked"),
        **dict.fromkeys(screening.not_applicable, "aside"), **{h.id: "half" for h in screening.half_met},
        **{f.id: "raised" for f in screening.flags},
    }  # fmt: skip
    said = _said_of_things(stated)
    groups: dict[str, list[FlagLine]] = {group: [] for group in (*FLAG_GROUPS, TESTED)}
    for flag in kb.flags.values():
        things = tuple(_thing(name, said, kb) for name in flag.when.asks if name in kb.findings)
        line = FlagLine(flag.id, flag.title, flag.level, state[flag.id], flag.id in stated.ruled_out, things)
        groups[_group_of(flag, kb)].append(line)
    for lines in groups.values():
        lines.sort(key=lambda line: LEVELS.index(line.level))
    found = tuple(
        FlagGroup(g, tuple(lines), sum(x.state in ("asked", "raised") for x in lines), sum(x.state == "open" for x in lines))
        for g, lines in groups.items() if lines
    )  # fmt: skip
    return FlagForm(len(screening.asked), len(screening.asked) + len(screening.not_asked), screening.flags, found)


# --- rows, lines, things -------------------------------------------------------------------------------------------------------


def _row(section: str, number: int, entry: Mapping[str, Any], faults: tuple[str, ...], kb: KnowledgeBase) -> Row:
    name, side, task = _place(entry, kb)
    kind = kb.findings.get(name)
    written = str(entry.get("name", ""))
    read = kb.words.exact("finding", written)
    turned = isinstance(read, Found) and read.reading.side == "opposite"
    painful = bool(entry.get("pain")) or entry.get("limited_by") in ("pain", "fear")
    present = entry.get("present", True)
    severity = entry.get("severity", "moderate")
    common = (side, task, severity, present, painful)
    more = {key: entry[key] for key in ("pain", "seen_by", "limited_by", "region", "onset", "year", "note") if key in entry}
    if kind is None:
        return Row(section, number, "", written, written, "", *common, (), (), "", False, "", faults, more)
    tasks = kind.tasks or (tuple(kb.tasks) if kb.kinds[name] == "finding" else ())
    means = (kind.side_means or "").rstrip(".") if "left" in kind.sides else ""
    return Row(section, number, name, kind.name, written, kb.kinds[name], *common, kind.sides, tasks, means, turned, "", faults, more)


def _measure_row(number: int, entry: Mapping[str, Any], faults: tuple[str, ...], kb: KnowledgeBase) -> Row:
    measure = kb.measures.get(_measure_of(entry, kb))
    name = measure.name if measure else str(entry.get("name", ""))
    value = f"{entry.get('value', '')} {entry.get('unit', '')}".strip()
    means = (measure.side_means or "").rstrip(".") if measure else ""
    return Row(
        "measurements", number, measure.id if measure else "", name, str(entry.get("name", "")), "measure", entry.get("side") or "", "",
        "moderate", True, bool(entry.get("pain")), measure.sides if measure else (), (), means, False, value, faults, {},
    )  # fmt: skip


def _measure_line(measure: Measure, entries: Sequence[tuple[int, Mapping[str, Any]]], check: Checked, kb: KnowledgeBase) -> MeasureLine:
    values = {
        side: MeasureValue(e.get("value", 0), str(e.get("unit", "")), e.get("pain", 0))
        for _, e in entries for side in (("left", "right") if e.get("side") == "bilateral" else (e.get("side") or "midline",))
    }  # fmt: skip
    base = {a.side: a for a in (check.stated.amounts if check.stated else ()) if a.measure == measure.id}
    apart, percent, less, within = None, None, "", False
    if {"left", "right"} <= base.keys() and base["left"].dimension == base["right"].dimension:
        low, high = sorted((base["left"], base["right"]), key=lambda a: a.amount)
        gap, unit = high.amount - low.amount, unit_named(values["left"].unit, kb.units)
        apart = round(gap / unit.factor, 2) if unit else None
        percent = round(100 * gap / high.amount) if high.amount > 0 and low.dimension != "grade" else None
        less = low.side if gap else ""
        error = largest_error(measure, high, kb)
        within = error is not None and gap < error[0]
    faults = tuple(f for n, _ in entries for f in check.at(f"/measurements/{n}"))
    units = tuple(u.symbol for u in units_of(measure, kb))
    means = (measure.side_means or "").rstrip(".")
    return MeasureLine(measure.id, measure.name, measure.how, measure.sides, means, units, values, apart, percent, less, within, faults)


def _grid_view(sheet: Mapping[str, Any], view: str, items: Sequence[BatteryItem], kb: KnowledgeBase) -> GridView:
    places = [(i.finding or "", i.task or "") for i in items]
    after, filled = _waved(sheet, places if view else (), kb)
    alone = {p for p in places if view and p not in filled and _open_sides(after, kb.findings[p[0]], p[1], kb)}
    lines = tuple(_grid_line(sheet, item, place in alone, kb) for item, place in zip(items, places, strict=True))
    return GridView(view, lines, len(filled))


def _grid_line(sheet: Mapping[str, Any], item: BatteryItem, alone: bool, kb: KnowledgeBase) -> GridLine:
    kind = kb.findings[item.finding or ""]
    said = _said(sheet, kind.id, item.task or "", kb)
    there = {side for side, present in said.items() if present is True}
    off = tuple(side for side in sorted(said) if said[side] is False)
    if there >= _PAIRED:
        answer = "both"
    elif there:
        answer = min(there)
    else:
        answer = "absent" if off else "unknown" if said else "open"
    how = item.instruct or kind.how or ""
    return GridLine(kind.id, kind.name, item.task or "", _answers(kind), (kind.side_means or "").rstrip("."), how, answer, off, alone)


def _thing(name: str, said: Mapping[str, str], kb: KnowledgeBase) -> Thing:
    kind = kb.findings[name]
    return Thing(name, kind.name, kb.kinds[name], kind.how or "", said.get(name, "open"), () if kind.needs_no_side else kind.sides)


def _said_of_things(stated: Stated) -> dict[str, str]:
    said = {key.split(":")[0]: "unknown" for key in stated.unknown}
    for item in sorted(stated.items, key=lambda i: i.present):
        said[item.finding] = "present" if item.present else "absent"
    return said


def _group_of(flag: Flag, kb: KnowledgeBase) -> str:
    told = [kb.kinds[name] for name in flag.when.asks if name in kb.findings]
    if told and all(kind == "finding" for kind in told):
        return TESTED
    home = [group for region in flag.asking.regions for group, regions in FLAG_GROUPS.items() if region in regions]
    return home[0] if home and len(set(home)) < _EVERYWHERE else "general"


# --- how entries are read --------------------------------------------------------------------------------------------------------

_SECTION_OF: Mapping[str, str] = {"finding": "findings", "symptom": "symptoms", "history": "history"}


def _whole(entry: Any) -> Mapping[str, Any]:
    """An entry as a map; a name alone stands for the whole."""
    return entry if isinstance(entry, Mapping) else {"name": entry}


def _place(entry: Mapping[str, Any], kb: KnowledgeBase) -> tuple[str, str, str]:
    """(finding, side, task) as the normaliser reads them; no finding, where it cannot."""
    words = str(entry.get("name", ""))
    if not any(isinstance(kb.words.read("finding", w), Found) for w in (words, split_side(words)[0])):
        return "", "", ""
    try:
        read = named(CaseFinding.model_validate(dict(entry)), kb)
    except (CaseError, ValidationError):
        return "", "", ""
    return read


def _own_words(entry: Mapping[str, Any], kb: KnowledgeBase) -> dict[str, Any]:
    """The same entry in the knowledge's own ids, with the side of the finding itself."""
    name, side, task = _place(entry, kb)
    if not name:
        return dict(entry)
    own = {**entry, "name": name, "side": side or None, "task": task or None}
    return {key: value for key, value in own.items() if value is not None}


def _sides(side: str) -> frozenset[str]:
    return _PAIRED if side == "bilateral" else frozenset({side or "midline"})


def _joined(sides: frozenset[str]) -> str:
    return "bilateral" if sides >= _PAIRED else min(sides)


def _every_side(kind: FindingType) -> tuple[str | None, ...]:
    """The sides that entries name to say something of a finding as a whole: none, where it needs none."""
    if kind.needs_no_side:
        return (None,)
    if "left" in kind.sides:
        return ("bilateral",) if "bilateral" in kind.sides else ("left", "right")
    return ("midline",) if "midline" in kind.sides else kind.sides[:1]


def _answers(kind: FindingType) -> tuple[str, ...]:
    """How a finding may be ticked as present."""
    if "left" not in kind.sides:
        return ("midline",)
    return ("left", "right", *(("midline",) if kind.needs_no_side else ("both",) if "bilateral" in kind.sides else ()))


def _open_sides(sheet: Mapping[str, Any], kind: FindingType, task: str, kb: KnowledgeBase) -> tuple[str | None, ...]:
    """The sides of which nothing is said, as entries say them; what is said without a task counts for every task."""
    said = frozenset({**_said(sheet, kind.id, "", kb), **_said(sheet, kind.id, task, kb)})
    if not said:
        return _every_side(kind)
    return () if "midline" in said or "left" not in kind.sides else tuple(sorted(_PAIRED - said))


def _more(sheet: Mapping[str, Any], entry: Mapping[str, Any], section: str = "findings") -> Sheet:
    return _with(sheet, section, [*sheet.get(section, ()), _filled(entry)])


def _absent(sheet: Mapping[str, Any], entry: Mapping[str, Any], sides: Sequence[str | None]) -> Sheet:
    for side in sides:
        sheet = _more(sheet, {**entry, "side": side, "present": False})
    return dict(sheet)


def _order(key: str) -> int:
    """The place of a section in a case."""
    return list(CaseFile.model_fields).index(key) if key in CaseFile.model_fields else len(CaseFile.model_fields)


def _with(sheet: Mapping[str, Any], section: str, entries: Any) -> Sheet:
    after = {**sheet, section: entries}
    if section != "findings" and not entries:
        del after[section]
    return after


def _entries(sheet: Mapping[str, Any], section: str, number: int) -> list[Any]:
    entries = list(sheet.get(section, ()))
    if section not in (*SEEN, "measurements", "surgery") or not 0 <= number < len(entries):
        raise UsageError("there is no such entry any more")
    return entries


def _filled(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value is not None}


def _said(sheet: Mapping[str, Any], name: str, task: str, kb: KnowledgeBase) -> dict[str, bool | str]:
    """What is said of a finding in a task, side by side."""
    said: dict[str, bool | str] = {}
    for section in SEEN:
        for entry in map(_whole, sheet.get(section, ())):
            its_name, side, its_task = _place(entry, kb)
            if (its_name, its_task) == (name, task):
                said.update(dict.fromkeys(_sides(side), entry.get("present", True)))
    return said


def _details(sheet: Mapping[str, Any], name: str, task: str, kb: KnowledgeBase) -> dict[str, Any]:
    """How severe, how seen: what an entry that is ticked again keeps."""
    for entry in map(_whole, sheet.get("findings", ())):
        its_name, _, its_task = _place(entry, kb)
        if (its_name, its_task) == (name, task) and entry.get("present", True) is True:
            return {key: entry[key] for key in ("severity", "seen_by", "pain", "limited_by", "note") if key in entry}
    return {}


def _unsaid(sheet: Mapping[str, Any], name: str, task: str, kb: KnowledgeBase) -> Sheet:
    """Without what was seen of a finding in a task."""
    return _with(sheet, "findings", [e for e in sheet.get("findings", ()) if _place(_whole(e), kb)[::2] != (name, task)])


def _all_unsaid(sheet: Mapping[str, Any], section: str, name: str, kb: KnowledgeBase) -> Sheet:
    return _with(sheet, section, [e for e in sheet.get(section, ()) if _place(_whole(e), kb)[0] != name])


def _denies(entry: Mapping[str, Any], kb: KnowledgeBase) -> str:
    """The red flag that an entry says to be absent as a whole, or ""."""
    words = str(entry.get("name", ""))
    if entry.get("present") is not False or isinstance(kb.words.exact("finding", words), Found):
        return ""
    flag = kb.words.exact("flag", words)
    return flag.reading.id if isinstance(flag, Found) else ""


def _without_flag(sheet: Mapping[str, Any], name: str, kb: KnowledgeBase) -> Sequence[Any]:
    return [e for e in sheet.get("symptoms", ()) if _denies(_whole(e), kb) != name]


def _waved(
    sheet: Mapping[str, Any], places: Sequence[tuple[str, str]], kb: KnowledgeBase
) -> tuple[Sheet, tuple[tuple[str, str], ...]]:
    """(the sheet with these findings in these tasks absent where nothing is said of them, those that were): no red flag is touched."""
    flagged, before, filled = used_by_flags(kb.flags), None, []
    for name, task in places:
        kind = kb.findings[name]
        sides = _open_sides(sheet, kind, task, kb)
        if not sides or kb.kinds[name] != "finding" or kind.method != "observation" or _is_alarm(kind, kb):
            continue
        after = _absent(sheet, _filled({"name": name, "task": task or None}), sides)
        if name in flagged:
            before = _screened(sheet, kb) if before is None else before
            if _screened(after, kb) != before:
                continue
        sheet = after
        filled.append((name, task))
    return dict(sheet), tuple(filled)


def _screened(sheet: Mapping[str, Any], kb: KnowledgeBase) -> tuple[tuple[str, ...], ...]:
    """Which red flags count as asked about, as not applicable, as raised."""
    stated = checked(sheet, kb).stated
    screening = screen(stated, kb.flags, kb.findings, kb.constants.severity) if stated else None
    return (screening.asked, screening.not_applicable, tuple(f.id for f in screening.flags)) if screening else ()


def _is_alarm(kind: FindingType, kb: KnowledgeBase) -> bool:
    """Whether a red flag is raised by this alone, or bears its very name."""
    if kind.id in kb.flags:
        return True
    one = normalise(case_from_mapping(_more({}, {"name": kind.id, "side": _every_side(kind)[0]})), kb)
    items, least = by_finding(one.items), severity_least(kb.constants.severity)
    return any(decide(f.when, items, Patient(), least).value for f in kb.flags.values() if kind.id in f.when.asked)


def _finding(name: str, kb: KnowledgeBase) -> FindingType:
    if name not in kb.findings:
        raise UsageError("there is no such finding")
    return kb.findings[name]


def _flag(name: str, kb: KnowledgeBase) -> Flag:
    if name not in kb.flags:
        raise UsageError("there is no such red flag")
    return kb.flags[name]


def _namesake(flag: str, kb: KnowledgeBase) -> str:
    """The finding that is called like a red flag."""
    found = kb.words.exact("finding", flag)
    return found.reading.id if isinstance(found, Found) else flag


def _battery(name: str, kb: KnowledgeBase) -> Battery:
    if name not in kb.batteries:
        raise UsageError("there is no such battery")
    return kb.batteries[name]


def _measure_of(entry: Mapping[str, Any], kb: KnowledgeBase) -> str:
    read = kb.words.exact("measure", str(entry.get("name", "")))
    return read.reading.id if isinstance(read, Found) else ""


def _measured(sheet: Mapping[str, Any], entry: Mapping[str, Any]) -> Sheet:
    """One value for each measure and side: the later one counts."""
    entries = list(sheet.get("measurements", ()))
    same = [n for n, e in enumerate(entries) if (e.get("name"), e.get("side")) == (entry.get("name"), entry.get("side"))]
    if not same:
        return _with(sheet, "measurements", [*entries, dict(entry)])
    return _with(sheet, "measurements", [dict(entry) if n == same[0] else e for n, e in enumerate(entries) if n not in same[1:]])


def _one_a_side(entry: Mapping[str, Any], kb: KnowledgeBase) -> list[dict[str, Any]]:
    """A value in its measure's own id, twice where it stands for both sides."""
    own = {**entry, "name": _measure_of(entry, kb) or entry.get("name")}
    return [{**own, "side": side} for side in ("left", "right")] if entry.get("side") == "bilateral" else [own]


def bare(message: str) -> str:
    """A fault without its place: it is shown there."""
    place, colon, rest = message.partition(": ")
    return rest if colon and ("[" in place or "." in place or place in CaseFile.model_fields) else message
