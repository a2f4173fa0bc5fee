"""Named wholes: what of a pattern's core was seen, what is missing, and how much stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from expert.conditions import by_finding, holds, severity_least
from expert.formats import Condition, Constants, FindingType, Pattern
from expert.model import Firing, Item, PatternFound

MODERATE = 1000  # the factor of a moderate sign, in thousandths
_BILLION_TO_THOUSAND = 1_000_000


def to_rest_on(items: Iterable[Item], findings: Mapping[str, FindingType]) -> tuple[Item, ...]:
    """What a whole may rest on: all that is stated but tests of strength that hurt, for they told of pain and of no strength."""
    return tuple(i for i in items if not (i.painful and findings[i.finding].method == "strength-test"))


def found(
    firings: Iterable[Firing], patterns: Mapping[str, Pattern], items: Mapping[str, Item], constants: Constants,
    word: Callable[[int], str], mild: Container[str] = (),
) -> tuple[PatternFound, ...]:  # fmt: skip
    """Every pattern that fired, once a side, and does not rest on mild signs alone.

    `items`: what it may rest on. `word` gives the confidence word for an amount; `mild`: the keys of hypotheses for which nothing but
    mild signs speak.
    """
    premises: dict[tuple[str, str], set[str]] = {}
    for firing in firings:
        premises.setdefault((firing.rule, firing.side or "midline"), set()).update(firing.premises)
    for name, side in sorted(premises):
        if side != "midline" and (name, "midline") in premises:  # a whole that lies in the midline is one whole
            premises[name, "midline"] |= premises.pop((name, side))
    told = [
        _pattern(patterns[name], side, sorted(keys), items, constants, word)
        for (name, side), keys in sorted(premises.items())
        if any(_tells(key, premises, items, mild) for key in keys)
    ]
    return tuple(sorted(told, key=lambda p: (-p.points, p.id, p.side)))


def _tells(key: str, premises: Mapping[tuple[str, str], set[str]], items: Mapping[str, Item], mild: Container[str]) -> bool:
    """Whether a premise is more than mild; a pattern is, where any of its own premises is."""
    if key in items:
        return items[key].severity >= MODERATE
    if key.startswith("pattern:"):
        name, _, side = key.removeprefix("pattern:").partition(":")
        return any(_tells(inner, premises, items, mild) for inner in premises.get((name, side or "midline"), ()))
    return key not in mild


def _pattern(
    pattern: Pattern, side: str, premises: Sequence[str], items: Mapping[str, Item], constants: Constants, word: Callable[[int], str]
) -> PatternFound:
    stated, least = by_finding([i for i in items.values() if i.present]), severity_least(constants.severity)
    supporting = sorted({key for c in pattern.supporting for key in holds(c, stated, least, side)} - set(premises))
    named = {_named(key, items) for key in premises}
    wanted = [names for c in pattern.core if (names := _names(c))]
    missing = tuple(" or ".join(names) for names in wanted if not named & set(names))
    points = sum(_strongest(keys, pattern, constants) for keys in _by_type((*premises, *supporting), items).values())
    return PatternFound(
        pattern.id, pattern.name, side, points, word(points), (*premises, *supporting), missing, pattern.because, pattern.sources,
        pattern.caution or "",
    )  # fmt: skip


def _names(condition: Condition) -> list[str]:
    """What a condition names: findings, patterns, muscles."""
    own = [condition.pattern] if condition.pattern else [condition.hypothesis.muscle] if condition.hypothesis else []
    own += [name for name in (condition.finding, condition.symptom, condition.history) if name]
    return own + [n for part in (*condition.all, *condition.any, *condition.of) for n in _names(part)]


def _named(key: str, items: Mapping[str, Item]) -> str:
    """The id behind a premise's key: `hip-drop:right` -> hip-drop, `pattern:upper-crossed` -> upper-crossed."""
    if key in items:
        return items[key].finding
    return key.removeprefix("pattern:").split(":")[0]


def _by_type(keys: Iterable[str], items: Mapping[str, Item]) -> Mapping[str, list[Item | None]]:
    grouped: dict[str, list[Item | None]] = {}
    for key in keys:
        grouped.setdefault(_named(key, items), []).append(items.get(key))
    return grouped


def _strongest(seen: Iterable[Item | None], pattern: Pattern, constants: Constants) -> int:
    """What one element brings: as a grade-D piece at most, weighed by its best item; a pattern ranks, it does not weigh."""
    points = round(1000 * min(constants.caps["D"], constants.caps[pattern.grade]))
    plain = round(1000 * constants.reliability.moderate) * 1000
    return max(points * (plain if i is None else i.reliability * i.severity) // _BILLION_TO_THOUSAND for i in seen)
