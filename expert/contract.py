"""A result as the JSON that other programs build on. These names change only with a new schema version (docs/json.md)."""

from __future__ import annotations

import json
from typing import Any

from expert.formats import CaseFile, Exercise
from expert.model import (
    Account,
    Check,
    CompiledRule,
    Covering,
    Driver,
    DriverSet,
    Dropped,
    Evidence,
    Hypothesis,
    Item,
    Knowledge,
    KnowledgeBase,
    Measured,
    PlanItem,
    PlanPhase,
    Prediction,
    Reason,
    Referral,
    Result,
    SideFirst,
    State,
    Step,
    Told,
    Tree,
)

SCHEMA_VERSION = 1


def to_dict(result: Result, knowledge: Knowledge, **asked: Any) -> Tree:
    """The whole answer as plain data, keys in the order of the contract. `asked`: keys whose values are asked of the result elsewhere."""
    kb = knowledge.kb
    return {
        "schema_version": SCHEMA_VERSION,
        "case_id": result.stated.case_id,
        "engine": {"name": result.engine, "version": result.engine_version},
        "knowledge": {
            "version": kb.version, "sha256": kb.sha256, "shipped": kb.shipped, "rules": len(knowledge.rulebase.rules),
            "findings": len(kb.findings), "muscles": len(kb.muscles),
        },
        "inputs": {
            "used": [item_of(i, kb) for i in result.stated.items], "missing": [m._asdict() for m in result.missing],
            "case": case_of(result.stated.case) if result.stated.case else None,
        },
        "measured": [_measured(m, kb) for m in result.measured],
        "referral": _referral(result.referral),
        "hypotheses": [_hypothesis(h) for h in result.hypotheses],
        "contradicted": [_hypothesis(h) for h in result.contradicted],
        "patterns": [
            {
                "id": p.id, "name": p.name, "side": p.side, "points": decimal(p.points), "confidence": p.confidence,
                "core": list(p.core), "missing": list(p.missing), "because": p.because, "caution": p.caution,
                "sources": list(p.sources),
            }
            for p in result.patterns
        ],
        "predicted": [_prediction(p, kb) for p in result.predicted],
        "drivers": [driver(d, kb) for d in drivers_of(result.drivers)],
        "driver_sets": [_driver_set(s) for s in result.drivers.sets],
        "loops": [
            {"nodes": [state_key(s) for s in loop.nodes], "because": loop.because, "also": [state_key(s) for s in loop.also]}
            for loop in result.loops
        ],
        "causes": [_reason(c) for c in result.causes],
        "risks": [_reason(r) for r in result.risks],
        "outlook": _outlook(result),
        "next": asked.get("next", {}),
        "next_tests": asked.get("next_tests", []),
        "conflicts": [
            {
                "between": list(c.between), "muscles": list(c.muscles), "because": c.because, "sources": list(c.sources),
                "claims": [_claim(knowledge.rulebase.rules[rule]) for rule in c.between],
            }
            for c in result.conflicts
        ],
        "uncertainty": asked.get("uncertainty", {}),
        "plan": _plan(result, kb),
        "unused": [{"finding": u.finding, "because": u.because} for u in result.unused],
        "trace": [
            {"stratum": t.stratum, "rule": t.rule, "premises": list(t.premises), "conclusion": t.conclusion} for t in result.trace
        ],
        "warnings": list(result.stated.warnings),
    }  # fmt: skip


_UNREAD = {"note": True, "region": True, "onset": True, "year": True}  # of an entry: kept for people, read by no rule
_LEFT_OUT: Any = {
    "visit": {"examiner"}, "patient": {"name", "dominant_hand"}, "notes": True, "interview": True, "measurements": {"__all__": {"note"}},
    **{section: {"__all__": _UNREAD} for section in ("findings", "history", "symptoms")},
}  # fmt: skip
_UNORDERED = ("findings", "history", "symptoms")


def case_of(case: CaseFile) -> Tree:
    """What a case states, to derive the answer again: without names and free text, which nothing reads.

    Entries stand in an order of their own, since the order in which they were written bears on nothing.
    """
    told = case.model_dump(mode="json", exclude_defaults=True, exclude=_LEFT_OUT)
    for section in _UNORDERED:
        if section in told:
            told[section].sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    return {key: part for key, part in told.items() if part != {}}


def _claim(rule: CompiledRule) -> Tree:
    """One side of a conflict, on whose word."""
    return {"rule": rule.id, "title": rule.title, "because": rule.because, "grade": rule.grade, "sources": list(rule.sources)}


def decimal(thousandths: int) -> float:
    """Points as people read them."""
    return thousandths / 1000


def state_key(state: State) -> str:
    """`gluteus-medius:left:weak`, `pelvis-drop:right`: how a node of the spread graph is named in text."""
    side = "" if state.side == "midline" else f":{state.side}"
    return f"{state.id}{side}" + ("" if state.state == "present" else f":{state.state}")


