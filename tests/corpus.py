"""Hand-written cases: read, mirrored, and compared with what an assessment says. The format is told in cases/README.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from expert import Assessment
from expert.model import AXIS_OF, Hypothesis, KnowledgeBase
from expert.stored import StoredCase, stored_cases
from expert.words import Found

FOLDER = Path(__file__).parent / "cases"
BESIDE_SOURCES = re.compile(r"^(sides-and-chains|clinical|issue|seed) [\w.]+$")
_TURNED = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
_CONCLUDED = ("supported", "possible")


class CorpusCase(StoredCase):
    """A stored case that can be turned round."""

    def mirrored(self) -> CorpusCase:
        """The same case with left and right exchanged, in what it states and in what is expected."""
        return CorpusCase(self.file, f"{self.name} (mirrored)", mirrored(self.case), mirrored(self.expected), self.source)


def mirrored(value: Any) -> Any:
    """Every word `left` in a value made `right` and the other way round."""
    if isinstance(value, str):
        return re.sub(r"\b(left|right)\b", lambda m: _TURNED[m.group()], value, flags=re.IGNORECASE)
    if isinstance(value, Mapping):
        return {k: mirrored(v) for k, v in value.items()}
    return [mirrored(v) for v in value] if isinstance(value, list) else value


@lru_cache(maxsize=1)
def cases() -> tuple[CorpusCase, ...]:
    """Every case of every file, in the order written."""
    return tuple(CorpusCase(c.file, c.name, c.case, c.expected, c.source) for c in stored_cases(FOLDER))


# --- lines of an expectation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suspicion:
    """`hip flexors both overactive or shortened`: muscles, sides, and the states any of which will do (none: any state)."""

    muscles: tuple[str, ...]
    sides: tuple[str, ...]
    states: tuple[str, ...]

    def each(self) -> Iterator[tuple[str, str]]:
        return ((m, s) for m in self.muscles for s in self.sides)


def suspicion(line: str, kb: KnowledgeBase) -> Suspicion:
    """Read one line about a muscle or a group."""
    match = re.fullmatch(r"(?P<muscle>.+?) (?P<side>left|right|both)(?: (?P<states>\w+(?: or \w+)*))?", line)
    assert match, f"'{line}' is not: muscle, then left, right or both, then a state"
    found = kb.words.look_up("muscle", match["muscle"])
    assert isinstance(found, Found), f"'{match['muscle']}' is no muscle or group"
    assert not found.mended, f"'{match['muscle']}' is misspelt"
    states = tuple(match["states"].split(" or ")) if match["states"] else ()
    assert all(s in AXIS_OF for s in states), f"'{line}' names no state"
    return Suspicion(kb.members(found.reading.id), ("left", "right") if match["side"] == "both" else (match["side"],), states)


def _of(answer: Assessment, muscle: str, side: str, states: tuple[str, ...]) -> list[Hypothesis]:
    return [h for h in answer.hypotheses if (h.muscle, h.side) == (muscle, side) and (not states or h.state in states)]


def _each(answer: Assessment, line: str, holds: Callable[[Hypothesis], bool]) -> Iterator[str]:
    wanted = suspicion(line, answer.knowledge.kb)
    for muscle, side in wanted.each():
        told = _of(answer, muscle, side, wanted.states)
        if not any(holds(h) for h in told):
            yield f"{line}: {muscle} {side} is {_told(told)}"


def _none(answer: Assessment, line: str, holds: Callable[[Hypothesis], bool]) -> Iterator[str]:
    wanted = suspicion(line, answer.knowledge.kb)
    for muscle, side in wanted.each():
        for h in _of(answer, muscle, side, wanted.states):
            if holds(h):
                yield f"{line}: {muscle} {side} is {_told([h])}"


def _told(found: list[Hypothesis]) -> str:
    return "; ".join(f"{h.state} {h.status} {h.points:+g}{' held' if h.held else ''}" for h in found) or "not mentioned"


def spoken_for(h: Hypothesis) -> bool:
    """Whether a rule about something observed, and not only the default link, speaks for it."""
    return any(e.piece.full > 0 and not e.piece.against and e.piece.basis.channel == "direct" for e in h.evidence)


def spoken_against(h: Hypothesis) -> bool:
    """Whether a rule about something observed speaks against it."""
    return any(e.piece.full > 0 and e.piece.against and e.piece.basis.channel == "direct" for e in h.evidence)


def _told_against(answer: Assessment, line: str) -> bool:
    """Whether every muscle and side of a line stands among the states against which alone something speaks."""
    told = {(h.muscle, h.side, h.state) for h in answer.result.contradicted}
    of = suspicion(line, answer.knowledge.kb)
    return all((m, s, of.states[0]) in told for m, s in of.each())


def _more(answer: Assessment, line: str) -> Iterator[str]:
    """`levator scapulae right shortened more than sternocleidomastoid right shortened`."""
    kb = answer.knowledge.kb
    more, less = (suspicion(part, kb) for part in line.split(" more than "))
    high, low = ([h.net for m, s in x.each() for h in _of(answer, m, s, x.states)] for x in (more, less))
    if not high or min(high) <= max(low, default=0):
        yield f"{line}: {high} against {low} thousandths"


def _named_pattern(line: str, answer: Assessment) -> tuple[str, str]:
    words, _, side = line.rpartition(" ")
    return (words.replace(" ", "-"), side) if side in ("left", "right") else (line.replace(" ", "-"), "midline")


def _patterns(answer: Assessment, lines: list[str], wanted: bool) -> Iterator[str]:
    shown = {(p.id, p.side) for p in answer.result.patterns}
    for line in lines:
        name, side = _named_pattern(line, answer)
        assert name in answer.knowledge.kb.patterns, f"'{name}' is no pattern"
        if ((name, side) in shown) is not wanted:
            yield f"pattern {line}: shown are {sorted(shown)}"


def _predicted(answer: Assessment, line: str, wanted: bool) -> Iterator[str]:
    words, _, status = line.partition(": ")
    kb = answer.knowledge.kb
    bare = re.sub(r" (left|right)$", "", words)
    if (node := bare.replace(" ", "-")) in kb.nodes:
        side = words[len(bare) + 1 :] or "midline"
        keys = [(node, side, "present")]
    else:
        of = suspicion(words, kb)
        keys = [(m, s, of.states[0]) for m, s in of.each()]
    told = {(p.target.id, p.target.side, p.target.state): p.status for p in answer.result.predicted}
    for key in keys:
        if (key in told) is not wanted or (wanted and status and told[key] != status):
            yield f"prediction {line}: {told}"


def _conflict(answer: Assessment, line: str) -> Iterator[str]:
    pair = tuple(sorted(line.split(" / ")))
    assert all(r in answer.knowledge.kb.rules for r in pair), f"'{line}' names a rule that is not there"
    if pair not in {c.between for c in answer.result.conflicts}:
        yield f"conflict {line}: not shown"


def said(answer: Assessment, rule: str) -> set[tuple[str, str, str]]:
    """(muscle, side, state) of all that one rule says; a state it speaks against begins with `not`."""
    return {
        (h.muscle, h.side, f"not {h.state}" if e.piece.target.against else h.state)
        for h in {h.about: h for h in (*answer.result.contradicted, *answer.hypotheses)}.values()
        for e in h.evidence
        if e.piece.rule.id == rule and not e.piece.basis.absent
    }


def _says(answer: Assessment, wanted: Mapping[str, list[str]]) -> Iterator[str]:
    """Each rule says exactly these lines: `gluteus medius left underactive`, or `not gluteus medius left weak`."""
    kb = answer.knowledge.kb
    for rule, lines in wanted.items():
        assert rule in kb.rules, f"'{rule}' is no rule"
        told = set()
        for line in lines:
            negated = line.startswith("not ")
            of = suspicion(line.removeprefix("not "), kb)
            assert len(of.states) == 1, f"'{line}' names one state"
            told |= {(m, s, f"not {of.states[0]}" if negated else of.states[0]) for m, s in of.each()}
        got = said(answer, rule)
        if got != told:
            yield f"{rule}: does not say {sorted(told - got)}, says besides {sorted(got - told)}"


def _silent(answer: Assessment, rule: str) -> Iterator[str]:
    assert rule in answer.knowledge.kb.rules, f"'{rule}' is no rule"
    if found := said(answer, rule):
        yield f"{rule} is not silent: {sorted(found)}"


def _measured(answer: Assessment, line: str, wanted: bool) -> Iterator[str]:
    """`hip-abduction-weak left present`, by any measurement."""
    told = {f"{m.finding} {m.side}".removesuffix(" midline") + f" {m.verdict}" for m in answer.result.measured}
    if (line in told) is not wanted:
        yield f"measured {line}: {sorted(told)}"


def plan_word(answer: Assessment) -> str:
    """withheld, provisional, given or none."""
    plan = answer.plan
    if plan.withheld:
        return "withheld"
    return "none" if not plan.phases else "provisional" if plan.provisional else "given"


def plan_text(answer: Assessment) -> str:
    """All that the plan tells to do, in lower case."""
    return " ".join(item.do for phase in answer.plan.phases for item in phase.items).casefold()


def asked_of_the_body(answer: Assessment) -> set[str]:
    """The tags of every exercise that the plan shows."""
    return {tag for phase in answer.plan.phases for item in phase.items for e in item.exercises for tag in e.provokes}


def _side_first(answer: Assessment, line: str) -> Iterator[str]:
    """`gluteus medius left`: that side of it comes first; `gluteus medius both`: both alike."""
    words, _, side = line.rpartition(" ")
    wanted = set(suspicion(f"{words} left", answer.knowledge.kb).muscles)
    told = {m: s.first for s in answer.plan.order for m in s.muscles}
    if not wanted or any(told.get(m) != side for m in wanted):
        yield f"first {line}: {told}"


def _guided(kind: str, wanted: list[str], got: set[str], answer: Assessment, present: bool = True) -> Iterator[str]:
    return _words(kind, wanted, got, {g.id for g in answer.knowledge.kb.guidance.values() if g.kind == kind}, present)


def _same(what: str, wanted: object, got: object) -> Iterator[str]:
    if wanted != got:
        yield f"{what}: {got!r}, expected {wanted!r}"


def _words(what: str, wanted: list[str], got: set[str], known: set[str], present: bool = True) -> Iterator[str]:
    for name in wanted:
        assert name in known, f"{what}: '{name}' is unknown"
        if (name in got) is not present:
            yield f"{what} {name}: got {sorted(got)}"


def _kinds(answer: Assessment) -> set[str]:
    return {c.kind for c in answer.knowledge.kb.causes.values()}


_LINES: Mapping[str, Callable[[Assessment, str], Iterator[str]]] = {
    "supported": lambda a, line: _each(a, line, lambda h: h.status == "supported"),
    "at_least_possible": lambda a, line: _each(a, line, lambda h: h.status in _CONCLUDED),
    "pointed_at": lambda a, line: _each(a, line, spoken_for),
    "spoken_against": lambda a, line: _each(a, line, spoken_against),
    "contradicted": lambda a, line: [] if _told_against(a, line) else [f"{line}: not contradicted"],
    "contested": lambda a, line: _each(a, line, lambda h: h.status == "contested"),
    "held": lambda a, line: _each(a, line, lambda h: h.held),
    "not_held": lambda a, line: _none(a, line, lambda h: h.held),
    "not_supported": lambda a, line: _none(a, line, lambda h: h.status == "supported"),
    "not_concluded": lambda a, line: _none(a, line, lambda h: h.status in (*_CONCLUDED, "contested")),
    "not_pointed_at": lambda a, line: _none(a, line, spoken_for),
    "not_spoken_against": lambda a, line: _none(a, line, spoken_against),
    "order": _more,
    "predicted": lambda a, line: _predicted(a, line, True),
    "not_predicted": lambda a, line: _predicted(a, line, False),
    "conflicts": _conflict,
    "silent": _silent,
    "side_first": _side_first,
    "measured": lambda a, line: _measured(a, line, True),
    "not_measured": lambda a, line: _measured(a, line, False),
}
_WHOLES: Mapping[str, Callable[[Assessment, Any], Iterator[str]]] = {
    "patterns": lambda a, v: _patterns(a, v, True),
    "no_patterns": lambda a, v: _patterns(a, v, False),
    "causes": lambda a, v: _words("cause", v, {c.id for c in a.result.causes}, set(a.knowledge.kb.causes)),
    "not_causes": lambda a, v: _words("cause", v, {c.id for c in a.result.causes}, set(a.knowledge.kb.causes), present=False),
    "cause_kinds": lambda a, v: _words("cause of kind", v, {c.kind for c in a.result.causes}, _kinds(a)),
    "flags": lambda a, v: _words("flag", v, {f.id for f in a.referral.flags}, set(a.knowledge.kb.flags)),
    "not_flags": lambda a, v: _words("flag", v, {f.id for f in a.referral.flags}, set(a.knowledge.kb.flags), present=False),
    "no_flags": lambda a, v: _same("flags", v, [f.id for f in a.referral.flags]),
    "level": lambda a, v: _same("level", v, a.referral.level),
    "plan": lambda a, v: _same("plan", v, plan_word(a)),
    "says": _says,
    "risks": lambda a, v: _words("risk", v, {r.id for r in a.result.risks}, set(a.knowledge.kb.risks)),
    "not_risks": lambda a, v: _words("risk", v, {r.id for r in a.result.risks}, set(a.knowledge.kb.risks), present=False),
    "outlook": lambda a, v: _same("outlook", v, a.result.outlook.id if a.result.outlook else ""),
    "plan_mentions": lambda a, v: [f"plan: no word of '{w}'" for w in v if w.casefold() not in plan_text(a)],
    "left_out": lambda a, v: [f"left out: no word of '{w}'" for w in v if w.casefold() not in " ".join(a.plan.left_out).casefold()],
    "exercises_that": lambda a, v: _words("exercise that", v, asked_of_the_body(a), set(a.knowledge.kb.provocations)),
    "no_exercises_that": lambda a, v: _words("exercise that", v, asked_of_the_body(a), set(a.knowledge.kb.provocations), present=False),
    "no_order": lambda a, v: _same("order", v, list(a.plan.order)),
    "gate": lambda a, v: _same("gate", v, a.plan.gate.id if a.plan.gate else ""),
    "provider": lambda a, v: _same("provider", v, a.plan.provider.id if a.plan.provider else ""),
    "adjuncts": lambda a, v: _same("adjuncts", v, [t.id for t in a.plan.adjuncts]),
    "self_care": lambda a, v: _guided("self-care", v, {t.id for t in a.plan.self_care}, a),
    "not_self_care": lambda a, v: _guided("self-care", v, {t.id for t in a.plan.self_care}, a, present=False),
    "escalate": lambda a, v: _guided("escalate", v, {t.id for t in a.plan.escalate}, a),
    "plan_leaves_out": lambda a, v: [f"plan: says '{w}'" for w in v if w.casefold() in plan_text(a)],
    "nothing_supported": lambda a, v: _same("supported", v, [h.about.key for h in a.hypotheses if h.status == "supported"]),
    "no_hypotheses": lambda a, v: _same("hypotheses", v, [h.about.key for h in a.hypotheses if spoken_for(h)]),
    "nothing_predicted": lambda a, v: _same("predicted", v, list(a.result.predicted)),
    "used": lambda a, v: _same("unused", set(), set(v) & {u.finding for u in a.result.unused}),
    "unused": lambda a, v: _same("not unused", set(), set(v) - {u.finding for u in a.result.unused}),
}  # fmt: skip


def misses(answer: Assessment, expected: Mapping[str, Any]) -> list[str]:
    """Every expectation that an assessment does not meet, told in words."""
    found: list[str] = []
    for key, value in expected.items():
        if key in _LINES:
            found += [miss for line in value for miss in _LINES[key](answer, line)]
        else:
            found += _WHOLES[key](answer, value)
    return found
