"""Did the learner see it? What somebody committed to before looking, held to what is concluded: hit, missed, over-called, and why.

A score by kind, and no grade: what is supported is to be named, what is only possible or contested may be named or left, and what the
case does not bear is over-called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from expert.errors import CaseError, Fault, UsageError
from expert.model import Hypothesis, Knowledge, Result
from expert.questions.answer import Answer
from expert.questions.marking import Claim, muscle_status, read_claim

MOST_CALLS = 100
_OPEN = ("possible", "contested")


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that was called, or should have been. verdict: hit | open (may be named or left) | missed | over.

    `key`: what to ask why about; status: as in the answer, `unmentioned`, `contradicted`, `held`, or a flag's level; `side` may be `both`;
    `because`: the leading reason, "" where nothing speaks for it; `members`: of a group, who stands so.
    """

    verdict: str
    kind: str
    key: str
    name: str
    side: str
    state: str
    status: str
    points: float
    because: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """Of a kind (muscle | pattern | flag): how many there were to find and how many of them were found; calls that were over-called, or
    open. What there is to find does not grow with how it is called: a group that names two muscle states finds two."""

    kind: str
    there: int
    hit: int
    over: int
    open: int


@dataclass(frozen=True, slots=True)
class Quiz(Answer):
    """What was committed to, marked; within a kind what was hit first, then what is open, missed, over-called."""

    template = "quiz"
    scores: tuple[Score, ...]
    calls: tuple[Call, ...]


def quiz(result: Result, knowledge: Knowledge, muscles: Sequence[str], patterns: Sequence[str] = (), flagged: bool = False) -> Quiz:
    """Mark what was committed to. `muscles`: `gluteus medius:left:underactive`; `patterns`: `lower-crossed`; `flagged`: there is a flag.

    Raises CaseError with every line that cannot be read.
    """
    if len(muscles) + len(patterns) > MOST_CALLS:
        raise UsageError(f"more than {MOST_CALLS} things were called")
    calls = _read(muscles, "hypotheses", knowledge)
    wholes = _read(patterns, "pattern", knowledge)
    marked = (*_muscles(calls, result, knowledge), *_patterns(wholes, result, knowledge), *_flags(flagged, result))
    ordered = sorted(marked, key=lambda c: (_KINDS.index(c.kind), _VERDICTS.index(c.verdict)))
    found = _found(calls, result)
    return Quiz(tuple(_score(kind, ordered, found) for kind in _KINDS), tuple(ordered))


_KINDS = ("flag", "muscle", "pattern")
_VERDICTS = ("hit", "open", "missed", "over")


def read_call(words: str, knowledge: Knowledge) -> Claim:
    """One muscle, side and state as a learner says it. Raises UsageError with what may have been meant."""
    return read_claim(words, "hypotheses", knowledge)


def _read(lines: Iterable[str], kind: str, knowledge: Knowledge) -> list[Claim]:
    claims, faults = [], []
    for line in dict.fromkeys(lines):
        try:
            claims.append(read_claim(line, kind, knowledge))
        except UsageError as wrong:
            faults += [Fault("call", 0, f.message) for f in wrong.faults]
    if faults:
        raise CaseError(faults)
    return list({(c.ids, c.side, c.state): c for c in claims}.values())


def _found(claims: Sequence[Claim], result: Result) -> int:
    """How many supported states were called, each once, by its own name or by that of a group."""
    covered = _covered(claims)
    return sum((h.muscle, h.side, h.state) in covered for h in result.hypotheses if h.status == "supported" and not h.held)


def _covered(claims: Sequence[Claim]) -> set[tuple[str, str, str]]:
    return {(m, claim.side, claim.state) for claim in claims for m in claim.ids}


def _score(kind: str, calls: Sequence[Call], found: int) -> Score:
    told = [c.verdict for c in calls if c.kind == kind]
    hit = found if kind == "muscle" else told.count("hit")
    return Score(kind, hit + told.count("missed"), hit, told.count("over"), told.count("open"))


