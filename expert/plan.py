"""What to do: by state and never by label, in the four steps of the sources, with examples, bounds and what surrounds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from expert import exercises, measures
from expert.conditions import holding
from expert.formats import Exercise, FindingType, Guidance, Strategy
from expert.model import (
    MIRROR,
    Amount,
    Dropped,
    Hypothesis,
    Item,
    KnowledgeBase,
    LookAgain,
    Measured,
    Plan,
    PlanItem,
    PlanPhase,
    Referral,
    SideFirst,
    Stated,
    Surgery,
    Told,
)

ADULT = 18
RECENT_WEEKS = 52  # an operation this recent, or of no stated date, bounds the plan
_STATE_AXES = ("activity", "length", "strength")
_ByMuscle = Mapping[tuple[str, str], Sequence[Hypothesis]]


def plan(hypotheses: Sequence[Hypothesis], stated: Stated, referral: Referral, kb: KnowledgeBase, today: str = "") -> Plan:
    """The plan, or why it is withheld. `today`: the date of the visit (YYYY-MM-DD) where it is known."""
    recent = [s for s in stated.patient.surgery if _is_recent(s.date, today)]
    closed = exercises.bars(stated, kb, recent)
    left_out = tuple(dict.fromkeys(bar.told for bar in closed))
    bounds = [*_flag_bound(referral), *_caution_bounds(stated, kb, recent)]
    withheld = tuple(because for effect, because in bounds if effect == "withheld")
    if referral.stops_plan:
        return Plan(True, False, withheld, (), left_out)  # no word of exercise or self-care beside an emergency
    guide = _Guide(stated, kb, recent)
    if withheld:
        still = [t for t in guide.all("self-care") if not kb.guidance[t.id].moves]
        bare = Plan(True, False, withheld, (), left_out)
        return replace(bare, provider=guide.first("provider"), self_care=tuple(still), escalate=guide.all("escalate"))
    gate = None if _hurts_or_warns(stated, referral) else guide.first("gate")
    return _surrounded(_proposed(hypotheses, stated, closed, kb, gate), hypotheses, stated, referral, guide, bounds, closed)


def _proposed(
    hypotheses: Sequence[Hypothesis], stated: Stated, closed: Sequence[exercises.Bar], kb: KnowledgeBase, gate: Told | None
) -> Plan:
    """The phases, or in a sentence why there are none."""
    by_muscle = _by_muscle(hypotheses)
    phases, dropped = ((), ()) if gate else _phases(by_muscle, stated, kb, closed)
    because: tuple[str, ...] = ()
    if gate:
        because = ("what is seen is mild and nothing hurts, so no plan is proposed",)
    elif not phases and by_muscle:
        because = ("what is supported asks for no step that may be taken now",)
    elif not phases:
        because = ("no hypothesis is supported and free of red flags, so there is nothing to plan yet",)
    return Plan(False, False, because, phases, tuple(dict.fromkeys(bar.told for bar in closed)), dropped, gate)


def _surrounded(
    bare: Plan, hypotheses: Sequence[Hypothesis], stated: Stated, referral: Referral, guide: _Guide,
    bounds: Sequence[tuple[str, str]], closed: Sequence[exercises.Bar],
) -> Plan:  # fmt: skip
    """The plan with what bounds it and what goes with it; what goes with every plan does not go with none."""
    always = bool(bare.phases)
    provider = guide.first("provider", always)
    softer = [because for _, because in bounds]
    if provider and provider.findings:
        softer.append(f"{provider.title}. {provider.text}")
    if referral.not_asked:
        screened = len(referral.asked) + len(referral.not_asked)
        softer.append(f"{len(referral.not_asked)} of {screened} red flags were not asked about")
    return replace(
        bare, provisional=always and bool(softer), because=(*bare.because, *softer) if not bare.gate else bare.because, provider=provider,
        order=tuple(_sides_first(hypotheses, stated, guide)) if always else (), stop=guide.all("stop", always) if always else (),
        self_care=tuple(t for t in guide.all("self-care", always) if not _is_closed(guide.kb.guidance[t.id], closed)),
        adjuncts=guide.all("adjunct"), reassess=guide.first("reassess", always) if always else None,
        look_again=tuple(_look_again(hypotheses)) if always else (), escalate=guide.all("escalate", always),
    )  # fmt: skip


def _hurts_or_warns(stated: Stated, referral: Referral) -> bool:
    return any(i.painful for i in stated.items) or any(f.level != "routine" for f in referral.flags)


def _is_closed(guidance: Guidance, closed: Iterable[exercises.Bar]) -> bool:
    return guidance.moves and any(bar.everything or not bar.provokes.isdisjoint(guidance.provokes) for bar in closed)


# --- what bounds it ----------------------------------------------------------------------------------------------------------


def _flag_bound(referral: Referral) -> Iterator[tuple[str, str]]:
    if referral.stops_plan:
        first = referral.flags[0]
        yield "withheld", f"{first.level}: {first.title}. No exercise before this is cleared: {first.action}"


def _caution_bounds(stated: Stated, kb: KnowledgeBase, recent: Sequence[Surgery]) -> Iterator[tuple[str, str]]:
    """(effect, because) of every circumstance that bounds the plan."""
    applying = _applying(stated, kb.findings, recent)
    told = {i.finding for i in stated.items if i.present}
    for caution in kb.cautions.values():
        for effect, added in applying.get(caution.applies, ()):
            yield effect or caution.effect, f"{caution.title}. {caution.because}{added}"
        if caution.applies not in applying and not told.isdisjoint(caution.told_by):
            yield "withheld", f"{caution.title}. {caution.because} It is told, but not recorded with what is allowed: ask first."


def _applying(stated: Stated, findings: Mapping[str, FindingType], recent: Sequence[Surgery]) -> Mapping[str, list[tuple[str, str]]]:
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
    for surgery in recent:
        if surgery.restrictions:
            found["surgery"].append(("restricted", f" Recorded after {surgery.name}: {'; '.join(surgery.restrictions)}."))
        else:
            found["surgery"].append(("withheld", f" No restrictions are recorded after {surgery.name}: ask the surgeon first."))
    return found


def _operated(stated: Stated, recent: Sequence[Surgery], kb: KnowledgeBase) -> Stated:
    """The case as guidance reads it: a recent operation counts as the history that tells of one, recorded in whichever place."""
    there = {i.finding for i in stated.items if i.present}
    tells = sorted({name for c in kb.cautions.values() if c.applies == "surgery" for name in c.told_by} - there) if recent else []
    added = [Item(name, name, "history", "midline", "", True, 1000, 1000, False, False, recent[0].name) for name in tells]
    kept = [i for i in stated.items if not added or i.finding not in tells]
    return replace(stated, items=(*kept, *added))


def _is_recent(when: str, today: str) -> bool:
    if not when or not today:
        return True
    return (_day(today) - _day(when)).days <= 7 * RECENT_WEEKS


def _day(text: str) -> date:
    """A date from YYYY, YYYY-MM or YYYY-MM-DD; what is left out is taken as the latest it can be."""
    year, month, day = (*map(int, text.split("-")), 0, 0)[:3]
    month = month or 12
    return date(year, month, day or 28)


# --- steps and their examples --------------------------------------------------------------------------------------------------


def _by_muscle(hypotheses: Iterable[Hypothesis]) -> _ByMuscle:
    found: dict[tuple[str, str], list[Hypothesis]] = defaultdict(list)
    for h in hypotheses:
        if h.sends:
            found[h.about.muscle, h.about.side].append(h)
    return found


def _phases(
    by_muscle: _ByMuscle, stated: Stated, kb: KnowledgeBase, closed: Sequence[exercises.Bar]
) -> tuple[tuple[PlanPhase, ...], tuple[Dropped, ...]]:
    items = {i.key: i for i in stated.items}
    found = {place: states_of(told, items, kb.findings) for place, told in by_muscle.items()}
    strategies = {place: choose(states, kb.strategies) for place, states in found.items()}
    choice = exercises.Choice(kb, closed, _places(by_muscle, ("lengthened",)), _places(by_muscle, ("shortened", "overactive")))
    dropped: list[Dropped] = []
    phases = []
    for phase in kb.phases:
        steps = [
            exercises.Step(muscle, side, phase.id, strategy, found[muscle, side]["length"])
            for (muscle, side), strategy in strategies.items()
            if strategy and phase.id in strategy.steps
        ]
        planned = []
        for step in steps:
            shown, without = choice.of(step)
            if not any(bar.closes_step(step.muscle, step.side, phase.id) for bar in closed):
                planned.append(_item(step, shown, choice.of_partner(step), by_muscle[step.muscle, step.side], kb))
            dropped += without
        if planned:
            phases.append(PlanPhase(phase.id, phase.name, phase.goal, phase.progress or "", tuple(planned)))
    return tuple(phases), _once(dropped)


def _once(dropped: Iterable[Dropped]) -> tuple[Dropped, ...]:
    """Each exercise once for each thing that forbids it, with the sides for which it would have been an example, and what is there."""
    found: dict[tuple[str, str], Dropped] = {}
    for d in dropped:
        known = found.setdefault((d.exercise, d.by), d)
        sides, findings = {*known.sides, *d.sides}, {*known.findings, *d.findings}
        found[d.exercise, d.by] = replace(known, sides=tuple(sorted(sides)), findings=tuple(sorted(findings)))
    return tuple(d for _, d in sorted(found.items()))


def _item(
    step: exercises.Step, shown: tuple[Exercise, ...], partner: exercises.Partner | None, found: Sequence[Hypothesis], kb: KnowledgeBase
) -> PlanItem:
    strategy = step.strategy
    do = next(text for phase, text in strategy.steps.items() if phase == step.phase)
    if partner:
        do, shown = f"{do} Partner in the example: {kb.muscles[partner.muscle].name.lower()}.", (*shown, *partner.exercises)
    return PlanItem(
        step.muscle, kb.muscles[step.muscle].name, step.side, strategy.id, do, strategy.because,
        tuple(sorted(h.about.state for h in found)), strategy.sources, shown,
    )  # fmt: skip


def _places(by_muscle: _ByMuscle, states: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Muscles suspected of one of these states, by side."""
    found = [place for place, told in by_muscle.items() if any(h.state in states for h in told)]
    return {side: frozenset(m for m, s in found if s == side) for side in MIRROR}


