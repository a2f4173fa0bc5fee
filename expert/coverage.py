"""What the source documents ask for, row by row: what serves it, and the hand-written case that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from expert.formats import CoverageRow, Served
from expert.model import KnowledgeBase
from expert.reading import did_you_mean

_IDS = tuple(name for name in Served.model_fields if name not in ("commands", "answers"))


@dataclass(frozen=True, slots=True)
class Row:
    """One row and how it is served; `gaps`: what is missing, in words (none: it is covered)."""

    entry: CoverageRow
    served: tuple[tuple[str, tuple[str, ...]], ...]
    gaps: tuple[str, ...]


def coverage(kb: KnowledgeBase, cases: Iterable[str], commands: Iterable[str], answers: Iterable[str]) -> tuple[Row, ...]:
    """Every row in order. `cases`: the names of all stored cases; `commands`, `answers`: what the program can be asked and tells."""
    known = {"cases": set(cases), "commands": set(commands), "answers": set(answers)}
    rows = sorted(kb.coverage.values(), key=lambda row: (row.row, row.id))
    return tuple(Row(row, _served(row.served), tuple(_gaps(row, kb, known))) for row in rows)


def missing_rows(rows: Iterable[Row], count: int) -> tuple[int, ...]:
    """The numbers from 1 to `count` that no row carries."""
    return tuple(sorted(set(range(1, count + 1)) - {row.entry.row for row in rows}))


def _served(served: Served) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, ids) for name in Served.model_fields if (ids := getattr(served, name)))


def _gaps(row: CoverageRow, kb: KnowledgeBase, known: Mapping[str, set[str]]) -> Iterator[str]:
    if not _served(row.served):
        yield "nothing serves it"
    if not row.cases:
        yield "no case shows it"
    for shelf in _IDS:
        ids = {p.id for p in kb.phases} if shelf == "phases" else set(getattr(kb, shelf))
        yield from _unknown(shelf, getattr(row.served, shelf), ids)
    for kind in ("commands", "answers"):
        yield from _unknown(kind, getattr(row.served, kind), known[kind])
    yield from _unknown("cases", row.cases, known["cases"])


def _unknown(kind: str, names: Iterable[str], known: set[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"there is no '{name}' among the {kind}{did_you_mean(name, sorted(known))}"
