"""Why, and why not: trees of data that end in what the case states. No wording beyond the names of the domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from expert.errors import UsageError
from expert.model import AXIS_OF, CompiledRule, Hypothesis, Item, Knowledge, KnowledgeBase, Result, Target, Term, mirrored
from expert.words import Unclear, side_word


@dataclass(frozen=True, slots=True)
class Node:
    """One line of a proof: what, how much it counts (points, None where nothing is counted), and what it rests on."""

    label: str
    kind: str
    detail: str = ""
    points: float | None = None
    children: tuple[Node, ...] = ()


def why(
    result: Result, knowledge: Knowledge, muscle: str, side: str | None = None, state: str | None = None
) -> tuple[str, str, tuple[Node, ...]]:
    """(muscle or group, side or both, trees): every hypothesis about a muscle (or one side, one state of it), and what it would need."""
    kb = knowledge.kb
    name = _muscle(muscle, kb)
    sides = (_side(side),) if side else ("left", "right")
    if state is not None and state not in AXIS_OF:
        raise UsageError(f"unknown state '{state}'; it is one of {', '.join(AXIS_OF)}")
    items = {i.key: i for i in result.stated.items}
    trees: list[Node] = []
    for member, one in product(kb.members(name), sides):
        weighed = {h.about: h for h in (*result.contradicted, *result.hypotheses)}.values()
        held = [h for h in weighed if (h.muscle, h.side) == (member, one) and state in (None, h.state)]
        trees += [_tree(h, items, kb) for h in sorted(held, key=lambda h: (-h.net, h.axis, h.state))]
        if not held:
            trees.append(_why_not(member, one, state, result, knowledge))
    return name, sides[0] if side else "both", tuple(trees)


def _muscle(words: str, kb: KnowledgeBase) -> str:
    found = kb.words.look_up("muscle", words)
    if isinstance(found, Unclear):
        raise UsageError(f"unknown muscle '{words}'{found.hint}")
    return found.reading.id


def _side(words: str) -> str:
    side = side_word(words)
    if side not in ("left", "right"):
        raise UsageError(f"'{words}' is no side of a muscle: say left or right")
    return side


def _tree(h: Hypothesis, items: dict[str, Item], kb: KnowledgeBase) -> Node:
    held = ", held: a red flag may explain all of it" if h.held else ""
    children = [
        Node(
            e.piece.rule.id, e.piece.basis.channel,
            f"{e.piece.because} [grade {e.piece.rule.grade}; {', '.join(kb.sources[s].title for s in e.piece.rule.sources)}]",
            e.points / 1000, tuple(_leaf(items[f], kb) for f in e.piece.basis.findings),
        )
        for e in h.evidence
    ]  # fmt: skip
    rivals = h.points_against - sum(-e.points for e in h.evidence if e.points < 0)
    if rivals:
        children.append(Node("the opposite state", "rival", "what speaks for it speaks against this", -rivals / 1000))
    detail = f"{h.status} ({h.confidence}){held}"
    return Node(f"{h.name} {h.side} {h.state}", "hypothesis", detail, h.points, tuple(children))


def _leaf(item: Item, kb: KnowledgeBase) -> Node:
    state = "present" if item.present else "absent"
    return Node(f"{kb.findings[item.finding].name} [{item.key}]", "item", f"{state}; the case says '{item.written}'")


def _why_not(muscle: str, side: str, state: str | None, result: Result, knowledge: Knowledge) -> Node:
    """Nothing speaks for it: the rules that could, each with the premises that the case does not state."""
    kb = knowledge.kb
    stated = {i.key: i for i in result.stated.items}
    could = [
        Node(rule.id, "rule", f"{rule.title} [grade {rule.grade}]", None, tuple(_wanting(rule.id, target, side, stated, knowledge)))
        for rule in knowledge.rulebase.rules.values()
        for target in _about(rule, muscle, state)
    ]
    label = f"{kb.muscles[muscle].name} {side} {state or ''}".strip()
    return Node(label, "why-not", f"nothing in the case speaks for it; {len(could)} rules could", None, tuple(could))


def _about(rule: CompiledRule, muscle: str, state: str | None) -> Sequence[Target]:
    """The first conclusion of a direct rule that would speak for this muscle state."""
    fitting = [t for t in rule.targets if t.muscle == muscle and not t.against and state in (None, t.state)]
    return fitting[:1] if rule.stage == "direct" else ()


def _wanting(rule: str, target: Target, side: str, stated: dict[str, Item], knowledge: Knowledge) -> Iterator[Node]:
    """The premises of a rule's first alternative, as they would have to be for this side, with what the case says of them."""
    variants = (v for v in knowledge.rulebase.programs["direct"].variants if v.rule == rule and not v.absent)
    for term in next(variants).terms:
        bound = mirrored(side) if target.side == "opposite" else side
        wanted = mirrored(bound) if term.side == "opposite" else bound
        kind = knowledge.kb.findings[term.name]
        sided = "left" in kind.sides and term.side in ("same", "opposite")
        said = [i for i in stated.values() if i.finding == term.name and (not sided or i.side in (wanted, "midline"))]
        tasks = f" in {' or '.join(term.contexts)}" if term.contexts else ""
        yield Node(f"{kind.name} {wanted if sided else ''}".strip() + tasks, "premise", _said(term, said))


def _said(term: Term, said: Sequence[Item]) -> str:
    """What the case says of a premise: present, absent, not asked, or present in another way than the rule wants it."""
    present = [i for i in said if i.present]
    if any(i.severity >= term.level and (not term.contexts or i.task in term.contexts) for i in present):
        return "present"
    if present:
        return "present, but not as this rule wants it"
    return "absent" if said else "not asked"
