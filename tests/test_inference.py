"""Facts and rules into firings: our own engine against a naive oracle, and both engines against each other."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import CaseDict, cases, facts, programs

from expert import EngineError, assess, inference, load_case, load_knowledge
from expert.inference import experta_door, native
from expert.model import MIRROR, Fact, Firing, Knowledge, Program, Term, Variant

EXPERTA = experta_door.installed()
ENGINES = ["native", *(["experta"] if EXPERTA else [])]
needs_experta = pytest.mark.skipif(not EXPERTA, reason="experta is not installed")
ROOT = Path(__file__).resolve().parent.parent


# --- the oracle ------------------------------------------------------------------------------------------------------------------


def _seen_from(term: Term, fact: Fact) -> set[str]:
    """The side that a fact binds at a premise, if any."""
    return {"same": {fact.side}, "opposite": {MIRROR.get(fact.side, fact.side)}}.get(term.side, set())


def _fits(term: Term, fact: Fact) -> bool:
    alike = (fact.kind, fact.state, fact.present) == (term.kind, term.state, term.present) and term.name in ("", fact.name)
    there = fact.side in {"midline": {"midline"}, "opposite": set(MIRROR)}.get(term.side, {fact.side})
    return alike and there and fact.level >= term.level and fact.context in set(term.contexts or {fact.context}) - set(term.barred)


def _firings(variant: Variant, known: set[Fact]) -> Iterator[Firing]:
    """Every tuple of facts, whatever they are, that agrees on one side and one muscle and meets none of `unless`."""
    for chosen in product(known, repeat=len(variant.terms)):
        pairs = list(zip(variant.terms, chosen, strict=True))
        sides = set().union(*(_seen_from(t, f) for t, f in pairs))
        muscles = {f.name for t, f in pairs if not t.name}
        if not all(_fits(t, f) for t, f in pairs) or len(sides) > 1 or len(muscles) > 1:
            continue
        barred = (
            _fits(t, f) and len(sides | _seen_from(t, f)) < 2 and (t.name or not muscles or f.name in muscles)
            for t in variant.unless for f in known
        )  # fmt: skip
        if not any(barred):
            yield Firing(variant.rule, "".join(sides), "".join(muscles), variant.absent, tuple(f.key for f in chosen))


def brute_force(program: Program, given_facts: Iterable[Fact]) -> set[Firing]:
    known, fired = set(given_facts), set()
    while True:
        new = {(v, f) for v in program.variants for f in _firings(v, known)} - fired
        if not new:
            return {f for _, f in fired}
        fired |= new
        for variant, firing in new:
            if variant.derives:
                side = firing.side or "midline"
                key = f"pattern:{variant.derives}" + (f":{side}" if side in MIRROR else "")
                known.add(Fact(key, "pattern", variant.derives, "", side))


@given(programs(), facts())
def test_the_native_engine_fires_what_brute_force_over_all_fact_tuples_fires(program: Program, given_facts: tuple[Fact, ...]) -> None:
    assert native.run(program, given_facts) == brute_force(program, given_facts)


@given(programs(), facts(), st.randoms(use_true_random=False))
def test_the_order_of_facts_and_of_rules_does_not_matter(program: Program, given_facts: tuple[Fact, ...], random: Any) -> None:
    mixed_facts, mixed_rules = list(given_facts), list(program.variants)
    random.shuffle(mixed_facts)
    random.shuffle(mixed_rules)
    for engine in map(inference.choose, ENGINES):
        assert inference.infer(Program(tuple(mixed_rules)), mixed_facts, engine) == inference.infer(program, given_facts, engine)


@needs_experta
@given(programs(), facts())
def test_both_engines_fire_the_same_on_generated_rule_bases(program: Program, given_facts: tuple[Fact, ...]) -> None:
    own, other = (inference.infer(program, given_facts, inference.choose(e)) for e in ("native", "experta"))
    assert own == other


def test_generated_rule_bases_reach_chains_negation_opposite_joins_and_any_muscle() -> None:
    """What the properties above stand on: the strategies draw what they are meant to draw."""
    seen: set[str] = set()

    @given(programs(), facts())
    def look(program: Program, given_facts: tuple[Fact, ...]) -> None:
        by_rule = {v.rule: v for v in program.variants}
        for firing in native.run(program, given_facts):
            variant = by_rule[firing.rule]
            kinds = {t.kind for t in variant.terms}
            seen.update(name for name, there in (
                ("chained", "pattern" in kinds), ("chained twice", "pattern" in kinds and variant.derives), ("negated", variant.unless),
                ("opposite", len(variant.terms) > 1 and "opposite" in {t.side for t in variant.terms}), ("any muscle", firing.muscle),
                ("level", any(t.level for t in variant.terms)), ("context", any(t.contexts for t in variant.terms)),
                ("barred", any(t.barred for t in variant.terms)), ("absent", any(not t.present for t in variant.terms)),
            ) if there)  # fmt: skip

    look()
    assert seen == {"chained", "chained twice", "negated", "opposite", "any muscle", "level", "context", "barred", "absent"}


# --- small programs, one by one --------------------------------------------------------------------------------------------------


def finding(name: str, side: str = "left", **told: Any) -> Fact:
    key = ":".join(p for p in (name, side if side in MIRROR else "", told.get("context", "")) if p)
    return Fact(key, "finding", name, "", side, told.get("context", ""), told.get("level", 1000), told.get("present", True))


def fired(engine: str, variants: Iterable[Variant], *given_facts: Fact) -> list[tuple[str, str, tuple[str, ...]]]:
    found = inference.infer(Program(tuple(variants)), given_facts, inference.choose(engine))
    return [(f.rule, f.side, f.premises) for f in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("side", "other", "joins"),
    [("same", "left", True), ("same", "right", False), ("opposite", "right", True), ("opposite", "left", False),
     ("opposite", "midline", False),
     ("any", "left", True), ("any", "right", True), ("midline", "left", False), ("midline", "midline", True)],
)  # fmt: skip
def test_a_join_holds_on_the_side_that_the_second_premise_means(engine: str, side: str, other: str, joins: bool) -> None:
    variant = Variant("r", 0, (Term("finding", "a"), Term("finding", "b", side=side)))
    key = "b" if other == "midline" else f"b:{other}"
    assert fired(engine, [variant], finding("a"), finding("b", other)) == ([("r", "left", ("a:left", key))] if joins else [])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("term", "fact", "matches"),
    [
        (Term("finding", "a", level=1000), finding("a", level=1000), True),
        (Term("finding", "a", level=1000), finding("a", level=999), False),
        (Term("finding", "a", contexts=("run", "walk")), finding("a", context="run"), True),
        (Term("finding", "a", contexts=("run",)), finding("a", context="walk"), False),
        (Term("finding", "a", contexts=("run",)), finding("a"), False),  # no task was given
        (Term("finding", "a"), finding("a", context="walk"), True),
        (Term("finding", "a"), finding("a", present=False), False),
        (Term("finding", "a", present=False), finding("a", present=False), True),
        (Term("finding", "a", present=False), finding("a"), False),
        (Term("finding", "a"), finding("a", "midline"), True),
        (Term("finding", "a", side="opposite"), finding("a"), True),
        (Term("finding", "a", side="opposite"), finding("a", "midline"), False),  # opposite to nothing
        (Term("hypothesis", "", "weak"), Fact("x:left:weak", "hypothesis", "x", "weak", "left", "muscle", 1), True),
        (Term("hypothesis", "", "weak", level=2), Fact("x:left:weak", "hypothesis", "x", "weak", "left", "muscle", 1), False),
        (Term("hypothesis", "", "weak", barred=("ground",)), Fact("x:left:weak", "hypothesis", "x", "weak", "left", "ground", 1), False),
        (Term("hypothesis", "y", "weak"), Fact("x:left:weak", "hypothesis", "x", "weak", "left", "muscle", 1), False),
    ],
)
def test_a_premise_matches_what_it_says(engine: str, term: Term, fact: Fact, matches: bool) -> None:
    assert bool(fired(engine, [Variant("r", 0, (term,))], fact)) is matches


@pytest.mark.parametrize("engine", ENGINES)
def test_any_muscle_is_one_muscle_throughout_a_rule(engine: str) -> None:
    short, weak = (Fact(f"{m}:left:{s}", "hypothesis", m, s, "left", "muscle", 1) for m, s in (("x", "shortened"), ("y", "weak")))
    variant = Variant("r", 0, (Term("hypothesis", "", "shortened"), Term("hypothesis", "", "weak")))
    assert fired(engine, [variant], short, weak) == []
    same = weak._replace(key="x:left:weak", name="x")
    found = inference.infer(Program((variant,)), [short, same], inference.choose(engine))
    assert [(f.muscle, f.side) for f in found] == [("x", "left")]


@pytest.mark.parametrize("engine", ENGINES)
def test_patterns_chain_as_far_as_they_reach_and_keep_their_side(engine: str) -> None:
    chain = [
        Variant("p1", 0, (Term("finding", "a"),), derives="p1"),
        Variant("p2", 0, (Term("pattern", "p1", side="opposite"),), derives="p2"),
        Variant("p3", 0, (Term("pattern", "p2"), Term("finding", "b")), derives="p3"),
    ]
    assert fired(engine, chain, finding("a", "left"), finding("b", "right")) == [
        ("p1", "left", ("a:left",)), ("p2", "right", ("pattern:p1:left",)), ("p3", "right", ("pattern:p2:right", "b:right")),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_a_pattern_reached_in_two_ways_is_told_in_both_and_carried_on_once(engine: str) -> None:
    variants = [
        Variant("p", 0, (Term("finding", "a"),), derives="p"), Variant("p", 1, (Term("finding", "b"),), derives="p"),
        Variant("q", 0, (Term("pattern", "p"),), derives="q"),
    ]  # fmt: skip
    assert fired(engine, variants, finding("a"), finding("b")) == [
        ("p", "left", ("a:left",)), ("p", "left", ("b:left",)), ("q", "left", ("pattern:p:left",)),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("unless", "there", "fires"),
    [
        (Term("finding", "b"), finding("b", "left"), False),
        (Term("finding", "b"), finding("b", "right"), True),
        (Term("finding", "b", side="opposite"), finding("b", "right"), False),
        (Term("finding", "b", side="any"), finding("b", "right"), False),
        (Term("finding", "b"), finding("b", present=False), True),
        (Term("finding", "b", level=1000), finding("b", level=500), True),
    ],
)
def test_what_must_not_be_there_stops_a_rule_on_its_own_side_only(engine: str, unless: Term, there: Fact, fires: bool) -> None:
    variant = Variant("r", 0, (Term("finding", "a"),), (unless,))
    assert bool(fired(engine, [variant], finding("a"), there)) is fires


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_fires_without_facts_or_rules(engine: str) -> None:
    variant = Variant("r", 0, (Term("finding", "a"),))
    assert fired(engine, [variant]) == fired(engine, [], finding("a")) == []


# --- which engine --------------------------------------------------------------------------------------------------------------------


def test_auto_takes_experta_where_it_is_installed_and_else_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inference.choose("auto").name == ("experta" if EXPERTA else "native")
    monkeypatch.setattr(experta_door, "installed", lambda: False)
    assert inference.choose("auto").name == "native"


def test_an_engine_that_nobody_has_heard_of_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(EngineError, match="auto, experta, native"):
        inference.choose("clips")
    with pytest.raises(EngineError):
        assess({"findings": []}, engine="Native")


# --- the same whole answer ------------------------------------------------------------------------------------------------


@needs_experta
@given(cases())
def test_both_engines_give_the_same_json_but_for_the_engine_entry(case: CaseDict) -> None:
    own, other = (json.loads(assess(case, load_knowledge(), engine).to_json()) for engine in ("native", "experta"))
    assert list(own) == list(other)
    assert (own.pop("engine")["name"], other.pop("engine")["name"]) == ("native", "experta")
    assert own == other


# --- isolation -------------------------------------------------------------------------------------------------------------


def different_cases(knowledge: Knowledge) -> list[CaseDict]:
    """Forty contents that share no answer: each its own findings, sides and severities."""
    types = [f for f in knowledge.kb.findings.values() if knowledge.kb.kinds[f.id] == "finding" and "left" in f.sides]
    made = []
    for n in range(40):
        chosen = [types[(n + 17 * k) % len(types)] for k in range(2 + n % 3)]
        entries = {f.id: {"name": f.id, "side": ("left", "right")[(n + k) % 2], "severity": 0.3 + n / 100} for k, f in enumerate(chosen)}
        made.append({"findings": list(entries.values())})
    return made


@contextmanager
def hurried_threads() -> Iterator[ThreadPoolExecutor]:
    """Eight threads that change places often: what can be mixed up, will be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            yield pool
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("engine", ENGINES)
def test_eight_threads_with_five_hundred_different_cases_each_fire_each_its_own_rules(engine: str, knowledge: Knowledge) -> None:
    chosen, program = inference.choose(engine), Program(knowledge.rulebase.programs["direct"].variants[::2])
    contents = different_cases(knowledge)
    plain = [[finding(e["name"], e["side"], level=int(1500 * e["severity"])) for e in c["findings"]] for c in contents]
    expected = [inference.infer(program, seen, chosen) for seen in plain]
    assert len({e for e in expected if e}) > 20

    def wrong(thread: int) -> list[int]:
        found = []
        for n in range(500):
            which = (n * 7 + thread * 5) % len(plain)
            own = [f._replace(key=f"{f.key}:{thread}.{n}") for f in plain[which]]
            told = [f._replace(premises=tuple(k + f":{thread}.{n}" for k in f.premises)) for f in expected[which]]
            if sorted(inference.infer(program, own, chosen)) != sorted(told):
                found.append(n)
        return found

    with hurried_threads() as pool:
        assert list(pool.map(wrong, range(8))) == [[]] * 8