def states_of(found: Iterable[Hypothesis], items: Mapping[str, Item], findings: Mapping[str, FindingType]) -> Mapping[str, str]:
    """A muscle's supported states by axis. A length that no length test showed is `untested`, whatever a position
    suggests; `limited` where a range that is too small suggests shortness."""
    states = {"activity": "unknown", "length": "untested", "strength": "unknown"}
    for h in found:
        how = {findings[items[key].finding].method for key in h.findings}
        if h.about.axis != "length" or "length-test" in how:
            states[h.about.axis] = h.about.state
        elif h.state == "shortened" and "range-test" in how:
            states["length"] = "limited"
    return states


def choose(states: Mapping[str, str], strategies: Mapping[str, Strategy]) -> Strategy | None:
    """The strategy that fits these states and says most; ties by id. A field it leaves out fits any state.

    A limited range is served by the strategies for it, and where there are none by those for an untested length.
    """
    fitting = []
    for strategy in strategies.values():
        wanted = [(axis, getattr(strategy, axis)) for axis in _STATE_AXES if getattr(strategy, axis) is not None]
        if all(states[axis] == state for axis, state in wanted):
            fitting.append((strategy.length != "limited", -len(wanted), strategy.id, strategy))
    if fitting:
        return min(fitting, key=lambda f: f[:3])[3]
    return choose({**states, "length": "untested"}, strategies) if states["length"] == "limited" else None


