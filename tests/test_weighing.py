"""Weighing one item more gives what a fresh run gives, to the last piece of evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import CaseDict, cases

from expert import case_from_mapping, ledger, load_knowledge, pipeline
from expert.model import Knowledge, Result, Stated
from expert.normalise import normalise
from expert.questions.next_tests import plain_item
from expert.weighing import NATIVE, Weighed, weigh


def read(case: CaseDict) -> Stated:
    return normalise(case_from_mapping(case), load_knowledge().kb)


def fresh(stated: Stated, knowledge: Knowledge) -> Result:
    return pipeline.run(stated, knowledge, NATIVE)


def with_more(stated: Stated, *items: Any) -> Stated:
    return replace(stated, items=tuple(sorted((*stated.items, *items), key=lambda i: i.key)))


def turned(was: Weighed, *items: Any) -> tuple[Any, ...]:
    """The hypotheses after items were weighed in, best first."""
    standing = dict(was.standing)
    for turn in was.with_items(items):
        standing.pop(turn.about, None)
        if turn.after is not None:
            standing[turn.about] = turn.after
    return ledger.best_first(h for h in standing.values() if h.points_for)


@given(cases(least=1))
def test_a_weighed_case_has_the_hypotheses_of_the_straight_line(case: CaseDict) -> None:
    stated = read(case)
    assert weigh(stated, load_knowledge()).hypotheses == fresh(stated, load_knowledge()).hypotheses


@given(cases(least=1), st.data())
def test_one_item_more_changes_what_a_fresh_run_changes(case: CaseDict, data: Any) -> None:
    knowledge, stated = load_knowledge(), read(case)
    spoken = {t.name for v in knowledge.rulebase.programs["direct"].variants for t in (*v.terms, *v.unless)}
    wholes = [{q for c in (*p.core, *p.supporting) for q in c.asks} for p in knowledge.kb.patterns.values()]
    near = sorted(spoken & {q for asks in wholes if any(i.finding in asks for i in stated.items) for q in asks})
    kind = knowledge.kb.findings[data.draw(st.sampled_from(near or sorted(spoken)))]
    sides = ("left", "right") if "left" in kind.sides else ("midline",)
    chosen = data.draw(st.sampled_from([sides, sides[:1], sides[-1:]]))
    task = data.draw(st.sampled_from(kind.tasks or ("",)))
    present = data.draw(st.booleans())
    items = [plain_item(kind.id, side, task, present, knowledge.kb) for side in chosen]
    assume(not {i.key for i in items} & {i.key for i in stated.items})
    assert turned(weigh(stated, knowledge), *items) == fresh(with_more(stated, *items), knowledge).hypotheses


@given(cases(least=3), st.integers(0, 8))
def test_an_item_taken_out_and_weighed_in_again_leaves_no_trace(case: CaseDict, number: int) -> None:
    knowledge, stated = load_knowledge(), read(case)
    assume(stated.items)
    item = stated.items[number % len(stated.items)]
    without = replace(stated, items=tuple(i for i in stated.items if i is not item))
    assert turned(weigh(without, knowledge), item) == fresh(stated, knowledge).hypotheses


@given(cases(least=1))
def test_nothing_more_changes_nothing(case: CaseDict) -> None:
    assert weigh(read(case), load_knowledge()).with_items(()) == ()
