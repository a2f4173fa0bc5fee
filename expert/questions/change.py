"""What differs between two answers: what came, what went, what moved, and which rule and which finding made it so.

Two answers are compared in their JSON, so a report from a file is compared like a fresh run. What is of no concern here: who reasoned,
what was read, what fired. Whatever else differs is told: in rows of its own, or at least by the name of its section.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expert import contract
from expert.model import KnowledgeBase, State, Tree
from expert.proof import Named
from expert.words import short

_BESIDE = frozenset({"schema_version", "case_id", "engine", "knowledge", "inputs", "measured", "unused", "trace", "warnings"})
_RANK = {"supported": 4, "contested": 3, "possible": 3, "contradicted": 2, "insufficient": 1, "": 0}
_MILLI = 1000


@dataclass(frozen=True, slots=True)
class Thing:
    """Something a case states. `short`: its name in a sentence; `severity`: the factor; `stated`, `state`: as in all reports."""

    key: str
    name: str
    short: str
    side: str
    task: str
    present: bool = True
    severity: float = 1.0
    painful: bool = False
    stated: bool = True
    state: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Evidence that came, went or counts otherwise. `rule` "": what speaks for the opposite state. Points, signed."""

    rule: str
    title: str
    change: str
    was: float
    now: float
    findings: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """Muscles whose state moved alike. change: new | gone | status | held | points. A status "" means that nothing spoke for it."""

    muscles: tuple[Named, ...]
    side: str
    axis: str
    state: str
    change: str
    was: str
    now: str
    points_was: float
    points_now: float
    held: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class FlagMoved:
    """A red flag. change: new | gone | decided (it can be decided now, and is not raised) | undecided | findings."""

    id: str
    title: str
    level: str
    change: str
    findings: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class PatternMoved:
    """A named whole. change: new | gone | core (seen in another way). `came`, `went`: of what it rests on."""

    id: str
    name: str
    side: str
    change: str
    came: tuple[Thing, ...]
    went: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class PredictionMoved:
    """A prediction. change: new | gone | status | strength."""

    kind: str
    id: str
    name: str
    side: str
    state: str
    change: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Place:
    """A muscle in a state, or a state of the body."""

    kind: str
    id: str
    name: str
    side: str
    state: str


@dataclass(frozen=True, slots=True)
class DriversMoved:
    """A smallest set of problems that may come first. change: new | gone."""

    change: str
    drivers: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class PlanMoved:
    """The plan: withheld | provisional | given | none, before and now; for whom it plans otherwise, where both times there is one."""

    was: str
    now: str
    because: tuple[str, ...]
    came: tuple[Thing, ...]
    went: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Another part of the answer. kind: cause | risk | outlook | conflict | loop; change: new | gone.

    `findings`: keys of the items that a cause, a risk or the outlook rests on.
    """

    kind: str
    change: str
    id: str
    title: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that differs. `also`: sections that differ otherwise than these rows tell."""

    nothing: bool
    level_was: str
    level_now: str
    flags: tuple[FlagMoved, ...]
    hypotheses: tuple[Moved, ...]
    patterns: tuple[PatternMoved, ...]
    predicted: tuple[PredictionMoved, ...]
    drivers: tuple[DriversMoved, ...]
    plan: PlanMoved | None
    others: tuple[Other, ...]
    also: tuple[str, ...]


def changed(before: Tree, after: Tree, kb: KnowledgeBase) -> Change:
    """What differs between two answers (docs/json.md), the graver part first."""
    names = _Names(kb, before, after)
    told: dict[str, Any] = {
        "referral": tuple(_flags(before["referral"], after["referral"], names)),
        "hypotheses": _hypotheses(before, after, names),
        "patterns": tuple(_patterns(before, after, names)),
        "predicted": tuple(_predictions(before["predicted"], after["predicted"])),
        "driver_sets": tuple(_drivers(before, after)),
        "plan": _plan(before["plan"], after["plan"], names),
    }
    others = tuple(_others(before, after))
    spoken = {key for key, rows in told.items() if rows} | {_SECTION[o.kind] for o in others}
    spoken |= {"contradicted"} if told["hypotheses"] else set()
    spoken |= {"drivers"} if told["driver_sets"] else set()
    levels = before["referral"]["level"], after["referral"]["level"]
    spoken |= {"referral"} if levels[0] != levels[1] else set()
    sections = [key for key in dict.fromkeys((*before, *after)) if key not in _BESIDE]
    differing = [key for key in sections if before.get(key) != after.get(key)]
    return Change(
        nothing=not differing, level_was=levels[0], level_now=levels[1], flags=told["referral"], hypotheses=told["hypotheses"],
        patterns=told["patterns"], predicted=told["predicted"], drivers=told["driver_sets"], plan=told["plan"], others=others,
        also=tuple(key for key in differing if key not in spoken),
    )  # fmt: skip