def item_of(item: Item, kb: KnowledgeBase) -> Tree:
    """One thing that the case states."""
    return {
        "key": item.key, "finding": item.finding, "name": kb.findings[item.finding].name, "kind": item.kind, "side": item.side,
        "task": item.task or None, "present": item.present, "severity": decimal(item.severity),
        "reliability": decimal(item.reliability), "painful": item.painful, "written": item.written,
    }  # fmt: skip


def _referral(referral: Referral) -> Tree:
    return {
        "level": referral.level, "asked": list(referral.asked), "not_asked": list(referral.not_asked),
        "not_applicable": list(referral.not_applicable),
        "half_met": [
            {"id": h.id, "title": h.title, "level": h.level, "findings": list(h.findings), "ask": list(h.ask)} for h in referral.half_met
        ],
        "flags": [
            {
                "id": f.id, "title": f.title, "level": f.level, "because": f.because, "action": f.action, "grade": f.grade,
                "sources": list(f.sources), "findings": list(f.findings), "explains": list(f.explains), "to": f.to or None,
            }
            for f in referral.flags
        ],
    }  # fmt: skip


def _hypothesis(h: Hypothesis) -> Tree:
    return {
        "muscle": h.muscle, "name": h.name, "side": h.side, "axis": h.axis, "state": h.state, "status": h.status, "held": h.held,
        "points": decimal(h.net), "points_for": decimal(h.points_for), "points_against": decimal(h.points_against),
        "confidence": h.confidence, "evidence": [_evidence(e) for e in h.evidence],
    }  # fmt: skip


def _evidence(e: Evidence) -> Tree:
    rule, basis = e.piece.rule, e.piece.basis
    return {
        "rule": rule.id, "channel": basis.channel, "points": decimal(e.points), "grade": rule.grade, "sources": list(rule.sources),
        "because": e.piece.because, "via": e.piece.target.via or None, "findings": list(basis.findings), "weight": decimal(e.weight),
        "reliability": decimal(basis.reliability), "severity": decimal(basis.severity),
    }  # fmt: skip


def _prediction(p: Prediction, kb: KnowledgeBase) -> Tree:
    return {
        "kind": p.target.kind, "id": p.target.id, "name": node_name(p.target, kb), "side": p.target.side, "state": p.target.state,
        "strength": decimal(p.strength), "status": p.status, "check": _check(p.check, kb),
        "path": [
            {**_state(p.start, kb), "link": None, "strength": None, "mechanism": None, "grade": None, "sources": [], "tasks": []},
            *(_step(step, kb) for step in p.path),
        ],
    }  # fmt: skip


def _step(step: Step, kb: KnowledgeBase) -> Tree:
    return {
        **_state(step.to, kb), "link": step.link, "strength": decimal(step.strength), "mechanism": step.mechanism,
        "grade": step.grade, "sources": list(step.sources), "tasks": list(step.tasks),
    }  # fmt: skip


def _state(state: State, kb: KnowledgeBase) -> Tree:
    return {"kind": state.kind, "id": state.id, "name": node_name(state, kb), "side": state.side, "state": state.state}


def node_name(state: State, kb: KnowledgeBase) -> str:
    """What people call a node of the spread graph, or one of the other explanations."""
    if state.kind == "cause":
        return kb.causes[state.id].title
    if state.kind == "group":
        return kb.groups[state.id].name
    return kb.muscles[state.id].name if state.kind == "muscle" else kb.nodes[state.id].name


def drivers_of(covering: Covering) -> list[Driver]:
    """The drivers of all sets shown, each once, those of the first set first."""
    return list({d.about: d for s in covering.sets for d in s.drivers}.values())


def driver(d: Driver, kb: KnowledgeBase) -> Tree:
    """One candidate: what it is, how it stands, what it explains and by which way, what it leaves, what would show it."""
    return {
        **_state(d.about, kb), "kind": kb.causes[d.about.id].kind if d.about.kind == "cause" else d.about.kind,
        "standing": d.standing, "support": decimal(d.support), "explains": [a.item for a in d.explains], "leaves": list(d.leaves),
        "because": [_account(a, kb) for a in d.explains], "from": list(d.items), "follows": [state_key(s) for s in d.follows],
        "check": _check(d.check, kb),
    }  # fmt: skip


def _account(a: Account, kb: KnowledgeBase) -> Tree:
    return {"item": a.item, "how": a.how, "strength": decimal(a.strength), "path": [_step(step, kb) for step in a.path]}


def _driver_set(s: DriverSet) -> Tree:
    return {
        "drivers": [state_key(d.about) for d in s.drivers], "explains": list(s.explains), "leaves": list(s.leaves),
        "support": decimal(s.support),
        "instead": [
            {"of": state_key(d.about), "could_be": [state_key(o.about) for o in found], "more": more}
            for d, found, more in zip(s.drivers, s.instead, s.others, strict=True)
        ],
    }  # fmt: skip