# --- what goes with it -----------------------------------------------------------------------------------------------------------


class _Guide:
    """The guidance that goes with a case, by kind."""

    def __init__(self, stated: Stated, kb: KnowledgeBase, recent: Sequence[Surgery]) -> None:
        self.kb = kb
        self.told: dict[str, list[Told]] = defaultdict(list)
        written = {i.key for i in stated.items}
        for g, rests in holding(kb.guidance.values(), _operated(stated, recent, kb), kb):
            findings = tuple(key for key in rests if key in written)
            self.told[g.kind].append(Told(g.id, g.title, g.text, g.because, g.grade, g.sources, findings, g.only_if or "", g.to or ""))

    def all(self, kind: str, always: bool = False) -> tuple[Told, ...]:
        """Everything of a kind that the case calls for; `always`: and what goes with every plan."""
        return tuple(t for t in self.told[kind] if always or self.kb.guidance[t.id].when is not None)

    def first(self, kind: str, always: bool = False) -> Told | None:
        """The first of a kind in the order written."""
        return next(iter(self.all(kind, always)), None)


def _look_again(hypotheses: Iterable[Hypothesis]) -> Iterator[LookAgain]:
    """The items that supported hypotheses rest on, each with what rests on it."""
    resting: dict[str, list[str]] = defaultdict(list)
    for h in hypotheses:
        for key in h.findings if h.sends else ():
            resting[key].append(h.about.key)
    for key, rests in sorted(resting.items()):
        yield LookAgain(key, tuple(sorted(rests)))


