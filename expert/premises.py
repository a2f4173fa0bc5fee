"""What can meet a premise: items and hypotheses as facts, and whether a fact fits. Whoever matches and whoever explains ask here."""

from __future__ import annotations

from collections.abc import Iterable

from expert.conditions import STATUS_LEVEL
from expert.model import MIRROR, Fact, Hypothesis, Item, Term

Binding = tuple[str | None, str | None]  # the side and the muscle that the premises so far agree on

_NOT_MUSCLE = ("gravity", "ground")


def bind(term: Term, fact: Fact, binding: Binding) -> Binding | None:
    """The binding extended by this fact at this premise, or None where it does not fit."""
    if fact.present is not term.present or fact.state != term.state or fact.level < term.level:
        return None
    if (term.contexts and fact.context not in term.contexts) or fact.context in term.barred:
        return None
    side, muscle = binding
    if term.side == "midline":
        if fact.side != "midline":
            return None
    elif term.side != "any":
        if term.side == "opposite" and fact.side not in MIRROR:
            return None  # what has no side is opposite to nothing
        seen = fact.side if term.side == "same" else MIRROR.get(fact.side, fact.side)
        if side is not None and side != seen:
            return None
        side = seen
    if not term.name:
        if muscle is not None and muscle != fact.name:
            return None
        muscle = fact.name
    return side, muscle


def fact_of(item: Item) -> Fact:
    """What a case states, as engines match it."""
    return Fact(item.key, "finding", item.finding, "", item.side, item.task, item.severity, item.present)


def facts_of(hypotheses: Iterable[Hypothesis]) -> list[Fact]:
    """Hypotheses that later strata may rest on: possible and supported ones, with what drives the evidence behind them."""
    return [
        Fact(h.about.key, "hypothesis", h.muscle, h.state, h.side, _driver(h), STATUS_LEVEL[h.status])
        for h in hypotheses
        if h.status in STATUS_LEVEL
    ]


def _driver(h: Hypothesis) -> str:
    """What drives the positions behind a hypothesis: gravity or ground only where all of its evidence says so."""
    drivers = [e.piece.target.driver for e in h.evidence if e.points > 0]
    return drivers[0] if drivers and all(d in _NOT_MUSCLE for d in drivers) else "muscle"
