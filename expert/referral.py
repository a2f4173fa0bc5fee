"""Red flags, screened from what the case states before anything is inferred. Nothing later takes one away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from expert.conditions import Decided, by_finding, decide, explained, severity_least
from expert.formats import ABOUT_PATIENT, FindingType, Flag, SeverityFactors
from expert.model import LEVELS, FlagRaised, HalfMet, Hypothesis, Item, Patient, Referral, Stated


def screen(stated: Stated, flags: Mapping[str, Flag], findings: Mapping[str, FindingType], severity: SeverityFactors) -> Referral:
    """Which flags the case raises, which it rules on, and which it leaves open because nobody asked."""
    items, least = _told(stated, findings), severity_least(severity)
    raised: list[FlagRaised] = []
    asked: list[str] = []
    not_asked: list[str] = []
    not_applicable: list[str] = []
    half: list[HalfMet] = []
    for flag in flags.values():
        verdict = decide(flag.when, items, stated.patient, least)
        if verdict.value:
            raised.append(_raised(flag, verdict.findings))
        by_items = verdict.value is False and decide(flag.when, items, Patient(), least).value is False
        if flag.id in stated.ruled_out or verdict.value or by_items:
            asked.append(flag.id)
        elif verdict.value is None:
            not_asked.append(flag.id)
            told = (i for name in flag.when.asks for i in items.get(name, ()))
            if any(i.present and i.kind != "finding" for i in told):  # a sign that many people show is no alarm by itself
                half.append(_half_met(flag, items, stated.patient))
        else:
            not_applicable.append(flag.id)  # age or sex alone rule it out: nobody asked, and nobody needs to
    raised.sort(key=lambda f: (LEVELS.index(f.level), f.id))
    level = raised[0].level if raised else "none" if asked else "not_screened"
    half.sort(key=lambda h: (LEVELS.index(h.level), h.id))
    return Referral(level, tuple(sorted(asked)), tuple(sorted(not_asked)), tuple(raised), tuple(sorted(not_applicable)), tuple(half))


def _half_met(flag: Flag, items: Mapping[str, Sequence[Item]], patient: Patient) -> HalfMet:
    """A flag of which something is there, with what is still to be asked to decide it; nothing that the case tells of the person."""
    there = sorted({i.key for name in flag.when.asks for i in items.get(name, ()) if i.present})
    told = {name for name in ABOUT_PATIENT if getattr(patient, "postpartum_weeks" if name == "postpartum" else name) is not None}
    ask = [name for name in flag.when.asks if name not in items and name not in told]
    return HalfMet(flag.id, flag.title, flag.level, tuple(there), tuple(ask))


def _raised(flag: Flag, findings: tuple[str, ...]) -> FlagRaised:
    return FlagRaised(
        flag.id, flag.title, flag.level, flag.because, flag.action, flag.grade, flag.sources, findings, flag.explains,
        flag.to or "",
    )  # fmt: skip


def _told(stated: Stated, findings: Mapping[str, FindingType]) -> Mapping[str, Sequence[Item]]:
    """What the case states, by what it is, and what its pain tells of by itself."""
    return {**by_finding(stated.items), **_told_by_pain(stated, findings)}


def _told_by_pain(stated: Stated, findings: Mapping[str, FindingType]) -> Mapping[str, Sequence[Item]]:
    """Symptoms that pain noted on any finding tells of by itself, resting on the items that hurt."""
    hurt = [replace(i, present=True) for i in stated.items if i.painful]
    if not hurt:
        return {}
    own = by_finding(stated.items)
    return {f.id: [*own.get(f.id, ()), *hurt] for f in findings.values() if f.told_by_pain}


def decided(flag: Flag, stated: Stated, findings: Mapping[str, FindingType], severity: SeverityFactors) -> Decided:
    """How a flag's condition is decided, part by part."""
    return explained(flag.when, _told(stated, findings), stated.patient, severity_least(severity))


def is_raised(flag: Flag, stated: Stated, findings: Mapping[str, FindingType], severity: SeverityFactors) -> bool:
    """Whether a case raises a flag."""
    return bool(decide(flag.when, _told(stated, findings), stated.patient, severity_least(severity)).value)


def used_by_flags(flags: Mapping[str, Flag]) -> frozenset[str]:
    """Every finding, symptom and history id that some flag asks about."""
    return frozenset(q for flag in flags.values() for q in flag.when.asks)


def is_held(hypothesis: Hypothesis, referral: Referral, items: Mapping[str, Item]) -> bool:
    """Whether a hypothesis rests on nothing but findings that a raised flag may explain by itself."""
    if not referral.flags:
        return False
    holding = [flag for flag in referral.flags if flag.level != "routine"]
    explained = {name for flag in holding for name in flag.explains}
    stated = {key for flag in holding for key in flag.findings}
    resting = hypothesis.findings
    return bool(resting) and all(key in stated or items[key].finding in explained for key in resting)
