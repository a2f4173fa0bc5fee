"""Mechanics beside tables: what the rod alone says of a finding, and what the sourced rules say of it.

The rod speaks of held length only. It is set beside the tables as they are read by default: short goes with overactive, long with
underactive and weak. To agree is therefore no proof; to contradict is where a table says more than the position shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from expert.formats import FindingType
from expert.model import CompiledRule, Knowledge

_HELD = {"shortened": "short", "overactive": "short", "lengthened": "long", "underactive": "long", "weak": "long"}
_Where = tuple[str, str]  # a muscle and a side seen from the finding's


@dataclass(frozen=True, slots=True)
class Line:
    """One muscle and side: what the rod says (short, long or nothing), what the rules say, and which rules say it."""

    muscle: str
    side: str
    rod: str
    tables: tuple[str, ...]
    rules: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """agree, contradict, divided (the tables contradict one another), tables silent, rod silent."""
        if not self.rod:
            return "rod silent"
        if not self.tables:
            return "tables silent"
        if len(self.tables) > 1:
            return "divided"
        return "agree" if self.tables == (self.rod,) else "contradict"


@dataclass(frozen=True, slots=True)
class Compared:
    """One finding with every muscle of which the rod or a rule speaks."""

    finding: FindingType
    lines: tuple[Line, ...]

    def count(self, verdict: str) -> int:
        """How many lines have this verdict."""
        return sum(line.verdict == verdict for line in self.lines)


def compared(knowledge: Knowledge) -> tuple[Compared, ...]:
    """Every finding that shows a position, in order of their ids."""
    said = _said_alone(knowledge)
    return tuple(_compare(f, said.get(f.id, []), knowledge) for _, f in sorted(knowledge.kb.findings.items()) if f.deviation)


def _said_alone(knowledge: Knowledge) -> Mapping[str, list[CompiledRule]]:
    """The written rules that speak from one finding by itself, by finding."""
    found: dict[str, dict[str, CompiledRule]] = defaultdict(dict)
    for variant in knowledge.rulebase.programs["direct"].variants:
        if len(variant.terms) == 1 and not variant.absent and variant.rule in knowledge.kb.rules:
            found[variant.terms[0].name][variant.rule] = knowledge.rulebase.rules[variant.rule]
    return {finding: list(rules.values()) for finding, rules in found.items()}


def _compare(finding: FindingType, rules: list[CompiledRule], knowledge: Knowledge) -> Compared:
    midline = "left" not in finding.sides
    rod = knowledge.rulebase.rules.get(f"mechanics.{finding.id}")
    by_rod = {where: _HELD[t.state] for t in (rod.targets if rod else ()) for where in _places(t.muscle, t.side, midline)}
    by_rule: dict[_Where, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for rule in rules:
        for target in rule.targets:
            if not target.against and target.state in _HELD:
                for where in _places(target.muscle, target.side, midline):
                    by_rule[where][_HELD[target.state]].add(rule.id)
    lines = []
    for muscle, side in sorted({*by_rod, *by_rule}):
        told = by_rule.get((muscle, side), {})
        names = sorted({rule for ids in told.values() for rule in ids})
        lines.append(Line(muscle, side, by_rod.get((muscle, side), ""), tuple(sorted(told)), tuple(names)))
    return Compared(finding, tuple(lines))


def _places(muscle: str, side: str, midline: bool) -> Iterator[_Where]:
    if midline:
        yield muscle, "both"
    else:
        yield from ((muscle, one) for one in (("same", "opposite") if side == "both" else (side,)))


def unexplained(found: tuple[Compared, ...], knowledge: Knowledge) -> Iterator[str]:
    """Rules that contradict the position they speak of without saying so in their `because`."""
    for one in found:
        for line in one.lines:
            if line.verdict == "contradict":
                for rule in line.rules:
                    if "mechanic" not in knowledge.kb.rules[rule].because.casefold():
                        held = f"{one.finding.id} holds {line.muscle} ({line.side}) {line.rod}"
                        yield f"{rule}: {held}, the rule says {line.tables[0]}; explain the mechanics in its `because`"
