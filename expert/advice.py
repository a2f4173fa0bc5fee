"""What explains the findings beside muscles, what may come of them, and what may be said about the course."""

from __future__ import annotations

from expert.conditions import holding
from expert.model import KnowledgeBase, Outlook, Reason, Stated


def causes(stated: Stated, kb: KnowledgeBase) -> tuple[Reason, ...]:
    """Everything else that explains what is seen: bone, joint, nerve, pain, task, habit."""
    found = [Reason(c.id, c.title, c.kind, c.because, c.grade, c.sources, keys) for c, keys in holding(kb.causes.values(), stated, kb)]
    return tuple(sorted(found, key=lambda r: (r.kind, r.id)))


def risks(stated: Stated, kb: KnowledgeBase) -> tuple[Reason, ...]:
    """What may come of what is seen, each with how strong its evidence is."""
    found = [Reason(r.id, r.title, "risk", r.because, r.grade, r.sources, keys) for r, keys in holding(kb.risks.values(), stated, kb)]
    return tuple(sorted(found, key=lambda r: (r.grade, r.id)))


def outlook(stated: Stated, kb: KnowledgeBase) -> Outlook | None:
    """The first outlook, in the order written, whose condition holds; None where nothing is known that bears on it."""
    told = next(holding(kb.outlooks.values(), stated, kb), None)
    return None if told is None else Outlook(told[0].id, told[0].text, told[0].because, told[0].grade, told[0].sources, told[1])
