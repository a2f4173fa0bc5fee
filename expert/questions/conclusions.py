"""Everything that a case was concluded to be, in few words each, and how to ask about it: red flags first, best first in each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from expert.contract import decimal, node_name
from expert.model import LEVELS, MIRROR, Knowledge, Prediction, Result


@dataclass(frozen=True, slots=True)
class Conclusion:
    """`about`: how `why` is asked of it. kind: flag | hypothesis | pattern | prediction. of: what it is (flag, muscle, pattern, or a
    node's kind). side: left | right | both | midline.

    status: of a flag raised or half-met, of a pattern found, else as in the JSON; `level`: of a flag; `points`: of a hypothesis or pattern.
    """

    about: str
    kind: str
    of: str
    name: str
    side: str
    state: str
    status: str
    level: str = ""
    held: bool = False
    points: float | None = None
    strength: float | None = None


def conclusions(result: Result, knowledge: Knowledge) -> tuple[Conclusion, ...]:
    """All of them, each once. What is too little to be even possible is left out."""
    return tuple(dict.fromkeys((*_flags(result), *_hypotheses(result), *_patterns(result), *_predictions(result, knowledge))))


def _flags(result: Result) -> Iterator[Conclusion]:
    raised = [(LEVELS.index(f.level), Conclusion(f"flag:{f.id}", "flag", "flag", f.title, "midline", "", "raised", f.level))
              for f in result.referral.flags]  # fmt: skip
    half = [(LEVELS.index(h.level), Conclusion(f"flag:{h.id}", "flag", "flag", h.title, "midline", "", "half-met", h.level))
            for h in result.referral.half_met]  # fmt: skip
    for flags in (raised, half):
        yield from (told for _, told in sorted(flags, key=lambda pair: (pair[0], pair[1].name)))


def _hypotheses(result: Result) -> Iterator[Conclusion]:
    for status in ("supported", "possible", "contested"):
        for h in result.hypotheses:
            if h.status == status:
                yield Conclusion(h.about.key, "hypothesis", "muscle", h.name, h.side, h.state, status, held=h.held, points=h.points)


def _patterns(result: Result) -> Iterator[Conclusion]:
    for p in result.patterns:
        side = f":{p.side}" if p.side in MIRROR else ""
        yield Conclusion(f"pattern:{p.id}{side}", "pattern", "pattern", p.name, p.side, "", "found", points=decimal(p.points))


def _predictions(result: Result, knowledge: Knowledge) -> Iterator[Conclusion]:
    for p in result.predicted:
        t = p.target
        yield Conclusion(
            _asked(p), "prediction", t.kind, node_name(t, knowledge.kb), t.side, t.state, p.status, strength=decimal(p.strength)
        )  # fmt: skip


def _asked(p: Prediction) -> str:
    """How a prediction is asked about: with its side and state where it is of one side."""
    t = p.target
    if t.side not in MIRROR:
        return f"prediction:{t.id}"
    return f"prediction:{t.id}:{t.side}" + (f":{t.state}" if t.kind == "muscle" else "")
