"""What hypothesis draws from: valid cases over the shipped vocabulary, and rule bases over a tiny alphabet.

A case is a plain mapping, as `assess` takes it. Names are ids, so that what is written never has a side of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from hypothesis import strategies as st

from expert import load_knowledge
from expert.formats import Condition, FindingType
from expert.model import Fact, Program, Term, Variant

CaseDict = dict[str, Any]
_PRESENT = (True, True, True, False, "unknown")
_PLACE = {"finding": "findings", "symptom": "symptoms", "history": "history"}

# --- cases ------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _types() -> dict[str, FindingType]:
    """Every finding, symptom and history id; those that belong to one side by nature have no mirror and stay out."""
    return {i: f for i, f in load_knowledge().kb.findings.items() if not f.visceral}


@lru_cache(maxsize=1)
def _ids() -> tuple[str, ...]:
    return tuple(sorted(_types()))


@lru_cache(maxsize=1)
def _findings() -> tuple[str, ...]:
    """The ids of what is a finding, and neither a symptom nor history."""
    return tuple(i for i in _ids() if load_knowledge().kb.kinds[i] == "finding")


@cache
def _one_of(ids: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Made once for the same ids: a strategy over a thousand names is slow to make."""
    return st.sampled_from(ids)


@cache
def _pools(pool: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Mostly what belongs together; now and then any finding, or anything."""
    return st.sampled_from([pool, pool, pool, _findings(), _ids()])


@lru_cache(maxsize=1)
def _belonging() -> st.SearchStrategy[tuple[str, ...]]:
    return st.one_of(st.sampled_from(_wholes()), st.sampled_from(_joins()), st.just(_findings()))


@lru_cache(maxsize=1)
def _wholes() -> tuple[tuple[str, ...], ...]:
    """Ids that belong together because a pattern asks for them."""
    return _several(tuple(q for c in (*p.core, *p.supporting) for q in c.asks) for p in load_knowledge().kb.patterns.values())


@lru_cache(maxsize=1)
def _joins() -> tuple[tuple[str, ...], ...]:
    """Ids that belong together because one rule, flag or cause asks for them."""
    kb = load_knowledge().kb
    conditions: list[Condition] = [e.when for shelf in (kb.rules, kb.flags, kb.causes) for e in shelf.values()]
    return _several(c.asks for c in conditions)


def _several(pools: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    kept = {tuple(i for i in ids if i in _types()) for ids in pools}
    return tuple(sorted(ids for ids in kept if len(ids) > 1))


@st.composite
def entries(draw: st.DrawFn, ids: Sequence[str] = (), present: tuple[Any, ...] = _PRESENT, favoured: str = "") -> CaseDict:
    """One finding, symptom or history item on a side and in a task that it accepts."""
    kind = _types()[draw(_one_of(tuple(ids) or _ids()))]
    entry: CaseDict = {"name": kind.id, "present": draw(st.sampled_from(present))}
    sides = [*kind.sides, None] if kind.side_optional or kind.sides == ("midline",) else list(kind.sides)
    side = draw(st.sampled_from(sides + 3 * [s for s in sides if s == favoured]))
    told = {
        "side": side,
        "task": draw(st.sampled_from([None, *kind.tasks])),
        "severity": draw(st.sampled_from([None, None, "mild", "moderate", "severe", 0.1, 0.35, 0.9])),
        "seen_by": draw(st.sampled_from([None, None, None, "eye", "instrument"])),
        "pain": draw(st.sampled_from([None, None, None, None, None, 3])),
        "limited_by": draw(st.sampled_from([None, None, None, None, None, "pain", "fear", "stiffness"])),
    }
    return entry | {k: v for k, v in told.items() if v is not None}


@st.composite
def cases(draw: st.DrawFn, least: int = 0, most: int = 9, present: tuple[Any, ...] = _PRESENT) -> CaseDict:
    """A valid case: no key twice, nothing contradictory. Most of the time some of its items belong together, on one side."""
    kinds = load_knowledge().kb.kinds
    pool = draw(_belonging())
    favoured = draw(st.sampled_from(["", "left", "right"]))
    case: CaseDict = {"case_id": "generated", "findings": [], "symptoms": [], "history": []}
    taken: set[tuple[str, str, str | None]] = set()
    for _ in range(draw(st.integers(least, most))):
        entry = draw(entries(draw(_pools(pool)), present, favoured))
        keys = {(entry["name"], side, entry.get("task")) for side in _sides(entry)}
        if not keys & taken:
            taken |= keys
            case[_PLACE[kinds[entry["name"]]]].append(entry)
    case["patient"] = draw(patients())
    if draw(st.sampled_from([False, False, False, True])):
        side = draw(st.sampled_from(["left", "right"]))
        case["surgery"] = [{"name": "knee surgery", "side": side, "date": "2026-05", "restrictions": ["no kneeling"]}]
    return case


def _sides(entry: CaseDict) -> tuple[str, ...]:
    side = entry.get("side") or "midline"
    return ("left", "right") if side == "bilateral" else (side,)


@st.composite
def patients(draw: st.DrawFn) -> CaseDict:
    """Somebody of whom more or less is known."""
    told = {
        "age": draw(st.sampled_from([None, 9, 16, 17, 18, 34, 52, 66, 81])),
        "sex": draw(st.sampled_from([None, "female", "male", "other"])),
        "pregnancy": draw(st.sampled_from([None, None, False, True])),
        "postpartum_weeks": draw(st.sampled_from([None, None, None, 5])),
        "dominant_hand": draw(st.sampled_from([None, "left", "right", "both"])),
    }
    return {k: v for k, v in told.items() if v is not None}


# --- rule bases ---------------------------------------------------------------------------------------------------------------

_FINDINGS, _MUSCLES, _PATTERNS = ("a", "b"), ("x", "y"), ("p", "q", "r")
_UNBOUND = ("any", "midline")  # premises that bind no side: they come after those that do
_SIDES, _TASKS, _LEVELS = ("left", "right", "left", "right", "midline"), ("", "run", "walk"), (500, 1000, 1250)


@st.composite
def terms(draw: st.DrawFn, kinds: tuple[str, ...] = ("finding", "finding", "hypothesis", "pattern")) -> Term:
    """A premise: a finding in some tasks, a hypothesis about one muscle or any, or a pattern that another rule derives."""
    kind = draw(st.sampled_from(kinds))
    side = draw(st.sampled_from(["same", "opposite", "same", "opposite", "any", "midline"]))
    level = draw(st.sampled_from([0, 0, 0, 1000]))
    if kind == "finding":
        contexts = draw(st.sampled_from([(), (), (), ("run", "walk")]))
        return Term(kind, draw(st.sampled_from(_FINDINGS)), "", side, contexts, (), level, draw(st.sampled_from([True, True, False])))
    if kind == "hypothesis":
        barred = draw(st.sampled_from([(), ("gravity",), ("gravity", "ground")]))
        state = draw(st.sampled_from(["weak", "shortened"]))
        return Term(kind, draw(st.sampled_from(["", *_MUSCLES])), state, side, (), barred, draw(st.sampled_from([0, 1, 2])))
    return Term(kind, draw(st.sampled_from(_PATTERNS)), "", side)


@st.composite
def variants(draw: st.DrawFn, number: int) -> Variant:
    """A way in which a rule fires, as the compiler would make it: binders first, what is negated finished before it starts."""
    wanted = sorted(draw(st.lists(terms(), min_size=1, max_size=3)), key=lambda t: t.side in _UNBOUND)
    barred = draw(st.lists(terms(("finding", "finding", "hypothesis")), max_size=2))
    if all(t.side in _UNBOUND for t in wanted):
        barred = [replace(t, side="any") for t in barred]
    derives = draw(st.sampled_from(["", *_PATTERNS]))
    return Variant(f"r{number}", 0, tuple(wanted), tuple(barred), draw(st.booleans()), derives)


@st.composite
def programs(draw: st.DrawFn, most: int = 8) -> Program:
    """A small rule base whose rules chain through the patterns they derive."""
    return Program(tuple(draw(variants(n)) for n in range(draw(st.integers(most // 2, most)))))


@st.composite
def facts(draw: st.DrawFn, most: int = 8) -> tuple[Fact, ...]:
    """What a small case states and an earlier stratum concluded: every fact its own key."""
    found: dict[str, Fact] = {}
    for _ in range(draw(st.integers(most // 2, most))):
        side = draw(st.sampled_from(_SIDES))
        if draw(st.sampled_from([True, True, False])):
            name, task = draw(st.sampled_from(_FINDINGS)), draw(st.sampled_from(_TASKS))
            key = ":".join(p for p in (name, side, task) if p)
            fact = Fact(key, "finding", name, "", side, task, draw(st.sampled_from(_LEVELS)), draw(st.sampled_from([True, True, False])))
        else:
            name, state = draw(st.sampled_from(_MUSCLES)), draw(st.sampled_from(["weak", "shortened"]))
            driver = draw(st.sampled_from(["muscle", "gravity", "ground"]))
            fact = Fact(f"{name}:{side}:{state}", "hypothesis", name, state, side, driver, draw(st.sampled_from([1, 2])))
        found[fact.key] = fact
    return tuple(found.values())
