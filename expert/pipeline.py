"""The straight line from a case to what may be said of it. Each arrow is one call with one value."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from expert import advice, drivers, gaps, inference, knowledge, ledger, patterns, plan, referral, rulebase
from expert.cases import Case
from expert.drivers import Reach
from expert.errors import CaseError, Fault
from expert.model import (
    CompiledRule,
    Conflict,
    Firing,
    Item,
    Knowledge,
    KnowledgeBase,
    Result,
    RuleBase,
    Stated,
    TraceLine,
    Unused,
)
from expert.normalise import Unreadable, normalise
from expert.premises import fact_of, facts_of
from expert.spread import SpreadGraph

_STRATA = ("direct", "inferred", "patterns")

_graphs: WeakKeyDictionary[Knowledge, tuple[SpreadGraph, Reach]] = WeakKeyDictionary()
_shipped: list[Knowledge] = []
_making = threading.Lock()  # what threads share is made once


def load_knowledge(kb: str | os.PathLike[str] | None = None, rules: str | os.PathLike[str] | None = None) -> Knowledge:
    """The shipped knowledge (read once, then shared), or one's own folders laid over it."""
    if kb is None and rules is None:
        with _making:
            if not _shipped:
                _shipped.append(_compiled(knowledge.load()))
        return _shipped[0]
    return _compiled(knowledge.load(kb, rules))


def load_whole(folder: str | os.PathLike[str]) -> Knowledge:
    """Another knowledge in place of the shipped one: a folder that holds kb/ and rules/."""
    return _compiled(knowledge.load_whole(folder))


def _compiled(kb: KnowledgeBase) -> Knowledge:
    return Knowledge(kb, rulebase.compile_rules(kb))


def conclude(case: Case, knowledge: Knowledge, engine: str = "auto") -> Result:
    """Read one case and reason about it.

    Raises CaseError with everything that is wrong with it, EngineError for an engine that is not there.
    """
    chosen = inference.choose(engine)
    try:
        stated = normalise(case, knowledge.kb)
    except Unreadable as refused:
        raise CaseError((*refused.faults, *_grave(refused.readable, case, knowledge.kb))) from None
    return run(stated, knowledge, chosen)


def _grave(readable: Stated, case: Case, kb: KnowledgeBase) -> list[Fault]:
    """A mistake elsewhere in a case must not hide an emergency: the grave flags of what could be read, said beside the faults."""
    screening = referral.screen(readable, kb.flags, kb.findings, kb.constants.severity)
    return [
        Fault(case.document.where, 0, f"{flag.level.upper()} in what could be read: {flag.title}. {flag.action}")
        for flag in screening.flags
        if flag.level in ("emergency", "urgent")
    ]


def run(stated: Stated, knowledge: Knowledge, engine: inference.Engine) -> Result:
    """The straight line: what may be said of a case that has been read."""
    kb, rules = knowledge.kb, knowledge.rulebase
    items = {i.key: i for i in stated.items}
    names = {m.id: m.name for m in kb.muscles.values()}
    screening = referral.screen(stated, kb.flags, kb.findings, kb.constants.severity)

    seen = [fact_of(i) for i in stated.items]
    direct = inference.infer(rules.programs["direct"], seen, engine)
    observed, pained = ledger.draw_direct(direct, rules.rules, items)
    balance = ledger.balance(observed, kb.constants)
    first = ledger.hypotheses(balance, names, kb.constants)

    bases = {h.about.key: h for h in first}
    inferred = inference.infer(rules.programs["inferred"], [*seen, *facts_of(first)], engine)
    concluded = ledger.draw_inferred(inferred, rules.rules, observed, bases, items)
    weighed = ledger.reweigh(first, balance, concluded, names, kb.constants)
    hypotheses = tuple(replace(h, held=True) if referral.is_held(h, screening, items) else h for h in weighed)

    sound = {i.key: i for i in patterns.to_rest_on(stated.items, kb.findings)}
    wholes = inference.infer(rules.programs["patterns"], [*map(fact_of, sound.values()), *facts_of(hypotheses)], engine)
    mild = {h.about.key for h in hypotheses if not ledger.is_telling(h.evidence)}
    shown = patterns.found(wholes, kb.patterns, sound, kb.constants, lambda p: ledger.confidence(p, ledger.scale(kb.constants)), mild)
    graph, reach = graph_of(knowledge)
    opposed = ledger.contradicted(balance, hypotheses, names, kb.constants)
    predicted = graph.predict(hypotheses, stated.items)
    explained, risks, outlook = advice.causes(stated, kb), advice.risks(stated, kb), advice.outlook(stated, kb)
    firings, conflicts = (direct, inferred, wholes), _conflicts(direct, rules)
    return Result(
        stated=stated, engine=engine.name, engine_version=engine.version, referral=screening, hypotheses=hypotheses,
        contradicted=opposed, patterns=shown, predicted=predicted,
        drivers=drivers.account(stated.items, hypotheses, opposed, explained, screening, conflicts, reach),
        loops=graph.loops(hypotheses, stated.items, predicted), causes=explained, risks=risks, outlook=outlook,
        plan=plan.plan(hypotheses, stated, screening, kb, stated.today), conflicts=conflicts,
        unused=_unused(stated, firings, kb, pained, {f for r in (*explained, *risks) for f in r.findings}),
        trace=_trace(firings, rules), missing=gaps.missing(stated, screening, kb, rules.programs["direct"]), observed=first,
    )  # fmt: skip


