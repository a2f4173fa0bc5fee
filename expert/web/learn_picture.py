"""The picture of a reasoning: what the case states in the middle, the patient's right on the left as one faces a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from expert.contract import node_name, state_key
from expert.model import KnowledgeBase, Result
from expert.questions.steps import Step, Steps
from expert.words import short

MOST = 12  # muscle states a side
LONGEST = 44  # letters that a box has room for
TOP, ROW, BOX, WIDE = 34, 36, 30, 330  # in the units of the drawing, which is 1110 wide
_SHOWN = ("supported", "contested", "possible")
_COLUMN = {"right": 0, "midline": 390, "left": 780}  # where a column begins


class Node(NamedTuple):
    """A box. kind: item | state | place | pattern | other; `since`: the step in which it first lights up.

    `told`: of the box for all states of a side that have none of their own, what it says in which step.
    """

    key: str
    kind: str
    label: str
    under: str
    state: str
    x: int
    y: int
    since: int
    told: tuple[tuple[int, str], ...] = ()


class Edge(NamedTuple):
    """A line between two boxes: the steps in which it lights up, whether it speaks against, whether it is there in these alone."""

    path: str
    steps: tuple[int, ...]
    against: bool
    passing: bool


class Picture(NamedTuple):
    """What is drawn, and how many muscle states are not."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    height: int
    left_out: int


def picture(told: Steps, result: Result, kb: KnowledgeBase) -> Picture:
    """The boxes of a case, the best supported states of each side among them, and the lines that its rules and links draw."""
    first = _first_lit(told)
    boxes = [*_items(told), *_states(result), *_patterns(told), *_places(result, kb)]
    rows: dict[str, int] = dict.fromkeys(_COLUMN, 0)
    nodes: dict[str, Node] = {}
    for key, kind, label, under, state, side in boxes:
        if key in first and key not in nodes:
            nodes[key] = Node(key, kind, label, under, state, _COLUMN[side], TOP + rows[side] * ROW, first[key])
            rows[side] += 1
    for side in ("right", "left"):
        others = tuple((s.number, label) for s in told.steps if (label := _others(s, side, nodes)))
        if others:
            key = f"other:{side}"
            nodes[key] = Node(key, "other", "", "", "", _COLUMN[side], TOP + rows[side] * ROW, others[0][0], others)
            rows[side] += 1
    suspected = {h.about.key for h in result.hypotheses if h.status in _SHOWN}
    return Picture(tuple(nodes.values()), _edges(told, nodes), TOP + max(rows.values()) * ROW + 6, len(suspected.difference(nodes)))


_Box = tuple[str, str, str, str, str, str]


def _first_lit(told: Steps) -> Mapping[str, int]:
    first: dict[str, int] = {}
    for step in told.steps:
        for key in step.nodes:
            first.setdefault(key, step.number)
    return first


def _items(told: Steps) -> Iterable[_Box]:
    for f in told.steps[0].facts:
        words = (f.side if f.side != "midline" else "", f.task.lower(), "" if f.present else "absent")
        yield f.key, "item", f.name, ", ".join(w for w in words if w), "", "midline"


def _states(result: Result) -> Iterable[_Box]:
    for side in ("right", "left"):
        ours = [h for h in result.hypotheses if h.side == side and h.status in _SHOWN]
        for h in ours[:MOST]:
            yield h.about.key, "state", h.name, h.state, h.state, side


def _patterns(told: Steps) -> Iterable[_Box]:
    for step in told.steps:
        for f in step.facts:
            if f.kind == "pattern":
                yield f.key, "pattern", f.name, f.side if f.side != "midline" else "", "", "midline"


def _places(result: Result, kb: KnowledgeBase) -> Iterable[_Box]:
    """What is predicted, and what its chains pass."""
    for p in result.predicted:
        for state in (p.start, *(step.to for step in p.path)):
            if state.side in _COLUMN:
                word = "" if state.state == "present" else state.state
                yield state_key(state), "place", _here(short(node_name(state, kb))), word, word, state.side


def _here(name: str) -> str:
    """The column says whose side it is: "This hip turns inward" is told as "Hip turns inward" there."""
    plain = name.removeprefix("This ")
    return plain[:1].upper() + plain[1:]


def _others(step: Step, side: str, nodes: Mapping[str, Node]) -> str:
    """What a step says of states of a side that have no box: the one it moves most, and how many more."""
    moved = [m for m in step.balance if m.side == side and m.speaks != "opposite" and m.key not in nodes]
    if not moved:
        return ""
    more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    room = LONGEST - len(more) - len(moved[0].state) - 7
    name = moved[0].name if len(moved[0].name) <= room else f"{moved[0].name[: room - 1]}\u2026"
    return f"{name} {moved[0].state} {moved[0].after.points:+.1f}{more}"


def _edges(told: Steps, nodes: Mapping[str, Node]) -> tuple[Edge, ...]:
    lit: dict[tuple[str, str, bool], list[int]] = {}
    for step in told.steps:
        if step.kind == "drivers":
            continue  # what accounts for what is told in words: its lines would run against the others
        for link in step.links:
            for start in link.start:
                for end in link.end:
                    ends = (_box(start, nodes), _box(end.removeprefix("not "), nodes), end.startswith("not "))
                    lit.setdefault(ends, []).append(step.number)
    return tuple(
        Edge(_path(nodes[start], nodes[end]), tuple(dict.fromkeys(steps)), against, "other" in (nodes[start].kind, nodes[end].kind))
        for (start, end, against), steps in lit.items()
        if start in nodes and end in nodes and start != end
    )


def _box(key: str, nodes: Mapping[str, Node]) -> str:
    """The box of a key: its own, or that of all the others of its side."""
    return key if key in nodes else f"other:{key.split(':')[1]}" if key.count(":") == 2 else ""


def _path(start: Node, end: Node) -> str:
    """A curve from side to side; within a column, round its outer edge."""
    a, b = start.y + BOX // 2, end.y + BOX // 2
    if start.x == end.x:
        outer = start.x + (0 if start.x < _COLUMN["left"] else WIDE)
        bend = outer + (-1 if outer == start.x else 1) * (14 + min(abs(a - b) // 12, 24))
        return f"M{outer} {a}C{bend} {a} {bend} {b} {outer} {b}"
    here, there = (start.x, end.x + WIDE) if start.x > end.x else (start.x + WIDE, end.x)
    middle = (here + there) // 2
    return f"M{here} {a}C{middle} {a} {middle} {b} {there} {b}"


def points(told: Steps) -> Sequence[Sequence[tuple[str, float, str]]]:
    """For each step, the states whose sheets it touches, with their points and status after it."""
    return [[(m.key, round(m.after.points, 1), m.after.status) for m in step.balance] for step in told.steps]


