"""Packs of cases for a class: is each expected answer what is concluded? And the handout and its marking key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from expert import pipeline
from expert.errors import CaseError, Fault, UsageError
from expert.formats import PackQuestion
from expert.model import AXIS_OF, Hypothesis, Knowledge, PatternFound, Result
from expert.packs import Pack, Sheet
from expert.proof import Judged, Prover, Seen, Suspicion, Whole
from expert.questions import asked
from expert.questions.answer import Answer
from expert.reading import did_you_mean
from expert.words import Found

STATUSES = ("supported", "possible", "suspected", "contested", "insufficient", "contradicted", "unmentioned")
NONE = "none"
_SUSPECTED = ("supported", "possible")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an expected line claims. kind: muscle | pattern | flag; `ids` empty: there is none of that kind."""

    line: str
    kind: str
    ids: tuple[str, ...] = ()
    side: str = ""
    state: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    """One expected line, whether it is what is concluded, and what is concluded; `found` may be empty."""

    where: str
    line: int
    case: str
    question: int
    expected: str
    met: bool
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marking(Answer):
    """The check of a pack. `open`: questions that nobody but the lecturer can mark."""

    template = "marking"
    title: str
    cases: int
    questions: int
    open: int
    met: int
    missed: tuple[Marked, ...]

    @property
    def passed(self) -> bool:
        """Whether every expected answer is what is concluded."""
        return not self.missed


