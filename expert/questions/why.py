"""Why is this suspected, or why not? The proofs of `proof`, as an answer."""

from __future__ import annotations

from dataclasses import dataclass

from expert import proof
from expert.model import Knowledge, Result
from expert.proof import Node
from expert.questions.answer import Answer


@dataclass(frozen=True, slots=True)
class Why(Answer):
    """The answer to "why is this muscle suspected (or not)?", one tree a state."""

    template = "why"
    muscle: str
    side: str
    trees: tuple[Node, ...]


def why(result: Result, knowledge: Knowledge, muscle: str, side: str | None = None, state: str | None = None) -> Why:
    """The proof of every hypothesis about a muscle (or one side, one state of it), and what would be needed where there is none."""
    return Why(*proof.why(result, knowledge, muscle, side, state))
