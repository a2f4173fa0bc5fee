"""What explains the findings beside muscles, what may come of them, and what may be said about the course."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from expert.conditions import holding
from expert.model import Item, KnowledgeBase, Outlook, Reason, Stated
from expert.words import Found


def causes(stated: Stated, kb: KnowledgeBase) -> tuple[Reason, ...]:
    """Everything else that explains what is seen: bone, joint, nerve, pain, task, habit. An operation counts as the history it is."""
    written = {i.key for i in stated.items}
    operated = replace(stated, items=(*stated.items, *_operations(stated, kb)))
    found = [
        Reason(c.id, c.title, c.kind, c.because, c.grade, c.sources, tuple(key for key in keys if key in written))
        for c, keys in holding(kb.causes.values(), operated, kb)
        if not written.isdisjoint(keys)
    ]
    return tuple(sorted(found, key=lambda r: (r.kind, r.id)))


def _operations(stated: Stated, kb: KnowledgeBase) -> Iterator[Item]:
    """Operations whose name the history knows exactly, as items of it, where it does not tell of them itself."""
    told = {i.finding for i in stated.items}
    for surgery in stated.patient.surgery:
        named = kb.words.read("finding", surgery.name)
        if not isinstance(named, Found) or named.mended or named.reading.id in told or kb.findings[named.reading.id].method != "question":
            continue
        name, side = named.reading.id, surgery.side or "midline"
        for one in ("left", "right") if side == "bilateral" else (side,):
            yield Item(f"{name}:{one}", name, "history", one, "", True, 1000, 1000, False, False, surgery.name)


def risks(stated: Stated, kb: KnowledgeBase) -> tuple[Reason, ...]:
    """What may come of what is seen, each with how strong its evidence is."""
    found = [Reason(r.id, r.title, "risk", r.because, r.grade, r.sources, keys) for r, keys in holding(kb.risks.values(), stated, kb)]
    return tuple(sorted(found, key=lambda r: (r.grade, r.id)))


def outlook(stated: Stated, kb: KnowledgeBase) -> Outlook | None:
    """The first outlook, in the order written, whose condition holds; None where nothing is known that bears on it."""
    told = next(holding(kb.outlooks.values(), stated, kb), None)
    return None if told is None else Outlook(told[0].id, told[0].text, told[0].because, told[0].grade, told[0].sources, told[1])
