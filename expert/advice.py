"""What explains the findings beside muscles, and what to do: by state, never by label, in the four steps of the sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from expert.conditions import SIDES, by_finding, decide, severity_least
from expert.formats import Cause, Contraindication, FindingType, Outlook, Phase, Risk, Strategy
from expert.model import Hypothesis, Item, KnowledgeBase, Plan, PlanItem, PlanPhase, Reason, Referral, Stated
from expert.model import Outlook as Told

ADULT = 18
RECENT_WEEKS = 52  # an operation this recent, or of no stated date, bounds the plan
_STATE_AXES = ("activity", "length", "strength")


_Told = TypeVar("_Told", Cause, Risk, Outlook, Contraindication)


def causes(stated: Stated, kb: KnowledgeBase) -> tuple[Reason, ...]:
    """Everything else that explains what is seen: bone, joint, nerve, pain, task, habit."""
    found = [Reason(c.id, c.title, c.kind, c.because, c.grade, c.sources, keys) for c, keys in _holding(kb.causes.values(), stated, kb)]
    return tuple(sorted(found, key=lambda r: (r.kind, r.id)))


def risks(stated: Stated, kb: KnowledgeBase) -> tuple[Reason, ...]:
    """What may come of what is seen, each with how strong its evidence is."""
    found = [Reason(r.id, r.title, "risk", r.because, r.grade, r.sources, keys) for r, keys in _holding(kb.risks.values(), stated, kb)]
    return tuple(sorted(found, key=lambda r: (r.grade, r.id)))


def outlook(stated: Stated, kb: KnowledgeBase) -> Told | None:
    """The first outlook, in the order written, whose condition holds; None where nothing is known that bears on it."""
    told = next(_holding(kb.outlooks.values(), stated, kb), None)
    return None if told is None else Told(told[0].id, told[0].text, told[0].because, told[0].grade, told[0].sources, told[1])


def _holding(entries: Iterable[_Told], stated: Stated, kb: KnowledgeBase) -> Iterator[tuple[_Told, tuple[str, ...]]]:
    """The entries whose condition holds, each with the stated items it rests on."""
    items = by_finding([i for i in stated.items if i.present])
    least = severity_least(kb.constants.severity)
    sides = [s for s in SIDES if any(i.side == s for i in stated.items)]
    for entry in entries:
        if entry.when is None or entry.when.asked.isdisjoint(items):
            continue  # nothing that it speaks of is there
        verdict = decide(entry.when, items, stated.patient, least, sides)
        if verdict.value and verdict.findings:
            yield entry, verdict.findings


def plan(hypotheses: Sequence[Hypothesis], stated: Stated, referral: Referral, kb: KnowledgeBase, today: str = "") -> Plan:
    """The plan, or why it is withheld. `today`: the date of the visit (YYYY-MM-DD) where it is known."""
    bounds = [_flag_bound(referral), *_caution_bounds(stated, kb, today)]
    barred = _barred(stated, kb)
    left_out = tuple(dict.fromkeys(barred.values()))
    withheld = [because for effect, because in filter(None, bounds) if effect == "withheld"]
    softer = [because for effect, because in filter(None, bounds) if effect != "withheld"]
    if referral.not_asked and not withheld:
        screened = len(referral.asked) + len(referral.not_asked)
        softer.append(f"{len(referral.not_asked)} of {screened} red flags were not asked about")
    if withheld:
        return Plan(True, False, tuple(withheld), (), left_out)
    by_muscle = _by_muscle(hypotheses)
    phases = _phases(by_muscle, stated, kb, frozenset(barred))
    if not phases:
        nothing = "no hypothesis is supported and free of red flags, so there is nothing to plan yet"
        if by_muscle:
            nothing = "what is supported asks for no step that may be taken now"
        return Plan(False, False, (nothing, *softer), (), left_out)
    return Plan(False, bool(softer), tuple(softer), phases, left_out)


def _flag_bound(referral: Referral) -> tuple[str, str] | None:
    if not referral.stops_plan:
        return None
    first = referral.flags[0]
    return "withheld", f"{first.level}: {first.title}. No exercise before this is cleared: {first.action}"


def _caution_bounds(stated: Stated, kb: KnowledgeBase, today: str) -> list[tuple[str, str]]:
    """(effect, because) of every circumstance that bounds the plan."""
    applying = _applying(stated, kb.findings, today)
    found = []
    for caution in kb.cautions.values():
        for effect, added in applying.get(caution.applies, ()):
            found.append((effect or caution.effect, f"{caution.title}. {caution.because}{added}"))
    return found


def _applying(stated: Stated, findings: Mapping[str, FindingType], today: str) -> Mapping[str, list[tuple[str, str]]]:
    """Which circumstances hold, with an effect that overrides the caution's own and what to add to its reason."""
    patient, found = stated.patient, defaultdict(list)
    if patient.age is not None and patient.age < ADULT:
        found["under-age"].append(("", ""))
    if patient.pregnancy:
        found["pregnancy"].append(("", ""))
    if patient.postpartum_weeks is not None:
        found["postpartum"].append(("", ""))
    if any(i.painful or (i.present and findings[i.finding].pain) for i in stated.items):
        found["pain"].append(("", ""))
    for surgery in patient.surgery:
        if _is_recent(surgery.date, today):
            if surgery.restrictions:
                found["surgery"].append(("restricted", f" Recorded after {surgery.name}: {'; '.join(surgery.restrictions)}."))
            else:
                found["surgery"].append(("withheld", f" No restrictions are recorded after {surgery.name}: ask the surgeon first."))
    return found


