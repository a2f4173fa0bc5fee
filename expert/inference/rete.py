"""The same rules on experta: built once per program and thread, reused by reset, facts declared in one batch.

Its default strategy leaves stale activations on the agenda and so fires rules that it must not; ours removes what is removed and
orders the rest totally. Its matcher polls every rule after every firing, and clears shared nodes once for each way to them; ours polls
those that something reached, and clears each node that remembers anything once. It also rewrites every rule, whatever it may hold, before
it wires it; ours wires them as they are, premises one after the other, NOT last.
"""

from __future__ import annotations

import bisect
import os
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary
from zlib import crc32

from expert.inference import experta_door
from expert.inference.native import Match, derived_fact, firing_of
from expert.model import MIRROR, Fact, Firing, Program, Term, Variant

NAME = "experta"
_MATCHER_KNOWN_FOR = "1.9.4"  # our matcher leans on internals of this version; others run on the stock one

_DRAWERS = 16
_building = threading.Lock()
_engines = threading.local()  # one engine per thread: an engine shared by threads mixes cases up without an exception


def version() -> str:
    """The installed experta's version."""
    return experta_door.version()


def run(program: Program, facts: Sequence[Fact]) -> set[Firing]:
    """Every firing of every variant, derived patterns included."""
    fired: set[Firing] = _engine_for(program).fire_all(facts)
    return fired


def _engine_for(program: Program) -> Any:
    if getattr(_engines, "process", None) != os.getpid():
        _engines.process, _engines.by_program = os.getpid(), WeakKeyDictionary()
    engine = _engines.by_program.get(program)
    if engine is None:
        with _building:
            engine = _engines.by_program[program] = build(program)
    return engine


def build(program: Program, strategy: Any = None) -> Any:
    """A fresh engine for a program; `strategy` stands in for ours (the tests show what the stock one does)."""
    parts = _parts()
    rules = [_rule(name, waiting, parts) for name, waiting in _named(program)]
    return type("Reasoner", (parts.engine,), {"rules": rules, "__strategy__": strategy or parts.strategy})()


class _Parts:
    """Our classes on experta's bases, made when experta is first needed."""

    def __init__(self, x: Any) -> None:
        self.x = x
        self.item = type("Item", (x.Fact,), {})
        self.strategy = _strategy()
        self.engine = _engine(x, self.item)
        self.one_of = lru_cache(maxsize=None)(lambda values: x.P(lambda value: value in values))
        self.none_of = lru_cache(maxsize=None)(lambda values: x.P(lambda value: value not in values))
        self.at_least = lru_cache(maxsize=None)(lambda level: x.P(lambda value: value >= level))
        self.fits = lru_cache(maxsize=None)(
            lambda values, barred: x.P(lambda value: value in values and value not in barred)
        )


_made: list[_Parts] = []


def _parts() -> _Parts:
    if not _made:
        _made.append(_Parts(experta_door.experta()))
    return _made[0]


def _named(program: Program) -> list[tuple[str, tuple[Variant, ...]]]:
    return [(f"rule_{number:05d}", waiting) for number, waiting in enumerate(program.by_premises())]


def _rule(name: str, waiting: tuple[Variant, ...], parts: _Parts) -> Any:
    """One experta rule for all variants that wait for the same: binders first, NOT last, no OR, no TEST."""
    x, first = parts.x, waiting[0]
    premises = [getattr(x.AS, f"f{n}") << parts.item(**_pattern(t, parts)) for n, t in enumerate(first.terms)]
    premises += [x.NOT(parts.item(**_pattern(t, parts))) for t in first.unless]
    action = _action(waiting)
    action.__name__ = name  # our strategy tells rules apart by it
    return x.Rule(*premises)(action)


def _pattern(term: Term, parts: _Parts) -> dict[str, Any]:
    """The fields of one premise: literals, then what it binds, then shared predicates."""
    bind = parts.x.MATCH
    fields: dict[str, Any] = {"kind": term.kind, "state": term.state, "present": term.present}
    fields["name"] = term.name or bind.m
    if term.name:
        fields["drawer"] = _drawer(term.name)
    if term.side == "same":
        fields["side"] = bind.s
    elif term.side == "opposite":
        fields["other"] = bind.s
    elif term.side == "midline":
        fields["side"] = "midline"
    if term.contexts and term.barred:
        fields["context"] = parts.fits(term.contexts, term.barred)
    elif term.contexts:
        fields["context"] = parts.one_of(term.contexts)
    elif term.barred:
        fields["context"] = parts.none_of(term.barred)
    if term.level:
        fields["level"] = parts.at_least(term.level)
    return fields


def _drawer(name: str) -> int:
    """One of a few drawers that a name lies in. experta hands a fact to every sibling check in turn, so that a hundred names side
    by side cost a hundred steps; drawers first, then the names in one, cost a few."""
    return crc32(name.encode()) % _DRAWERS


def _action(waiting: tuple[Variant, ...]) -> Callable[..., None]:
    names = [f"f{n}" for n in range(len(waiting[0].terms))]

    def fire(engine: Any, **bound: Any) -> None:
        match = Match(bound.get("s", ""), bound.get("m", ""), tuple(bound[name]["key"] for name in names))
        for variant in waiting:
            firing = firing_of(variant, match)
            engine.fired.add(firing)
            derived = derived_fact(variant, firing)
            if derived is not None:
                engine.derive(derived)

    return fire