@pytest.mark.parametrize("engine", ENGINES)
def test_whole_cases_assessed_by_eight_threads_at_once_are_not_mixed_up(engine: str, knowledge: Knowledge) -> None:
    contents = different_cases(knowledge)
    expected = [assess({**c, "case_id": "placeholder"}, knowledge, engine).to_json() for c in contents]
    assert len(set(expected)) == len(contents)
    each = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 12

    def wrong(thread: int) -> list[str]:
        found = []
        for n in range(each):
            which = (n * 7 + thread * 5) % len(contents)
            name = f"t{thread}-{n}"
            answer = assess({**contents[which], "case_id": name}, knowledge, engine).to_json()
            if answer != expected[which].replace('"placeholder"', f'"{name}"'):
                found.append(name)
        return found

    with hurried_threads() as pool:
        assert list(pool.map(wrong, range(8))) == [[]] * 8


def _answer(task: tuple[CaseDict, str]) -> str:
    case, engine = task
    return assess(case, engine=engine).to_json()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_give_the_same_answers(method: str, knowledge: Knowledge) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    tasks = [(c, engine) for c in different_cases(knowledge)[:6] for engine in ENGINES]
    expected = [_answer(t) for t in tasks]  # engines are built here first: a fork inherits them, and must not use them
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        assert list(pool.map(_answer, tasks)) == expected