# --- muscles ----------------------------------------------------------------------------------------------------------------------------


def _muscles(claims: Sequence[Claim], result: Result, knowledge: Knowledge) -> Iterator[Call]:
    """Each call, and each supported state that no call covers."""
    covered = _covered(claims)
    for claim in (c for c in claims if c.ids):
        yield _called(claim, result, knowledge)
    for h in result.hypotheses:
        if h.status == "supported" and not h.held and (h.muscle, h.side, h.state) not in covered:
            yield _of(h, "missed", h.about.key, h.name)


def _called(claim: Claim, result: Result, knowledge: Knowledge) -> Call:
    """A call; of a group, as its best member stands."""
    ranked = sorted((_RANKS.index(_stands(m, claim, result)), n) for n, m in enumerate(claim.ids))
    status, best = _RANKS[ranked[0][0]], claim.ids[ranked[0][1]]
    verdict = "hit" if status == "supported" else "open" if status in (*_OPEN, "held") else "over"
    known = knowledge.kb
    group = next((g.name for g in known.groups.values() if len(claim.ids) > 1 and g.members == claim.ids), "")
    members = tuple(known.muscles[claim.ids[n]].name for rank, n in ranked if rank == ranked[0][0]) if group else ()
    h = _hypothesis(best, claim, result)
    key = f"{best}:{claim.side}:{claim.state}"
    name = group or known.muscles[best].name
    if h is None:
        return Call(verdict, "muscle", key, name, claim.side, claim.state, status, 0, "", members)
    return _of(h, verdict, key, name, status, members)


_RANKS = ("supported", "held", "possible", "contested", "insufficient", "unmentioned", "contradicted")


def _stands(muscle: str, claim: Claim, result: Result) -> str:
    h = _hypothesis(muscle, claim, result)
    status = muscle_status(muscle, claim, result)
    return "held" if h and h.held and status in ("supported", *_OPEN) else status


def _hypothesis(muscle: str, claim: Claim, result: Result) -> Hypothesis | None:
    about = (muscle, claim.side, claim.state)
    return next((h for h in (*result.hypotheses, *result.contradicted) if (h.muscle, h.side, h.state) == about), None)


def _of(h: Hypothesis, verdict: str, key: str, name: str, status: str = "", members: tuple[str, ...] = ()) -> Call:
    leading = next((e for e in h.evidence if e.points > 0), None) or (h.evidence[0] if verdict == "over" else None)
    because = leading.piece.because if leading else ""
    return Call(verdict, "muscle", key, name, h.side, h.state, status or h.status, h.points, because, members)


# --- patterns and red flags -----------------------------------------------------------------------------------------------------


def _patterns(claims: Sequence[Claim], result: Result, knowledge: Knowledge) -> Iterator[Call]:
    """Patterns are called by name; on which side they are is told, not asked."""
    called = {name for claim in claims for name in claim.ids}
    for p in result.patterns:
        key = f"pattern:{p.id}" + ("" if p.side == "midline" else f":{p.side}")
        yield Call("hit" if p.id in called else "missed", "pattern", key, p.name, p.side, "", p.confidence, p.points / 1000, p.because)
    for name in sorted(called - {p.id for p in result.patterns}):
        pattern = knowledge.kb.patterns[name]
        yield Call("over", "pattern", f"pattern:{name}", pattern.name, "midline", "", "unmentioned", 0, "")


def _flags(flagged: bool, result: Result) -> Iterator[Call]:
    """Whether a red flag is raised is one question; all that are raised are told."""
    for f in result.referral.flags:
        yield Call("hit" if flagged else "missed", "flag", f"flag:{f.id}", f.title, "midline", "", f.level, 0, f.because)
    if flagged and not result.referral.flags:
        yield Call("over", "flag", "", "", "midline", "", result.referral.level, 0, "")
