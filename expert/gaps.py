"""What was not said and would have mattered here: each with the reason, found in what the knowledge asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from expert.formats import Judgement, Measure
from expert.measures import unit_named
from expert.model import LEVELS, MIRROR, Item, KnowledgeBase, Missing, Program, Referral, Stated

_PER_MASS = "-per-mass"


def missing(stated: Stated, screening: Referral, kb: KnowledgeBase, program: Program) -> tuple[Missing, ...]:
    """What was said to be unknown, what is not known of the person, tasks and the other side of measures. `program`: the direct rules."""
    return (*_unknown(stated, kb), *_person(stated, screening, kb), *_tasks(stated.items, program, kb), *_sides(stated, kb))


def _unknown(stated: Stated, kb: KnowledgeBase) -> Iterator[Missing]:
    for key in stated.unknown:
        yield Missing(key, "said to be unknown; it counts as not asked")
    if not any(kb.kinds[i.finding] == "finding" for i in stated.items):
        yield Missing("findings", "no finding was given, so nothing is concluded about any muscle")


def _person(stated: Stated, screening: Referral, kb: KnowledgeBase) -> Iterator[Missing]:
    """Age, sex, pregnancy and body mass, with the red flags, norms and plans that ask for them."""
    judged = [(measure, j) for measure in _measures(stated, kb) for j in measure.judgements if j.by == "norm"]
    for name in ("age", "sex", "pregnancy"):
        if getattr(stated.patient, name) is None and not (name == "pregnancy" and stated.patient.sex == "male"):
            norms = _norms(m for m, j in judged if getattr(j, name, None))
            reasons = [*_flags(name, screening, kb), *norms, "what a plan may hold hangs on it"]
            yield Missing(f"patient.{name}", "; ".join(reasons))
    told = stated.case.patient.mass_kg if stated.case else None
    by_mass = [m for m, j in judged if _is_by_mass(j, kb)]
    if told is None and by_mass:
        yield Missing("patient.mass_kg", "; ".join(_norms(by_mass)))


def _flags(name: str, screening: Referral, kb: KnowledgeBase) -> list[str]:
    open_ = [kb.flags[f] for f in screening.not_asked if name in kb.flags[f].when.asked]
    first = min(open_, key=lambda f: LEVELS.index(f.level), default=None)
    return [f"{_counted(len(open_), 'red flag asks', 'red flags ask')} for it, the first: {first.title}"] if first else []


def _norms(measures: Iterable[Measure]) -> list[str]:
    names = list(dict.fromkeys(m.name for m in measures))
    return [f"a norm asks for it: {', '.join(names)}"] if names else []


def _is_by_mass(judgement: Judgement, kb: KnowledgeBase) -> bool:
    unit = unit_named(judgement.unit or "", kb.units)
    return unit is not None and unit.dimension.endswith(_PER_MASS)


def _measures(stated: Stated, kb: KnowledgeBase) -> list[Measure]:
    return [kb.measures[name] for name in dict.fromkeys(a.measure for a in stated.amounts)]


def _tasks(items: Iterable[Item], program: Program, kb: KnowledgeBase) -> Iterator[Missing]:
    """Findings said without a task of which rules speak in particular tasks."""
    bare = [i for i in items if i.present and not i.task and kb.findings[i.finding].tasks]
    rules = _rules_by_task(program, frozenset(i.finding for i in bare))
    for item in bare:
        if item.finding in rules:
            of_task = rules[item.finding]
            told = ", ".join(kb.tasks[t].name.lower() for t in kb.findings[item.finding].tasks if t in of_task)
            count = len(set().union(*of_task.values()))
            yield Missing(item.key, f"said without a task; {_counted(count, 'rule speaks', 'rules speak')} of it in: {told}")


def _rules_by_task(program: Program, findings: frozenset[str]) -> Mapping[str, Mapping[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for variant in program.variants if findings else ():
        for term in variant.terms:
            if term.kind == "finding" and term.name in findings and term.contexts and "" not in term.contexts:
                for task in term.contexts:
                    found[term.name][task].add(variant.rule)
    return found


def _sides(stated: Stated, kb: KnowledgeBase) -> Iterator[Missing]:
    """The other side of what is judged by its sides, and what a ratio divides by."""
    values = {(a.measure, a.side) for a in stated.amounts}
    wanted: dict[tuple[str, str], str] = {}
    for name, side in sorted(values):
        for judgement in kb.measures[name].judgements:
            if judgement.by == "side-difference" and side in MIRROR:
                wanted.setdefault((name, MIRROR[side]), "one side was measured alone; a difference of the sides would have been judged")
            elif judgement.by == "ratio" and judgement.to and not values & {(judgement.to, side), (judgement.to, "midline")}:
                wanted.setdefault((judgement.to, side), f"its ratio to what was measured would have been judged: {kb.measures[name].name}")
    for (name, side), because in sorted(wanted.items()):
        if (name, side) not in values:
            yield Missing(f"{name}:{side}", because)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