class _Names:
    """Keys of both answers in words; what is stated now stands above what was."""

    def __init__(self, kb: KnowledgeBase, *answers: Tree) -> None:
        self.kb = kb
        self.items = {i["key"]: i for answer in answers for i in answer["inputs"]["used"]}

    def thing(self, key: str) -> Thing:
        return thing(self.items[key], self.kb) if key in self.items else named(key, self._plain(key), stated=False)

    def things(self, keys: Iterable[str]) -> tuple[Thing, ...]:
        return tuple(self.thing(key) for key in dict.fromkeys(keys))

    def _plain(self, key: str) -> str:
        """A muscle state, a pattern: in words as far as they are known."""
        first, *rest = key.removeprefix("pattern:").split(":")
        shelves: tuple[Mapping[str, Any], ...] = (self.kb.muscles, self.kb.patterns, self.kb.findings)
        name = next((shelf[first].name for shelf in shelves if first in shelf), first)
        return ", ".join((name, *rest))


def thing(item: Tree, kb: KnowledgeBase) -> Thing:
    """An item of the JSON, with its task in words."""
    task = kb.tasks[item["task"]].name if item["task"] in kb.tasks else item["task"] or ""
    told = {key: item[key] for key in ("present", "severity", "painful")}
    return named(item["key"], item["name"], item["side"], task, **told)


def named(key: str, name: str, side: str = "midline", task: str = "", **more: Any) -> Thing:
    """A thing by its name, and by what of it stands outside brackets."""
    return Thing(key, name, short(name), side, task, **more)


# --- red flags ------------------------------------------------------------------------------------------------------------------


def _flags(before: Tree, after: Tree, names: _Names) -> Iterator[FlagMoved]:
    was, now = ({f["id"]: f for f in answer["flags"]} for answer in (before, after))
    for name in dict.fromkeys((*now, *was)):
        flag = now.get(name) or was[name]
        change = "new" if name not in was else "gone" if name not in now else "findings"
        if change != "findings" or set(was[name]["findings"]) != set(flag["findings"]):
            yield FlagMoved(name, flag["title"], flag["level"], change, names.things(flag["findings"]))
    undecided = [set(answer["not_asked"]) for answer in (before, after)]
    for name in sorted((undecided[0] ^ undecided[1]) - set(was) - set(now)):
        known = names.kb.flags.get(name)
        title, level = (known.title, known.level) if known else (name, "")
        yield FlagMoved(name, title, level, "undecided" if name in undecided[1] else "decided", ())


# --- hypotheses -----------------------------------------------------------------------------------------------------------------

_About = tuple[str, str, str, str]


def _hypotheses(before: Tree, after: Tree, names: _Names) -> tuple[Moved, ...]:
    was, now = _states(before), _states(after)
    rows = [_moved(was.get(about), now.get(about), names) for about in dict.fromkeys((*now, *was)) if was.get(about) != now.get(about)]
    heaps: dict[Any, list[Moved]] = defaultdict(list)
    for row in rows:
        heaps[(row.side, row.axis, row.state, row.was, row.now, row.points_was, row.points_now, row.held, row.reasons)].append(row)
    return tuple(sorted((_together(heap) for heap in heaps.values()), key=_gravest_first))


def _states(answer: Tree) -> dict[_About, Tree]:
    """Every state that is spoken of; what is contradicted says so instead of "insufficient"."""
    found = {_about(h): h for h in answer["hypotheses"]}
    return found | {
        _about(h): {**h, "status": "contradicted"} for h in answer["contradicted"] if found.get(_about(h), h)["status"] == "insufficient"
    }


def _about(h: Tree) -> _About:
    return h["muscle"], h["side"], h["axis"], h["state"]


_NOTHING: Tree = {"status": "", "points": 0.0, "points_for": 0.0, "points_against": 0.0, "held": False, "evidence": []}


