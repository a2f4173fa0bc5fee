"""Conditions of rules: expanded into variants that engines match, or decided at once as true, false or not known.

A variant is a list of premises that must all hold and a list of which none may. `all`, `any`, `at_least` and `none` are
expanded into variants, so engines never see an OR (experta expands it badly, and one rule per alternative explains better).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Protocol, TypeVar

from expert.formats import ABOUT_PATIENT, Condition, SeverityFactors
from expert.model import MIRROR, Item, KnowledgeBase, Patient, Stated, Term

MOST_VARIANTS = 200
MOST_TERMS = 6
MOST_TRIED = 20_000  # ways looked at, repeats included, before a condition is refused
SIDES = ("left", "right", "midline")
STATUS_LEVEL = {"possible": 1, "supported": 2}

Alternative = tuple[tuple[Term, ...], tuple[Term, ...]]


class ConditionError(ValueError):
    """A condition that cannot be compiled; the message says why."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """Turns conditions into alternatives. `takes_side`: whether a finding is ever left or right; `may_be_unsided`: or neither."""

    takes_side: Callable[[str], bool]
    may_be_unsided: Callable[[str], bool]
    severity: SeverityFactors

    def alternatives(self, condition: Condition) -> tuple[Alternative, ...]:
        """Every way in which the condition can hold, each with its premises in the order written."""
        return _few(settled for alternative in _few(self._expand(condition)) for settled in self._settled(alternative))

    def _expand(self, condition: Condition) -> Iterator[Alternative]:
        match condition.term:
            case "all":
                yield from self._together(condition.all)
            case "any":
                for part in condition.any:
                    yield from self._expand(part)
            case "at_least":
                for chosen in combinations(condition.of, condition.at_least or 1):
                    yield from self._together(chosen)
            case "none":
                yield (), tuple(self._single(part) for part in condition.none)
            case _:
                yield (self._single(condition),), ()

    def _together(self, parts: Sequence[Condition]) -> Iterator[Alternative]:
        for chosen in product(*(_few(self._expand(p)) for p in parts)):
            terms = dict.fromkeys(t for positive, _ in chosen for t in positive)
            unless = dict.fromkeys(t for _, negative in chosen for t in negative)
            yield tuple(terms), tuple(unless)

    def _single(self, condition: Condition) -> Term:
        side = condition.side or "same"
        match condition.term:
            case "finding" | "symptom" | "history" as kind:
                level = round(1000 * getattr(self.severity, condition.severity)) if condition.severity else 0
                return Term("finding", getattr(condition, kind), "", side, tuple(sorted(condition.task)), (), level, condition.present)
            case "hypothesis":
                wanted = condition.hypothesis
                assert wanted is not None  # `term` said so
                name = "" if wanted.muscle == "any" else wanted.muscle
                barred = tuple(sorted(wanted.not_driven_by))
                return Term("hypothesis", name, wanted.state, side, (), barred, STATUS_LEVEL[wanted.at_least])
            case "pattern":
                return Term("pattern", condition.pattern or "", "", side)
            case other:
                raise ConditionError(f"'{other}' cannot stand here: only findings, hypotheses and patterns can")

    def _settled(self, alternative: Alternative) -> Iterator[Alternative]:
        """Checks an alternative, and lets findings of the midline join sided ones.

        What is only ever midline joins any side. What may be sided or told without a side joins as what it is, or unsided.
        """
        terms, unless = alternative
        if not terms:
            raise ConditionError("nothing that must be there: a rule needs something to start from")
        if len(terms) > MOST_TERMS:
            raise ConditionError(f"more than {MOST_TERMS} premises in one alternative")
        if any(self._binds(t) for t in terms):
            terms = tuple(t if self._binds(t) else replace(t, side="any") for t in terms)
        elif all(t.side == "any" for t in terms) and any(t.side != "any" for t in unless):
            raise ConditionError("'none' speaks of same or opposite, but no premise says which side that is")
        unless = tuple(t if self._binds(t) else replace(t, side="any") for t in unless)
        apart = {t.name for t in (*terms, *unless) if t.side == "opposite"}  # asked of both sides: what has no side tells neither
        readings = [(t, replace(t, side="midline")) if self._joins_unsided(t) and t.name not in apart else (t,) for t in terms]
        for chosen in product(*readings):
            if len(terms) == 1 or any(t.side in ("same", "opposite") for t in chosen) or chosen == terms:
                yield tuple(sorted(chosen, key=lambda t: t.side in ("any", "midline"))), unless
            if len(terms) == 1:
                break

    def _joins_unsided(self, term: Term) -> bool:
        return self._binds(term) and term.kind == "finding" and term.side == "same" and self.may_be_unsided(term.name)

    def _binds(self, term: Term) -> bool:
        return term.side != "any" and (term.kind != "finding" or self.takes_side(term.name))


def _few(found: Iterable[Alternative]) -> tuple[Alternative, ...]:
    """Alternatives without repeats; refused as soon as they are too many."""
    kept: dict[Alternative, None] = {}
    for tried, alternative in enumerate(found):
        kept[alternative] = None
        if len(kept) > MOST_VARIANTS or tried > MOST_TRIED:
            raise ConditionError(f"this expands into more than {MOST_VARIANTS} alternatives")
    return tuple(kept)


# --- three-valued decision, for flags and causes -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """True, false, or None (not asked), with the items it rests on."""

    value: bool | None
    findings: tuple[str, ...] = ()


_NOT_ASKED, _NO = Verdict(None), Verdict(False)


def by_finding(items: Sequence[Item]) -> Mapping[str, Sequence[Item]]:
    """Items by what they are; all of a kind under `any-finding`, `any-symptom`, `any-history`."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[item.finding].append(item)
        found[f"any-{item.kind}"].append(item)
    return found