_PRINTS = """
import sys
from expert import assess, load_case, load_knowledge
knowledge = load_knowledge()
for engine in sys.argv[1].split(","):
    for case in sys.argv[2:]:
        sys.stdout.write(assess(load_case(case), knowledge, engine).to_json() + "\\n")
"""


def test_the_bytes_are_the_same_for_ten_values_of_pythonhashseed(tmp_path: Path, knowledge: Knowledge) -> None:
    rich = tmp_path / "rich.json"
    several = [f for c in different_cases(knowledge)[:12] for f in c["findings"]]
    rich.write_text(json.dumps({"findings": list({(f["name"], f["side"]): f for f in several}.values())}), encoding="utf-8")
    command = [sys.executable, "-c", _PRINTS, ",".join(ENGINES), str(ROOT / "examples" / "runner.yaml"), str(rich)]

    def printed(seed: int) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, env=environment, check=True, capture_output=True).stdout

    with ThreadPoolExecutor(2) as pool:
        found = set(pool.map(printed, range(10)))
    assert len(found) == 1
    assert found.pop().count(b"\n") == 2 * len(ENGINES)


def test_the_command_prints_those_very_bytes(knowledge: Knowledge) -> None:
    case = ROOT / "examples" / "runner.yaml"
    for engine in ENGINES:
        command = [sys.executable, "-m", "expert.cli", "assess", str(case), "--json", "--engine", engine]
        out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
        assert out.decode("utf-8") == assess(load_case(case), knowledge, engine).to_json() + "\n"