def _moved(was: Tree | None, now: Tree | None, names: _Names) -> Moved:
    before, after = was or _NOTHING, now or _NOTHING
    known: Tree = now or was or {}
    change = (
        "new" if was is None else "gone" if now is None else "status" if before["status"] != after["status"]
        else "held" if before["held"] != after["held"] else "points"
    )  # fmt: skip
    return Moved(
        (Named(known["muscle"], known["name"]),), known["side"], known["axis"], known["state"], change, before["status"], after["status"],
        before["points"], after["points"], after["held"], tuple(_reasons(before, after, names)),
    )  # fmt: skip


def _reasons(before: Tree, after: Tree, names: _Names) -> Iterator[Reason]:
    """The evidence that came, went or counts otherwise, what weighs most first; last what speaks for the opposite state."""
    was, now = _weights(before), _weights(after)
    found = []
    for key in dict.fromkeys((*now, *was)):
        for findings, old, new in _pairs(was.get(key, {}), now.get(key, {})):
            if old != new:
                change = "came" if old is None else "went" if new is None else "changed"
                points = (old or 0) / _MILLI, (new or 0) / _MILLI
                found.append(Reason(key[0], names.kb.title(key[0]), change, *points, names.things(findings)))
    yield from sorted((r for r in found if r.was != r.now), key=lambda r: (-abs(r.now - r.was), r.rule))
    old, new = _rival(before), _rival(after)
    if old != new:
        yield Reason("", "", "came" if not old else "went" if not new else "changed", -old / _MILLI, -new / _MILLI, ())


_Rests = tuple[str, ...]


def _weights(h: Tree) -> dict[tuple[str, str], dict[_Rests, int]]:
    """What each rule brings, in thousandths, by what it rests on."""
    found: dict[tuple[str, str], dict[_Rests, int]] = defaultdict(dict)
    for e in h["evidence"]:
        rests, weights = tuple(e["findings"]), found[e["rule"], e["channel"]]
        weights[rests] = weights.get(rests, 0) + round(_MILLI * e["points"])
    return found


def _pairs(was: Mapping[_Rests, int], now: Mapping[_Rests, int]) -> Iterator[tuple[_Rests, int | None, int | None]]:
    """One rule's evidence, before and now; where it rests on other findings than before, that is one change and not two."""
    for findings in now:
        if findings in was:
            yield findings, was[findings], now[findings]
    left, come = [f for f in was if f not in now], [f for f in now if f not in was]
    for number in range(max(len(left), len(come))):
        old = was[left[number]] if number < len(left) else None
        new = now[come[number]] if number < len(come) else None
        yield come[number] if number < len(come) else left[number], old, new


def _rival(h: Tree) -> int:
    """What the opposite state takes away, in thousandths."""
    against: float = h["points_against"]
    pieces: list[float] = [e["points"] for e in h["evidence"] if e["points"] < 0]
    return round(_MILLI * against) - sum(round(-_MILLI * p) for p in pieces)


def _together(heap: Sequence[Moved]) -> Moved:
    """Muscles that moved alike, in one row."""
    first = heap[0]
    muscles = tuple(sorted((m for row in heap for m in row.muscles), key=lambda m: (m.name, m.id)))
    change = first.change if len({row.change for row in heap}) == 1 else "status"
    return Moved(
        muscles, first.side, first.axis, first.state, change, first.was, first.now, first.points_was, first.points_now, first.held,
        first.reasons,
    )  # fmt: skip


def _gravest_first(row: Moved) -> tuple[Any, ...]:
    """A change of status first, of what is or was better supported first, then the longer way."""
    moved = row.was != row.now or row.change == "held"
    rank = max(_RANK.get(row.was, 0), _RANK.get(row.now, 0))
    way = round(abs(row.points_now - row.points_was), 3)
    return not (moved and rank > 1), -rank, -way, row.muscles[0].name, row.axis, row.state, row.side


# --- patterns, predictions, the plan, the rest --------------------------------------------------------------------------------------


def _patterns(before: Tree, after: Tree, names: _Names) -> Iterator[PatternMoved]:
    was, now = ({(p["id"], p["side"]): p for p in answer["patterns"]} for answer in (before, after))
    there = [{i["key"] for i in answer["inputs"]["used"] if i["present"]} for answer in (before, after)]
    for key in dict.fromkeys((*now, *was)):
        old, new = was.get(key), now.get(key)
        if old == new:
            continue
        rested, rests = (set(p["core"]) if p else set() for p in (old, new))
        came = rests - there[0] if old is None else rests - rested
        went = rested - there[1] if new is None else rested - rests
        known: Tree = new or old or {}
        yield PatternMoved(
            key[0], known["name"], key[1], "new" if old is None else "gone" if new is None else "core",
            names.things(sorted(came)), names.things(sorted(went)),
        )  # fmt: skip