def graph_of(knowledge: Knowledge) -> tuple[SpreadGraph, Reach]:
    """The graph of a knowledge, forwards and backwards, made once."""
    with _making:
        if knowledge not in _graphs:
            graph = SpreadGraph(knowledge.kb)
            _graphs[knowledge] = graph, Reach(graph.steps, graph.tests, knowledge.kb)
        return _graphs[knowledge]


# --- what is left to say ----------------------------------------------------------------------------------------------------------


def _conflicts(firings: Iterable[Firing], rules: RuleBase) -> tuple[Conflict, ...]:
    """Rules that fired and dispute each other."""
    fired = {f.rule for f in firings if not f.absent}
    pairs = sorted({tuple(sorted((r, o))) for r in fired for o in rules.rules[r].disputes if o in fired})
    return tuple(
        Conflict(
            pair,
            _disputed(*(rules.rules[r] for r in pair)),
            " / ".join(rules.rules[r].title for r in pair),
            tuple(dict.fromkeys(s for r in pair for s in rules.rules[r].sources)),
        )
        for pair in pairs
    )


def _disputed(one: CompiledRule, other: CompiledRule) -> tuple[str, ...]:
    """The muscles of which two rules claim opposite states, or that one speaks against; failing that, all that both name."""
    here, there = ({(t.muscle, t.state, t.against) for t in rule.targets} for rule in (one, other))
    opposed = {m for m, state, against in here for n, rival, no in there if m == n and (state != rival or against != no)}
    return tuple(sorted(opposed or {m for m, _, _ in here} & {m for m, _, _ in there}))


def _unused(
    stated: Stated, strata: Sequence[Sequence[Firing]], kb: KnowledgeBase, pained: Sequence[Unused], explained: set[str]
) -> tuple[Unused, ...]:
    """Every stated item that no rule, flag or cause used, with the reason; and those whose pain took points away."""
    used = {key for firings in strata for f in firings for key in f.premises} | explained
    left = [i for i in stated.items if i.key not in used]
    found = [Unused(i.key, _why_unused(i, kb)) for i in left if not any(i.finding in flag.when.asked for flag in kb.flags.values())]
    return (*stated.unused, *sorted((*found, *pained), key=lambda u: (u.finding, u.because)))


def _why_unused(item: Item, kb: KnowledgeBase) -> str:
    tasks = kb.findings[item.finding].tasks
    if not item.present:
        return "it is absent, and its absence tells nothing that a rule reads"
    if not item.task and tasks:
        return f"its rules speak of particular tasks and none was given; say which: {', '.join(tasks)}"
    return "no rule reads it as it stands; it is kept for the record"


def _trace(strata: Sequence[Sequence[Firing]], rules: RuleBase) -> tuple[TraceLine, ...]:
    return tuple(
        TraceLine(number, f.rule, f.premises, _conclusion(f, rules, name == "patterns"))
        for number, (name, firings) in enumerate(zip(_STRATA, strata, strict=True))
        for f in firings
    )


def _conclusion(firing: Firing, rules: RuleBase, pattern: bool) -> str:
    if pattern:
        return f"pattern:{firing.rule}" + (f":{firing.side}" if firing.side in ("left", "right") else "")
    return ", ".join(ledger.conclusions(firing, rules.rules[firing.rule]))
