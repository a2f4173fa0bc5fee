"""What is uncertain about an answer: what the evidence is divided on, and how much of the ranking hangs on the choice of numbers."""

from __future__ import annotations

from dataclasses import dataclass

from expert.model import OPPOSITE_STATE, About, Hypothesis, Knowledge, Result
from expert.questions.answer import Answer
from expert.questions.stability import Stability, stability


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two states of a contested axis: what speaks for it, from which items, on whose word. `because`: its leading reason."""

    state: str
    points: float
    points_for: float
    findings: tuple[str, ...]
    because: str
    grades: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contest:
    """An axis of a muscle on which the evidence points both ways, the stronger state first."""

    muscle: str
    name: str
    side: str
    axis: str
    sides: tuple[Side, Side]


@dataclass(frozen=True, slots=True)
class Uncertainty(Answer):
    """What is contested, with both sides and their sources, and how stable the ranking is."""

    template = "uncertainty"
    contested: tuple[Contest, ...]
    stability: Stability


def uncertainty(result: Result, knowledge: Knowledge) -> Uncertainty:
    """What is uncertain about a result. Rules that dispute each other are its `conflicts`; what was not said is its `inputs.missing`."""
    contested = {h.about: h for h in result.hypotheses if h.status == "contested"}
    pairs = [(h, contested.get(About(h.muscle, h.side, h.axis, OPPOSITE_STATE[h.state]))) for h in contested.values()]
    contests = [
        Contest(h.muscle, h.name, h.side, h.axis, (_side(h), _side(rival)))
        for h, rival in pairs
        if rival and (-h.net, h.state) < (-rival.net, rival.state)
    ]
    return Uncertainty(tuple(contests), stability(result, knowledge))


def _side(h: Hypothesis) -> Side:
    speaking = [e for e in h.evidence if e.points > 0]
    return Side(
        h.state, h.points, h.points_for / 1000, tuple(sorted(h.findings)), speaking[0].piece.because,
        tuple(sorted({e.piece.rule.grade for e in speaking})), tuple(dict.fromkeys(s for e in speaking for s in e.piece.rule.sources)),
    )  # fmt: skip