def _check(check: Check | None, kb: KnowledgeBase) -> Tree | None:
    if check is None:
        return None
    kind = kb.findings[check.finding]
    return {"finding": check.finding, "name": kind.name, "side": check.side, "tasks": list(check.tasks), "how": kind.how}


def _reason(reason: Reason) -> Tree:
    return {
        "id": reason.id, "title": reason.title, "kind": reason.kind, "because": reason.because, "grade": reason.grade,
        "sources": list(reason.sources), "from": list(reason.findings),
    }  # fmt: skip


def _measured(m: Measured, kb: KnowledgeBase) -> Tree:
    return {
        "measures": list(m.measures), "name": kb.measures[m.measures[0]].name, "side": m.side, "values": m.written, "finding": m.finding,
        "shows": kb.findings[m.finding].name, "verdict": m.verdict, "severe": m.severe, "because": m.because,
        "cautions": [kb.measures[name].caution for name in m.measures if kb.measures[name].caution], "sources": list(m.sources),
    }  # fmt: skip


def _outlook(result: Result) -> Tree:
    told = result.outlook
    if told is None:
        return {"id": None, "text": "", "because": "", "grade": None, "sources": [], "from": []}
    return {
        "id": told.id, "text": told.text, "because": told.because, "grade": told.grade, "sources": list(told.sources),
        "from": list(told.findings),
    }  # fmt: skip


def _plan(result: Result, kb: KnowledgeBase) -> Tree:
    plan = result.plan
    return {
        "withheld": plan.withheld, "provisional": plan.provisional, "because": list(plan.because),
        "gate": _told(plan.gate, "text") if plan.gate else None,
        "provider": _told(plan.provider, "who") if plan.provider else None,
        "order": [_side_first(s, kb) for s in plan.order],
        "phases": [_phase(p) for p in plan.phases],
        "stop": [_told(t, "text") for t in plan.stop],
        "self_care": [_told(t, "do") for t in plan.self_care],
        "adjuncts": [_told(t, "what", only_if=t.only_if) for t in plan.adjuncts],
        "reassess": _told(plan.reassess, "when", look_at=_look_at(result, kb)) if plan.reassess else None,
        "escalate": [_told(t, "on", to=t.to) for t in plan.escalate],
        "left_out": list(plan.left_out),
        "left_out_exercises": [_dropped(d) for d in plan.dropped],
    }  # fmt: skip


def _told(told: Told, key: str, **more: object) -> Tree:
    """A piece of guidance; its words stand under the key by which they are read."""
    return {
        "id": told.id, "title": told.title, **more, key: told.text, "because": told.because, "grade": told.grade,
        "sources": list(told.sources), "from": list(told.findings),
    }  # fmt: skip


def _side_first(side: SideFirst, kb: KnowledgeBase) -> Tree:
    return {
        "muscles": [{"id": m, "name": kb.muscles[m].name} for m in side.muscles], "first": side.first, "until": side.until,
        "because": side.because, "sources": list(side.sources), "from": list(side.findings),
    }  # fmt: skip


def _look_at(result: Result, kb: KnowledgeBase) -> list[Tree]:
    """The findings to look at again, each with what rests on it."""
    items = {i.key: i for i in result.stated.items}
    return [
        {
            "key": again.item, "finding": items[again.item].finding, "name": kb.findings[items[again.item].finding].name,
            "side": items[again.item].side, "task": items[again.item].task or None, "rests": list(again.rests),
        }
        for again in result.plan.look_again
    ]  # fmt: skip


def _dropped(dropped: Dropped) -> Tree:
    return {
        "exercise": dropped.exercise, "name": dropped.name, "sides": list(dropped.sides), "by": dropped.by, "because": dropped.because,
        "sources": list(dropped.sources), "from": list(dropped.findings),
    }  # fmt: skip


def _phase(phase: PlanPhase) -> Tree:
    return {
        "id": phase.id, "name": phase.name, "goal": phase.goal, "progress": phase.progress,
        "items": [_plan_item(i) for i in phase.items],
    }  # fmt: skip


def _plan_item(item: PlanItem) -> Tree:
    return {
        "muscle": item.muscle, "name": item.name, "side": item.side, "strategy": item.strategy, "do": item.do,
        "because": item.because, "states": list(item.states), "exercises": [_exercise(e) for e in item.exercises],
        "sources": list(item.sources),
    }  # fmt: skip


def _exercise(exercise: Exercise) -> Tree:
    dose = exercise.dose
    return {
        "id": exercise.id, "name": exercise.name, "kind": exercise.kind, "how": exercise.how,
        "dose": {
            "sets": _range(dose.sets), "repetitions": _range(dose.repetitions), "hold_s": _range(dose.hold_s),
            "times_a_week": _range(dose.times_a_week), "effort": dose.effort, "sources": list(dose.sources),
        },
        "progress": exercise.progress, "grade": exercise.grade, "sources": list(exercise.sources),
    }  # fmt: skip


def _range(amounts: tuple[int, int] | None) -> list[int] | None:
    return None if amounts is None else list(amounts)