def severity_least(severity: SeverityFactors) -> Mapping[str, int]:
    """The least factor that each severity word asks for, in thousandths."""
    return {word: round(1000 * getattr(severity, word)) for word in ("mild", "moderate", "severe")}


def holds(condition: Condition, items: Mapping[str, Sequence[Item]], least: Mapping[str, int], side: str) -> tuple[str, ...]:
    """The items by which a condition holds for one side (left, right, midline); empty where it does not."""
    verdict = _decide(condition, items, Patient(), least, side)
    return verdict.findings if verdict.value else ()


def decide(
    condition: Condition, items: Mapping[str, Sequence[Item]], patient: Patient, least: Mapping[str, int], sides: Sequence[str] = SIDES
) -> Verdict:
    """Decide a condition from what is stated. `items`: by finding id; `least`: severity word -> least factor.

    Sides: `same` (the default) must be one side for the whole condition; `any` need not. `sides`: which to try.
    """
    if condition.asked.isdisjoint(items) and condition.asked.isdisjoint(ABOUT_PATIENT):
        return _NOT_ASKED
    verdicts = [_decide(condition, items, patient, least, side) for side in sides]
    for verdict in verdicts:
        if verdict.value:
            everything = {f for v in verdicts if v.value for f in v.findings}
            return Verdict(True, tuple(sorted(everything)))
    sided = [v for v, side in zip(verdicts, sides, strict=True) if side in MIRROR]  # what was told without a side counts for both
    return Verdict(None if any(v.value is None for v in sided or verdicts) else False)


class _Conditional(Protocol):
    """An entry of the knowledge that goes with some cases."""

    @property
    def when(self) -> Condition | None: ...


_Entry = TypeVar("_Entry", bound=_Conditional)


def holding(entries: Iterable[_Entry], stated: Stated, kb: KnowledgeBase) -> Iterator[tuple[_Entry, tuple[str, ...]]]:
    """The entries whose condition holds, each with the stated items it rests on; one without a condition goes with every case."""
    items = by_finding([i for i in stated.items if i.present])
    least = severity_least(kb.constants.severity)
    sides = [s for s in SIDES if any(i.side == s for i in stated.items)]
    for entry in entries:
        if entry.when is None:
            yield entry, ()
        elif not entry.when.asked.isdisjoint(items):  # else nothing that it speaks of is there
            verdict = decide(entry.when, items, stated.patient, least, sides)
            if verdict.value and verdict.findings:
                yield entry, verdict.findings