def _engine(x: Any, item: Any) -> Any:
    class Engine(x.KnowledgeEngine):  # type: ignore[misc]
        """Runs one program over one case at a time; nothing of a case outlives the next."""

        __matcher__ = _matcher()
        rules: Sequence[Any] = ()
        initial: list[Any] | None = None

        def fire_all(self, facts: Sequence[Fact]) -> set[Firing]:
            self.fired: set[Firing] = set()
            self.known: set[str] = {f.key for f in facts}
            self.reset()
            self.declare(*(_item(item, f) for f in sorted(set(facts))))
            self.run()
            fired, self.fired = self.fired, set()
            return fired

        def get_rules(self) -> list[Any]:  # stock looks through every attribute of the engine for them
            return list(self.rules)

        def get_deffacts(self) -> list[Any]:
            if self.initial is None:  # stock looks through every attribute of the engine, each time
                self.initial = super().get_deffacts()
            return self.initial

        def derive(self, fact: Fact) -> None:
            if fact.key not in self.known:
                self.known.add(fact.key)
                self.declare(_item(item, fact))

    return Engine


def _item(item: Any, fact: Fact) -> Any:
    other = {"other": MIRROR[fact.side]} if fact.side in MIRROR else {}  # what has no side is opposite to nothing
    return item(
        key=fact.key, kind=fact.kind, name=fact.name, state=fact.state, side=fact.side, **other,
        context=fact.context, level=fact.level, present=fact.present, drawer=_drawer(fact.name),
    )  # fmt: skip


def _strategy() -> Any:
    from experta.abstract import Strategy

    class TotalOrder(Strategy):  # type: ignore[misc]
        """Removes what is removed, and orders the rest by salience, recency, rule and bindings: the same run every time."""

        def _update_agenda(self, agenda: Any, added: Any, removed: Any) -> None:
            gone = {_order(a) for a in removed}
            if gone:
                agenda.activations = [a for a in agenda.activations if a.key not in gone]
            for activation in added:
                activation.key = _order(activation)
                bisect.insort(agenda.activations, activation)

    return TotalOrder


def _order(activation: Any) -> Any:
    """A key that no two activations share: bound facts count by their number, the rest by their text."""
    bound = sorted((k, v["__factid__"] if isinstance(v, dict) else v) for k, v in activation.context.items())
    recency = tuple(sorted((f["__factid__"] for f in activation.facts), reverse=True))
    return activation.rule.salience, recency, activation.rule.__name__, tuple((k, str(v)) for k, v in bound)


def _matcher() -> Any:
    from experta.matchers import ReteMatcher

    return _polling_the_touched(ReteMatcher) if experta_door.version() == _MATCHER_KNOWN_FOR else ReteMatcher


def _polling_the_touched(ReteMatcher: Any) -> Any:
    class PollsTheTouched(ReteMatcher):  # type: ignore[misc,unused-ignore]
        """Asks only those rules for activations that a fact has reached since it last asked."""

        prepare_ruleset = staticmethod(_as_they_are)
        build_beta_part = staticmethod(_wired)

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.touched: dict[int, Any] = {}
            super().__init__(*args, **kwargs)
            # the stock method's cache would keep the last engine alive
            for number, node in enumerate(ReteMatcher._get_conflict_set_nodes.__wrapped__(self)):
                self._watch(number, node)
            self.remembering = _remembering(self.root_node)

        def _watch(self, number: int, node: Any) -> None:
            activate = node._activate

            def noted(token: Any) -> Any:
                self.touched[number] = node
                return activate(token)

            node._activate = noted

        def changes(self, adding: Any = None, deleting: Any = None) -> tuple[list[Any], list[Any]]:
            for fact in deleting or ():
                self.root_node.remove(fact)
            for fact in adding or ():
                self.root_node.add(fact)
            touched, self.touched = self.touched, {}
            told = [touched[number].get_activations() for number in sorted(touched)]
            return [a for added, _ in told for a in added], [a for _, removed in told for a in removed]

        def reset(self) -> None:
            for node in self.remembering:
                node._reset()
            self.changes()  # a case that was broken off leaves nothing for the next

    return PollsTheTouched


def _as_they_are(engine: Any) -> set[Any]:
    return set(engine.get_rules())


def _wired(rules: Any, ends: Any) -> None:
    for rule in rules:
        _wire(rule, ends)


def _wire(rule: Any, ends: Any) -> None:
    """Join the premises of a rule one after the other; `ends` tells for each where the facts that meet it come out."""
    from experta import NOT
    from experta.matchers.rete.check import SameContextCheck
    from experta.matchers.rete.nodes import ConflictSetNode, NotNode, OrdinaryMatchNode

    reached = ends[rule[0]]
    for premise in rule[1:]:
        absent = isinstance(premise, NOT)
        join = (NotNode if absent else OrdinaryMatchNode)(SameContextCheck())
        reached.add_child(join, join.activate_left)
        ends[premise[0] if absent else premise].add_child(join, join.activate_right)
        reached = join
    last = ConflictSetNode(rule)
    reached.add_child(last, last.activate)


def _remembering(root: Any) -> list[Any]:
    """Every node of a network that remembers something, once."""
    from experta.matchers.rete.mixins import NoMemory

    found, todo = {id(root): root}, [root]
    while todo:
        for child in todo.pop().children:
            if id(child.node) not in found:
                found[id(child.node)] = child.node
                todo.append(child.node)
    return [node for node in found.values() if not isinstance(node, NoMemory)]