@dataclass(frozen=True, slots=True)
class _Rank:
    """Which side comes first and why, before it is told of one muscle."""

    first: str
    until: str
    because: str
    sources: tuple[str, ...]


def _sides_first(hypotheses: Iterable[Hypothesis], stated: Stated, guide: _Guide) -> Iterator[SideFirst]:
    """The weaker side of every muscle that is weak, muscles of which the same is true together."""
    why = guide.first("order", always=True)
    weak: dict[str, list[Hypothesis]] = defaultdict(list)
    for h in hypotheses:
        if h.sends and h.state == "weak":
            weak[h.muscle].append(h)
    ranked: dict[_Rank, list[Hypothesis]] = defaultdict(list)
    for found in weak.values() if why else ():
        ranked[_rank(found, stated, guide.kb)] += found
    for rank, found in sorted(ranked.items(), key=lambda r: min(h.muscle for h in r[1])):
        assert why is not None
        yield SideFirst(
            tuple(sorted({h.muscle for h in found})), rank.first, rank.until, f"{rank.because} {why.because}",
            tuple(dict.fromkeys((*rank.sources, *why.sources))), tuple(sorted({key for h in found for key in h.findings})),
        )  # fmt: skip


def _rank(found: Sequence[Hypothesis], stated: Stated, kb: KnowledgeBase) -> _Rank:
    """By the strength that was measured on both sides, with its published error; else by which side tests weak."""
    items = {i.key: i for i in stated.items}
    shown = {items[key].finding for h in found for key in h.findings}
    told = [m for m in stated.measured if m.finding in shown]
    pairs = sorted(_pairs(told), key=lambda p: (measures.largest_error(kb.measures[p[0].measure], p[1], kb) is None, p[0].measure))
    if pairs:
        return _measured_rank(*pairs[0], kb)
    able = sorted(m.name for m in kb.measures.values() if any(j.finding in shown and j.by == "side-difference" for j in m.judgements))
    tell = f" Measured on both sides, {able[0].lower()} would tell by how much they differ." if able else ""
    sides = {h.side for h in found}
    if len(sides) > 1:
        because = f"Both sides test weak, and neither was measured against the other.{tell}"
        return _Rank("both", "until both sides do as many repetitions, in the same form, as the step asks for", because, ())
    because = f"Only this side tests weak; strength was not measured on both.{tell}"
    return _Rank(sides.pop(), "until both sides do the same repetitions in the same form", because, ())


def _pairs(told: Iterable[Measured]) -> Iterator[tuple[Amount, Amount]]:
    """The lower and the higher of the two sides of each measure that has both in one dimension; grades by hand are steps, no amounts."""
    by_place = {(a.measure, a.side): a for m in told for a in m.amounts if a.dimension != "grade"}
    for (measure, side), left in by_place.items():
        right = by_place.get((measure, "right"))
        if side == "left" and right is not None and right.dimension == left.dimension:
            low, high = sorted((left, right), key=lambda a: a.amount)
            yield low, high


def _measured_rank(low: Amount, high: Amount, kb: KnowledgeBase) -> _Rank:
    measure = kb.measures[low.measure]
    apart = f"{measure.name}: {low.side} {low.written} against {high.side} {high.written}"
    if low.amount == high.amount:
        return _Rank("both", "the sides measure the same; go on with both alike", f"{measure.name}: {low.written} on both sides.", ())
    known = measures.largest_error(measure, high, kb)
    if known is None:
        until = "until both sides do the same repetitions in the same form"
        return _Rank(low.side, until, f"{apart}. By how much two measurements differ by chance is not published here.", ())
    error, read = known
    within = f"the measurement error, {read.value:g} {read.unit.strip('{}')}"
    if high.amount - low.amount <= error:
        return _Rank("both", f"the sides differ by no more than {within}; go on with both alike", f"{measure.name}.", (read.source,))
    return _Rank(low.side, f"until the sides differ by no more than {within}", f"{apart}.", (read.source,))
