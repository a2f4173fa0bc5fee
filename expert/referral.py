"""Red flags, screened from what the case states before anything is inferred. Nothing later takes one away."""

from __future__ import annotations

from collections.abc import Mapping

from expert.conditions import by_finding, decide, questions, severity_least
from expert.formats import Flag, SeverityFactors
from expert.model import LEVELS, FlagRaised, Hypothesis, Item, Referral, Stated


def screen(stated: Stated, flags: Mapping[str, Flag], severity: SeverityFactors) -> Referral:
    """Which flags the case raises, which it rules on, and which it leaves open because nobody asked."""
    items = by_finding(stated.items)
    least = severity_least(severity)
    raised, asked, not_asked = [], [], []
    for flag in flags.values():
        verdict = decide(flag.when, items, stated.patient, least)
        (not_asked if verdict.value is None else asked).append(flag.id)
        if verdict.value:
            raised.append(
                FlagRaised(
                    flag.id, flag.title, flag.level, flag.because, flag.action, flag.grade, flag.sources,
                    verdict.findings, flag.explains,
                )  # fmt: skip
            )
    raised.sort(key=lambda f: (LEVELS.index(f.level), f.id))
    level = raised[0].level if raised else "none" if asked else "not_screened"
    return Referral(level, tuple(sorted(asked)), tuple(sorted(not_asked)), tuple(raised))


def used_by_flags(flags: Mapping[str, Flag]) -> frozenset[str]:
    """Every finding, symptom and history id that some flag asks about."""
    return frozenset(q for flag in flags.values() for q in questions(flag.when))


def is_held(hypothesis: Hypothesis, referral: Referral, items: Mapping[str, Item]) -> bool:
    """Whether a hypothesis rests on nothing but findings that a raised flag may explain by itself."""
    explained = {name for flag in referral.flags for name in flag.explains}
    stated = {key for flag in referral.flags for key in flag.findings}
    resting = hypothesis.findings
    return bool(resting) and all(key in stated or items[key].finding in explained for key in resting)
