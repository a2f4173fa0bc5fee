"""The cautions about experta: what its import leaves behind, what its stock agenda gets wrong, what one engine keeps of a case."""

from __future__ import annotations

import collections
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import facts, programs

from expert import EngineError, assess, inference
from expert.inference import experta_door, native
from expert.model import Fact, Knowledge, Program, Term, Variant

ROOT = Path(__file__).resolve().parent.parent
needs_experta = pytest.mark.skipif(not experta_door.installed(), reason="experta is not installed")


# --- the door ----------------------------------------------------------------------------------------------------------------------


@needs_experta
def test_the_import_leaves_no_alias_and_no_log_handler_behind() -> None:
    code = (
        "import collections, logging\n"
        "before = list(logging.root.handlers)\n"
        "from expert.inference import experta_door\n"
        "assert hasattr(experta_door.experta(), 'KnowledgeEngine')\n"
        "assert not hasattr(collections, 'Mapping')\n"
        "assert logging.root.handlers == before == []\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@needs_experta
def test_handlers_that_a_host_has_put_up_stay() -> None:
    own = logging.NullHandler()
    logging.root.addHandler(own)
    try:
        before = list(logging.root.handlers)
        with experta_door._quiet_root_logger():
            logging.root.addHandler(logging.StreamHandler())
        assert logging.root.handlers == before
    finally:
        logging.root.removeHandler(own)


def test_the_alias_is_taken_down_even_when_the_import_fails() -> None:
    there = []

    def failing() -> None:
        with experta_door._old_collections():
            there.append(collections.Mapping)  # type: ignore[attr-defined]
            raise ImportError

    with pytest.raises(ImportError):
        failing()
    assert there == [collections.abc.Mapping]
    assert not hasattr(collections, "Mapping")


def test_experta_is_not_imported_by_whoever_does_not_ask_for_it() -> None:
    code = (
        "import sys, expert\n"
        "expert.assess({'findings': [{'name': 'hip-drop', 'side': 'left'}]}, engine='native')\n"
        "assert 'experta' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_without_experta_the_error_names_the_extra_and_the_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experta_door, "installed", lambda: False)
    monkeypatch.setattr(experta_door, "_loaded", [])
    with pytest.raises(EngineError) as raised:
        assess({"findings": [{"name": "hip-drop", "side": "left"}]}, engine="experta")
    message = str(raised.value)
    assert "myologic[experta]" in message
    assert "--no-deps" in message
    assert "native" in message
    assert assess({"findings": [{"name": "hip-drop", "side": "left"}]}).to_dict()["engine"]["name"] == "native"


def test_an_experta_that_swallowed_its_own_import_error_is_called_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experta_door, "installed", lambda: True)
    monkeypatch.setattr(experta_door, "_loaded", [])
    monkeypatch.setattr(experta_door.importlib, "import_module", lambda name: collections)  # a module without KnowledgeEngine
    with pytest.raises(EngineError, match="broken"):
        experta_door.experta()
    assert experta_door._loaded == []


# --- the agenda ----------------------------------------------------------------------------------------------------------------------


def fact(name: str, side: str = "left") -> Fact:
    return Fact(f"{name}:{side}", "finding", name, "", side, "", 1000)


def tied(rules: int) -> Program:
    """Many rules that wait for `a` alone, so that they tie; the later half must not fire once `z`, which is newer, has derived `stop`.

    That is negation over a derived fact, which the compiler never lets pass: here it shows what an agenda does with what it should
    forget. The tasks differ so that no two rules share their premises.
    """
    waiting = [Term("finding", "a", contexts=("", f"task-{n:02d}")) for n in range(rules)]
    free = [Variant(f"free-{n:02d}", 0, (term,)) for n, term in enumerate(waiting)]
    barred = [Variant(f"barred-{n:02d}", 0, (term,), (Term("pattern", "stop"),)) for n, term in enumerate(waiting)]
    return Program((*free, Variant("stop", 0, (Term("finding", "z"),), derives="stop"), *barred))


def fired_with(strategy: Any) -> set[str]:
    from expert.inference import rete

    return {f.rule for f in rete.build(tied(20), strategy).fire_all([fact("a"), fact("z")])}


RIGHTLY = {"stop", *(f"free-{n:02d}" for n in range(20))}


@needs_experta
def test_our_strategy_removes_every_activation_that_lost_its_ground() -> None:
    assert fired_with(None) == RIGHTLY


@needs_experta
def test_the_stock_strategy_fires_rules_that_it_must_not() -> None:
    """If this ever fails, experta has been mended and our own strategy may go."""
    from experta.strategies import DepthStrategy

    assert fired_with(DepthStrategy) > RIGHTLY


@needs_experta
def test_equal_rules_fire_in_one_order_every_time() -> None:
    from expert.inference import rete

    def order() -> list[str]:
        program = Program(tuple(Variant(f"r{n}", 0, (Term("finding", "a"), Term("finding", f"b{n % 5}", side="any"))) for n in range(30)))
        engine = rete.build(program)
        told: list[str] = []
        engine.fired = None
        named = [fact("a"), *(fact(f"b{n}", s) for n in range(5) for s in ("left", "right"))]

        class Told(set):  # type: ignore[type-arg]
            def add(self, firing: Any) -> None:
                told.append(f"{firing.rule} {firing.premises}")
                super().add(firing)

        original = engine.reset

        def reset() -> None:
            engine.fired = Told()
            original()

        engine.reset = reset
        engine.fire_all(named)
        return told

    first = order()
    assert len(first) == 60
    assert all(order() == first for _ in range(3))


@needs_experta
def test_findings_are_declared_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from expert.inference import rete

    engine = rete.build(Program((Variant("r", 0, (Term("finding", "a"),)),)))
    batches: list[int] = []
    declare = engine.declare
    monkeypatch.setattr(engine, "declare", lambda *declared: (batches.append(len(declared)), declare(*declared))[1])
    engine.fire_all([fact("a"), fact("b"), fact("c")])
    assert batches == [3]


# --- one engine, many cases -------------------------------------------------------------------------------------------------------------


@needs_experta
@given(programs(), st.lists(facts(), min_size=2, max_size=2))
def test_a_reused_engine_says_what_a_fresh_one_says(program: Program, several: list[tuple[Fact, ...]]) -> None:
    from expert.inference import rete

    reused = rete.build(program)
    for given_facts in [*several, several[0]]:
        assert reused.fire_all(given_facts) == rete.build(program).fire_all(given_facts)


@needs_experta
def test_an_engine_that_failed_in_one_case_is_clean_for_the_next() -> None:
    from expert.inference import rete

    engine = rete.build(tied(3))
    with pytest.raises(AttributeError):
        engine.fire_all([fact("a"), "not a fact"])
    assert len(engine.fire_all([fact("a")])) == 6


@needs_experta
def test_a_case_that_is_broken_off_half_way_leaves_nothing_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    from expert.inference import rete

    engine, program = rete.build(tied(3)), tied(3)
    add = engine.matcher.root_node.add

    def broken_off(given: Any) -> None:
        add(given)
        if given.get("name") == "z":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(engine.matcher.root_node, "add", broken_off)
        with pytest.raises(KeyboardInterrupt):
            engine.fire_all([fact("a"), fact("z")])
    for named in ([fact("z", "right")], [fact("a", "right")], [fact("a"), fact("z")]):
        assert engine.fire_all(named) == rete.build(program).fire_all(named) != set()


@needs_experta
def test_each_thread_has_an_engine_of_its_own_and_keeps_it() -> None:
    from expert.inference import rete

    program = tied(2)
    seen: list[Any] = []
    threads = [threading.Thread(target=lambda: seen.append((rete._engine_for(program), rete._engine_for(program)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(first is second for first, second in seen)
    assert len({id(first) for first, _ in seen} | {id(rete._engine_for(program))}) == 4


@needs_experta
def test_another_process_builds_its_own_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    from expert.inference import rete

    program = tied(2)
    here = rete._engine_for(program)
    monkeypatch.setattr(rete.os, "getpid", lambda: -1)  # as a fork would find it
    there = rete._engine_for(program)
    monkeypatch.undo()
    assert there is not here


@needs_experta
def test_programs_that_are_no_longer_used_are_let_go() -> None:
    import gc

    from expert.inference import rete

    program = tied(2)
    rete._engine_for(program)
    before = len(rete._engines.by_program)
    del program
    gc.collect()
    assert len(rete._engines.by_program) == before - 1


@needs_experta
def test_the_stock_matcher_stands_in_where_experta_is_of_another_version(monkeypatch: pytest.MonkeyPatch, knowledge: Knowledge) -> None:
    from experta.matchers import ReteMatcher

    from expert.inference import rete

    program = knowledge.rulebase.programs["patterns"]
    named = [f for f in (fact("foot-pronation"), fact("knee-valgus"), fact("hip-drop", "right")) if program.reads(f)]
    monkeypatch.setattr(experta_door, "version", lambda: "1.9.5")
    monkeypatch.setattr(rete, "_made", [])
    engine = rete.build(program)
    assert type(engine.matcher) is ReteMatcher
    assert engine.fire_all(named) == native.run(program, named) != set()


@needs_experta
def test_the_engine_that_reasoned_is_named_with_its_version() -> None:
    told = assess({"findings": []}, engine="experta").to_dict()["engine"]
    assert told == {"name": "experta", "version": experta_door.version()}
    assert inference.choose("native").version == native.VERSION