@dataclass(frozen=True, slots=True)
class Decided:
    """A condition with its verdict, and the same of each of its parts."""

    condition: Condition
    verdict: Verdict
    parts: tuple[Decided, ...] = ()


def explained(condition: Condition, items: Mapping[str, Sequence[Item]], patient: Patient, least: Mapping[str, int]) -> Decided:
    """How a condition is decided, part by part: seen from the side for which it holds, else from the one that leaves it most open."""
    decided = [_explained(condition, items, patient, least, side) for side in SIDES]
    left, right, _ = decided
    return next((d for d in decided if d.verdict.value), right if left.verdict.value is False else left)


def _explained(c: Condition, items: Mapping[str, Sequence[Item]], patient: Patient, least: Mapping[str, int], side: str) -> Decided:
    return Decided(c, _decide(c, items, patient, least, side), tuple(_explained(p, items, patient, least, side) for p in c.parts))


def _decide(c: Condition, items: Mapping[str, Sequence[Item]], patient: Patient, least: Mapping[str, int], side: str) -> Verdict:
    match c.term:
        case "all" | "any" | "none" | "at_least":
            told = _with_their_side(c, items) if c.term in ("all", "at_least") and c.opposed else items
            return _combined(c, (_decide(p, told, patient, least, side) for p in c.parts))
        case "finding" | "symptom" | "history" as kind:
            return _stated(c, items.get(getattr(c, kind), ()), least, side)
        case "anything":
            return _stated(c, items.get(f"any-{c.anything}", ()), least, side)
        case "age":
            return Verdict(None if patient.age is None or c.age is None else c.age.holds(patient.age))
        case "sex":
            return Verdict(None if patient.sex is None else patient.sex == c.sex)
        case "pregnancy":
            return Verdict(None if patient.pregnancy is None else patient.pregnancy == c.pregnancy)
        case "postpartum":
            return Verdict((patient.postpartum_weeks is not None) == c.postpartum)
        case other:
            raise ConditionError(f"'{other}' cannot be decided before anything is inferred")


def _with_their_side(c: Condition, items: Mapping[str, Sequence[Item]]) -> Mapping[str, Sequence[Item]]:
    """The items without those that are there on no told side, of what is asked of both: silence about a side fills neither half."""
    return {name: [i for i in told if i.side in MIRROR or not i.present] if name in c.opposed else told for name, told in items.items()}


def _is_there(asked: str, item: Item, side: str) -> bool:
    """Whether an item tells of the side that is asked of; one without a side may be on this side, and is no evidence of the other."""
    if asked == "any":
        return True
    if asked == "opposite":
        return side in MIRROR and item.side == MIRROR[side]
    return item.side in (side, "midline")


def _stated(c: Condition, items: Iterable[Item], least: Mapping[str, int], side: str) -> Verdict:
    asked = False
    held = []
    for item in items:
        if (c.task and item.task not in c.task) or not _is_there(c.side or "same", item, side):
            continue
        asked = True
        if item.present is c.present and item.severity >= (least[c.severity] if c.severity else 0):
            held.append(item.key)
    return Verdict(True, tuple(held)) if held else _NO if asked else _NOT_ASKED


def _combined(c: Condition, parts: Iterable[Verdict]) -> Verdict:
    """The verdicts of all parts as one; no part is looked at that can change nothing any more."""
    true: list[Verdict] = []
    unknown = 0
    for part in parts:
        if part.value:
            true.append(part)
        elif part.value is None:
            unknown += 1
        elif c.term == "all":
            return _NO
    if c.term == "none":
        return Verdict(not true)  # what was not asked is not known to be there; silence never holds a flag back
    need = len(c.parts) if c.term == "all" else c.at_least or 1
    if len(true) >= need:
        return Verdict(True, tuple(sorted({f for p in true for f in p.findings})))
    return _NOT_ASKED if len(true) + unknown >= need else _NO