def _drivers(before: Tree, after: Tree) -> Iterator[DriversMoved]:
    """The smallest sets that are no longer, or only now, enough."""
    places = {_key(d): Place(*(d[k] for k in _PLACE)) for answer in (before, after) for d in answer.get("drivers", ())}
    was, now = ([tuple(s["drivers"]) for s in answer.get("driver_sets", ())] for answer in (before, after))
    for change, sets, others in (("new", now, was), ("gone", was, now)):
        for keys in sets:
            if keys not in others:
                yield DriversMoved(change, tuple(places[k] for k in keys if k in places))


_PLACE = ("kind", "id", "name", "side", "state")


def _key(place: Tree) -> str:
    return contract.state_key(State(*(place[k] for k in ("kind", "id", "state", "side"))))


def _predictions(before: Sequence[Tree], after: Sequence[Tree]) -> Iterator[PredictionMoved]:
    was, now = (_first(answer, lambda p: (p["kind"], p["id"], p["side"], p["state"])) for answer in (before, after))
    for key in dict.fromkeys((*now, *was)):
        old, new = was.get(key), now.get(key)
        told = [("", 0.0) if p is None else (p["status"], p["strength"]) for p in (old, new)]
        if told[0] != told[1]:
            change = "new" if old is None else "gone" if new is None else "status" if told[0][0] != told[1][0] else "strength"
            known: Tree = new or old or {}
            yield PredictionMoved(known["kind"], known["id"], known["name"], known["side"], known["state"], change, told[0][0], told[1][0])


def _first(rows: Iterable[Tree], key: Callable[[Tree], Any]) -> dict[Any, Tree]:
    found: dict[Any, Tree] = {}
    for row in rows:
        found.setdefault(key(row), row)
    return found


def plan_word(plan: Tree) -> str:
    """withheld, provisional, given or none."""
    return "withheld" if plan["withheld"] else "none" if not plan["phases"] else "provisional" if plan["provisional"] else "given"


def _plan(before: Tree, after: Tree, names: _Names) -> PlanMoved | None:
    words = plan_word(before), plan_word(after)
    was, now = _planned(before), _planned(after)
    came, went = [k for k in now if k not in was], [k for k in was if k not in now]
    if words[0] == words[1] and not came and not went:
        return None
    both = "withheld" not in words and "none" not in words
    because = tuple(after["because"]) if words[0] != words[1] else ()
    return PlanMoved(*words, because, *(tuple(_planned_thing(k, names) for k in keys) if both else () for keys in (came, went)))


def _planned(plan: Tree) -> dict[tuple[str, str, str], None]:
    return {(i["muscle"], i["side"], s): None for phase in plan["phases"] for i in phase["items"] for s in i["states"]}


def _planned_thing(key: tuple[str, str, str], names: _Names) -> Thing:
    muscle, side, state = key
    name = names.kb.muscles[muscle].name if muscle in names.kb.muscles else muscle
    return named(":".join(key), name, side, stated=False, state=state)


_SECTION = {"cause": "causes", "risk": "risks", "outlook": "outlook", "conflict": "conflicts", "loop": "loops"}


def _others(before: Tree, after: Tree) -> Iterator[Other]:
    for kind, section in _SECTION.items():
        was, now = ({key: (title, keys) for key, title, keys in _titled(kind, answer[section])} for answer in (before, after))
        yield from (Other(kind, "new", key, *told) for key, told in now.items() if key not in was)
        yield from (Other(kind, "gone", key, *told) for key, told in was.items() if key not in now)


def _titled(kind: str, section: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(id, title, keys it rests on) of what a section tells."""
    match kind:
        case "outlook":
            if section["id"]:
                yield section["id"], section["text"], tuple(section["from"])
        case "conflict":
            yield from ((" / ".join(c["between"]), c["because"], ()) for c in section)
        case "loop":
            yield from ((" > ".join(loop["nodes"]), loop["because"], ()) for loop in section)
        case _:
            yield from ((entry["id"], entry["title"], tuple(entry["from"])) for entry in section)
