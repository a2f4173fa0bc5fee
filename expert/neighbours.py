"""What stands around an entry of the knowledge: where links lead to and from, what a rule rests on and speaks of. For a small picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from expert.lookup import Entry, Ref, look_up, refs_in
from expert.model import Knowledge, Tree

SHOWN = 7  # on either side


class Near(NamedTuple):
    """A neighbour. `by`: the link or rule that joins them; `states`: (of the nearer to the start, of the farther), "" where it has none.

    `side`: the neighbour's, seen from the entry: same | opposite | both. `strength` is a link's, `points` a rule's. `made_by`: hand |
    mechanics | anatomy.
    """

    ref: Ref
    by: Ref | None = None
    kind: Ref | None = None
    states: tuple[tuple[str, str], ...] = ()
    side: str = "same"
    strength: float | None = None
    points: float | None = None
    grade: str = ""
    made_by: str = "hand"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What leads to an entry, and what it leads to; `before_more`, `after_more`: how many are not listed."""

    before: tuple[Near, ...]
    after: tuple[Near, ...]
    before_more: int
    after_more: int


def neighbours(entry: Entry, knowledge: Knowledge, most: int = SHOWN) -> Neighbours:
    """The nearest of an entry: reviewed before derived, the stronger first. Empty for kinds that lead nowhere."""
    match entry.kind:
        case "muscles" | "groups" | "nodes":
            before, after = _linked(entry, knowledge, "to", "from"), _linked(entry, knowledge, "from", "to")
        case "links":
            before, after = [_end(entry, "from")], [_end(entry, "to")]
        case "rules":
            before, after = _named(entry.fields["when"]), _concluded(entry.fields["then"], entry)
        case "findings":
            before, after = [], _spoken(entry, knowledge)
        case "patterns":
            before, after = _named(entry.fields["core"]), _named(entry.fields.get("supporting", []))
        case "flags":
            before, after = _named(entry.fields["when"]), _named(entry.fields.get("explains", []))
        case _:
            before, after = [], []
    first, then = _nearest(before), _nearest(after)
    return Neighbours(tuple(first[:most]), tuple(then[:most]), len(first[most:]), len(then[most:]))


def _linked(entry: Entry, knowledge: Knowledge, role: str, other: str) -> list[Near]:
    """The far ends of the links in which an entry plays a role."""
    links = [look_up("links", ref.id, knowledge) for use in entry.used_by if (use.kind, use.role) == ("links", role) for ref in use.entries]
    return [_end(link, other) for link in links]


def _end(link: Entry, which: str) -> Near:
    told, end = link.fields, link.fields[which]
    return Near(
        end.get("muscle") or end["node"], Ref("links", link.id, link.name), told["kind"], tuple(told["map"].items()), told["to"]["side"],
        told["strength"], None, link.grade, link.made_by,
    )  # fmt: skip


def _named(value: object) -> list[Near]:
    return [Near(ref) for ref in dict.fromkeys(refs_in(value)) if ref.kind in ("findings", "muscles", "patterns")]


def _concluded(then: Iterable[Tree], rule: Entry) -> list[Near]:
    by = Ref("rules", rule.id, rule.name)
    return [
        Near(told["muscle"], by, None, (("", told["state"]),), told["side"], None, told["points"], rule.grade, rule.made_by)
        for told in then if isinstance(told["muscle"], Ref) and not told.get("against")
    ]  # fmt: skip


def _spoken(finding: Entry, knowledge: Knowledge) -> list[Near]:
    """What the rules about one finding alone say; rules that ask for more speak of more than it."""
    told = (ref for use in finding.used_by if (use.kind, use.role) == ("rules", "when") for ref in use.entries)
    rules = (look_up("rules", ref.id, knowledge) for ref in told)
    return [near for rule in rules if rule.fields["when"].get("finding") for near in _concluded(rule.fields["then"], rule)]


def _nearest(found: Iterable[Near]) -> list[Near]:
    """Best first, each neighbour and state once."""
    kept: dict[tuple[object, ...], Near] = {}
    for near in sorted(found, key=_rank):
        kept.setdefault((near.ref, near.states, near.side), near)
    return list(kept.values())


def _rank(near: Near) -> tuple[object, ...]:
    weight = -(near.strength or 0), near.grade, -(near.points or 0)
    return near.made_by != "hand", *weight, near.ref.name, near.ref.id, near.states, near.side