def _is_recent(when: str, today: str) -> bool:
    if not when or not today:
        return True
    return (_day(today) - _day(when)).days <= 7 * RECENT_WEEKS


def _day(text: str) -> date:
    """A date from YYYY, YYYY-MM or YYYY-MM-DD; what is left out is taken as the latest it can be."""
    year, month, day = (*map(int, text.split("-")), 0, 0)[:3]
    month = month or 12
    return date(year, month, day or 28)


def _by_muscle(hypotheses: Iterable[Hypothesis]) -> Mapping[tuple[str, str], list[Hypothesis]]:
    found: dict[tuple[str, str], list[Hypothesis]] = defaultdict(list)
    for h in hypotheses:
        if h.sends:
            found[h.about.muscle, h.about.side].append(h)
    return found


def _barred(stated: Stated, kb: KnowledgeBase) -> Mapping[tuple[str, str], str]:
    """(muscle, phase) that must not be done while something is there, with the reason."""
    return {
        (muscle, phase): f"{entry.title}: left out for {_listed(entry.muscles, kb)} ({', '.join(entry.phases)}). {entry.because}"
        for entry, _ in _holding((c for c in kb.contraindications.values() if c.when), stated, kb)
        for named in entry.muscles
        for muscle in kb.members(named)
        for phase in entry.phases
    }


def _listed(ids: Sequence[str], kb: KnowledgeBase) -> str:
    return ", ".join((kb.groups[i].name if i in kb.groups else kb.muscles[i].name).lower() for i in ids)


def _phases(
    by_muscle: Mapping[tuple[str, str], list[Hypothesis]], stated: Stated, kb: KnowledgeBase, barred: frozenset[tuple[str, str]]
) -> tuple[PlanPhase, ...]:
    items = {i.key: i for i in stated.items}
    best: dict[tuple[str, ...], Strategy | None] = {}
    chosen = []
    for (muscle, side), found in by_muscle.items():
        states = states_of(found, items, kb.findings)
        key = tuple(states.values())
        if key not in best:
            best[key] = choose(states, kb.strategies)
        if (strategy := best[key]) is not None:
            chosen.append((muscle, side, found, strategy))
    phases = tuple(_phase(phase, [c for c in chosen if (c[0], phase.id) not in barred], kb) for phase in kb.phases)
    return phases if any(p.items for p in phases) else ()


def _phase(phase: Phase, chosen: Sequence[tuple[str, str, list[Hypothesis], Strategy]], kb: KnowledgeBase) -> PlanPhase:
    items = [
        PlanItem(
            muscle, kb.muscles[muscle].name, side, strategy.id, strategy.steps[phase.id], strategy.because,
            tuple(sorted(h.about.state for h in found)), strategy.sources,
        )
        for muscle, side, found, strategy in chosen
        if phase.id in strategy.steps
    ]  # fmt: skip
    return PlanPhase(phase.id, phase.name, phase.goal, phase.progress or "", tuple(items))


def states_of(found: Iterable[Hypothesis], items: Mapping[str, Item], findings: Mapping[str, FindingType]) -> Mapping[str, str]:
    """A muscle's supported states by axis. A length that no length test showed is `untested`, whatever a position suggests."""
    states = {"activity": "unknown", "length": "untested", "strength": "unknown"}
    for h in found:
        if h.about.axis != "length" or any(findings[items[key].finding].method == "length-test" for key in h.findings):
            states[h.about.axis] = h.about.state
    return states


def choose(states: Mapping[str, str], strategies: Mapping[str, Strategy]) -> Strategy | None:
    """The strategy that fits these states and says most; ties by id. A field it leaves out fits any state."""
    fitting = []
    for strategy in strategies.values():
        wanted = [(axis, getattr(strategy, axis)) for axis in _STATE_AXES if getattr(strategy, axis) is not None]
        if all(states[axis] == state for axis, state in wanted):
            fitting.append((-len(wanted), strategy.id, strategy))
    return min(fitting, key=lambda f: f[:2])[2] if fitting else None