@dataclass(frozen=True, slots=True)
class Posed:
    """A question as it is handed out; the rest is filled in the key alone: what is expected, why, and the proof of it."""

    number: int
    ask: str
    kind: str
    options: tuple[str, ...]
    expected: tuple[str, ...] = ()
    because: str = ""
    sources: tuple[str, ...] = ()
    proofs: tuple[Suspicion, ...] = ()
    wholes: tuple[Whole, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A case as it is handed out: who, what is stated, what was measured, and the questions."""

    number: int
    title: str
    story: str
    age: int | None
    sex: str
    stated: tuple[Seen, ...]
    measured: tuple[Judged, ...]
    questions: tuple[Posed, ...]


@dataclass(frozen=True, slots=True)
class Handout(Answer):
    """A pack as it is handed out, or its marking key."""

    template = "handout"
    title: str
    level: str
    licence: str
    author: str
    about: str
    key: bool
    cases: tuple[Told, ...]

    def report(self, format: str = "txt", **options: Any) -> str:
        """As every answer, laid out for paper."""
        return Answer.report(self, format, paper=True, **options)


def check(pack: Pack, knowledge: Knowledge) -> Marking:
    """Hold every expected answer of a pack to what is concluded. Raises CaseError for cases and lines that cannot be read."""
    results = _assessed(pack, knowledge)
    marked = [m for sheet, result in zip(pack.sheets, results, strict=True) for m in _marked(sheet, result, knowledge)]
    questions = [q for sheet in pack.sheets for q in sheet.shape.questions]
    missed = tuple(m for m in marked if not m.met)
    return Marking(
        pack.head.title, len(pack.sheets), len(questions), sum(not _checked(q) for q in questions), len(marked) - len(missed), missed
    )  # fmt: skip


def handout(pack: Pack, knowledge: Knowledge, key: bool = False) -> Handout:
    """What a class is given, or the marking key with the reasons. Raises CaseError as `check` does."""
    results = _assessed(pack, knowledge)
    told = [_told(n, s, r, knowledge, key) for n, (s, r) in enumerate(zip(pack.sheets, results, strict=True), start=1)]
    head = pack.head
    return Handout(head.title, head.level, head.licence, head.author or "", head.about or "", key, tuple(told))


def _assessed(pack: Pack, knowledge: Knowledge) -> list[Result]:
    """Every case of a pack, concluded; all that is wrong with any of them at once."""
    faults: list[Fault] = []
    results: list[Result] = []
    for sheet in pack.sheets:
        try:
            results.append(pipeline.conclude(sheet.case, knowledge, "native"))
        except CaseError as refused:
            faults += refused.faults
        faults += _unreadable(sheet, knowledge)
    if faults:
        raise CaseError(faults)
    return results


def _unreadable(sheet: Sheet, knowledge: Knowledge) -> Iterator[Fault]:
    """Expected lines and sources that name what there is not, each with its line."""
    for number, question in enumerate(sheet.shape.questions):
        place = ("questions", number)
        for n, name in enumerate(question.sources):
            if name not in knowledge.kb.sources:
                near = did_you_mean(name, list(knowledge.kb.sources))
                yield sheet.document.fault((*place, "sources", n), f"unknown source '{name}'{near}")
        for n, line in enumerate(question.expect if question.kind == "choice" else ()):
            if line not in (said := [o.say for o in question.options]):
                yield sheet.document.fault((*place, "expect", n), f"'{line}' is none of the options{did_you_mean(line, said)}")
        for path, line, kind, _ in _lines(question, place):
            try:
                read_claim(line, kind, knowledge)
            except UsageError as wrong:
                yield sheet.document.fault(path, str(wrong))


_Line = tuple[tuple[str | int, ...], str, str, bool]  # where it stands, the line, its kind, whether it is to hold


def _lines(question: PackQuestion, place: tuple[str | int, ...]) -> Iterator[_Line]:
    """The lines of a question that the program can be held to: what is expected, and what the options of a choice claim."""
    if question.kind in ("hypotheses", "pattern", "flag"):
        for number, line in enumerate(question.expect):
            yield (*place, "expect", number), line, question.kind, True
    for number, option in enumerate(question.options):
        if option.holds is not None:
            yield (*place, "options", number), option.holds, "choice", option.say in question.expect


def _checked(question: PackQuestion) -> bool:
    return any(True for _ in _lines(question, ()))


_KINDS = {"hypotheses": ("muscle",), "pattern": ("pattern",), "flag": ("flag",), "choice": ("muscle", "pattern", "flag")}


def read_claim(line: str, kind: str, knowledge: Knowledge) -> Claim:
    """An expected line: `gluteus medius:left:underactive supported`, `upper-crossed`, `none`. Raises UsageError.

    kind: hypotheses | pattern | flag | choice (where the line itself says which: `pattern:...`, `flag:...`, else a muscle).
    """
    kinds = _KINDS[kind]
    if line.strip() == NONE and len(kinds) == 1:
        return Claim(line, kinds[0])
    if kind == "choice" and line.partition(":")[0] not in ("pattern", "flag"):
        kinds = ("muscle",)
    words, status = _parted(line) if kinds == ("muscle",) else (line, "")
    found = asked.read(words, knowledge.kb, kinds=kinds)
    if found.kind == "muscle":
        _spelt(words.partition(":")[0].strip(), knowledge)
        return Claim(line, "muscle", found.ids, found.sides[0], found.state, status)
    return Claim(line, found.kind, found.ids, found.sides[0] if len(found.sides) == 1 else "")


def _parted(line: str) -> tuple[str, str]:
    """A muscle's line as what it is about and its status."""
    about, _, last = line.rpartition(" ")
    if about.rpartition(":")[2].strip() in AXIS_OF:
        if last not in STATUSES:
            raise UsageError(f"'{line}': '{last}' is no status{did_you_mean(last, STATUSES)}; it is one of {', '.join(STATUSES)}")
    else:
        about, last = line, "suspected"
    if about.count(":") != 2:
        raise UsageError(f"'{line}': write MUSCLE:SIDE:STATE and a status, for example 'gluteus medius:left:underactive supported'")
    return about, last


def _spelt(name: str, knowledge: Knowledge) -> None:
    """What is handed to a class is spelt as the knowledge spells it: no slip is mended."""
    read = knowledge.kb.words.read("muscle", name)
    if isinstance(read, Found) and read.mended:
        known = knowledge.kb.muscles.get(read.reading.id) or knowledge.kb.groups[read.reading.id]
        raise UsageError(f"unknown muscle '{name}', did you mean '{known.name}'?")


def _marked(sheet: Sheet, result: Result, knowledge: Knowledge) -> Iterator[Marked]:
    """Each line of a case that can be checked, checked."""
    for number, question in enumerate(sheet.shape.questions):
        for path, line, kind, wanted in _lines(question, ("questions", number)):
            held, found = _holds(read_claim(line, kind, knowledge), result)
            fault = sheet.document.fault(path, "")
            expected = line if wanted else f"not {line}"
            yield Marked(fault.where, fault.line, sheet.shape.title, number + 1, expected, held is wanted, found)


def _holds(claim: Claim, result: Result) -> tuple[bool, tuple[str, ...]]:
    """Whether a claim is what is concluded, and what is."""
    if claim.kind == "pattern":
        shown = [p for p in result.patterns if not claim.ids or p.id in claim.ids]
        met = any(claim.side in ("", p.side) for p in shown) if claim.ids else not shown
        return met, tuple(f"{p.id}:{p.side}".removesuffix(":midline") for p in shown or result.patterns)
    if claim.kind == "flag":
        raised = [f.id for f in result.referral.flags]
        return (set(claim.ids) <= set(raised) if claim.ids else not raised), tuple(raised)
    if not claim.ids:
        supported = tuple(f"{h.about.key} supported" for h in result.hypotheses if h.status == "supported")
        return not supported, supported
    stood = [(m, muscle_status(m, claim, result)) for m in claim.ids]
    met = all(status == claim.status or (claim.status == "suspected" and status in _SUSPECTED) for _, status in stood)
    return met, tuple(f"{m}:{claim.side}:{claim.state} {status}" for m, status in stood)


def muscle_status(muscle: str, claim: Claim, result: Result) -> str:
    """How a muscle stands on the side and in the state of a claim."""
    about = (muscle, claim.side, claim.state)
    if any((h.muscle, h.side, h.state) == about for h in result.contradicted):
        return "contradicted"
    found = next((h for h in result.hypotheses if (h.muscle, h.side, h.state) == about), None)
    return found.status if found else "unmentioned"


# --- the handout ----------------------------------------------------------------------------------------------------------------


def _told(number: int, sheet: Sheet, result: Result, knowledge: Knowledge, key: bool) -> Told:
    prover = Prover(result, knowledge)
    measured = {(m.finding, m.side) for m in result.measured}
    stated = [prover.seen(i.key) for i in result.stated.items if (i.finding, i.side) not in measured]
    values = [Judged(f"{knowledge.kb.measures[m.measures[0]].name}, {m.side}", m.written, "", "", ()) for m in result.measured]
    patient = sheet.shape.case.patient
    posed = [_posed(n, q, result, knowledge, prover if key else None) for n, q in enumerate(sheet.shape.questions, start=1)]
    return Told(
        number, sheet.shape.title, sheet.shape.story or "", patient.age, patient.sex or "", tuple(stated), tuple(values), tuple(posed)
    )  # fmt: skip


def _posed(number: int, question: PackQuestion, result: Result, knowledge: Knowledge, prover: Prover | None) -> Posed:
    """A question; with a prover, its answer as well."""
    options = tuple(option.say for option in question.options)
    if prover is None:
        return Posed(number, question.ask, question.kind, options)
    claims = [read_claim(line, kind, knowledge) for _, line, kind, wanted in _lines(question, ()) if wanted]
    sources = tuple(knowledge.kb.sources[s].title for s in question.sources)
    return Posed(
        number, question.ask, question.kind, options, question.expect, question.because, sources,
        tuple(prover.suspicion(h) for h in _of_muscles(claims, result)), tuple(prover.whole(p) for p in _of_patterns(claims, result)),
        tuple(f"{f.title}: {f.because}" for f in result.referral.flags if any(f.id in c.ids for c in claims)),
    )  # fmt: skip


def _of_muscles(claims: Sequence[Claim], result: Result) -> list[Hypothesis]:
    wanted = {(m, c.side, c.state) for c in claims if c.kind == "muscle" for m in c.ids}
    weighed = {h.about: h for h in (*result.contradicted, *result.hypotheses)}.values()
    return [h for h in weighed if (h.muscle, h.side, h.state) in wanted]


def _of_patterns(claims: Sequence[Claim], result: Result) -> list[PatternFound]:
    wanted = {name for c in claims if c.kind == "pattern" for name in c.ids}
    return [p for p in result.patterns if p.id in wanted]
