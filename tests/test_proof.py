"""Proofs: trees of data that end in what the case states, in its own words, and whose points add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from corpus import cases as corpus_cases
from hypothesis import given
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases

from expert import Assessment, assess, load_knowledge
from expert.model import Knowledge
from expert.proof import Ground, Prover, Seen, Suspicion, Whole

RUNNER = {
    "findings": [
        {"name": "hip drops", "side": "right", "task": "running", "severity": "mild", "seen_by": "video"},
        {"name": "Trendelenburg sign", "side": "left", "task": "single-leg squat"},
    ]
}
WEAK = "{muscle: puller, state: weak, points: 4}"


@pytest.fixture(scope="module")
def runner(knowledge: Knowledge) -> Assessment:
    return assess(RUNNER, knowledge, "native")


def proof(answer: Assessment, muscle: str, side: str, state: str) -> Suspicion:
    found = answer.hypothesis(muscle, side, state)
    assert found is not None
    return Prover(answer.result, answer.knowledge).suspicion(found)


def small_proof(findings: list[CaseDict], *texts: str) -> Suspicion:
    return proof(assess({"findings": findings}, small_knowledge(*texts), "native"), "puller", "left", "weak")


def inside(node: Any) -> Iterator[Any]:
    """A node and all that it rests on."""
    yield node
    for child in (*getattr(node, "grounds", ()), *getattr(node, "rests", ()), *getattr(node, "core", ())):
        yield from inside(child)


def leaves(node: Any) -> Iterator[Any]:
    return (n for n in inside(node) if not (getattr(n, "grounds", ()) or getattr(n, "rests", ()) or getattr(n, "core", ())))


# --- what a proof holds --------------------------------------------------------------------------------------------------------------


def test_the_leaves_of_a_proof_are_the_items_in_their_written_words(runner: Assessment) -> None:
    told = {(leaf.key, leaf.written, leaf.present) for leaf in leaves(proof(runner, "gluteus-medius", "left", "underactive"))}
    assert told == {
        ("hip-drop:right:running", "hip drops", True), ("hip-drop:right:single-leg-squat", "Trendelenburg sign", True),
    }  # fmt: skip


def test_a_leaf_says_side_task_severity_and_who_saw_it(runner: Assessment) -> None:
    seen = {leaf.key: leaf for leaf in leaves(proof(runner, "gluteus-medius", "left", "underactive"))}["hip-drop:right:running"]
    assert (seen.name, seen.side, seen.severity, seen.seen_by) == ("Hip (pelvic) drop", "right", 0.5, "video")
    assert seen.task is not None
    assert (seen.task.id, seen.task.name) == ("running", "Running")


def test_a_rule_tells_its_title_points_factors_grade_and_sources(runner: Assessment, knowledge: Knowledge) -> None:
    tree = proof(runner, "gluteus-medius", "left", "underactive")
    h = runner.hypothesis("gluteus-medius", "left", "underactive")
    assert h is not None
    assert [g.rule for g in tree.grounds] == [e.piece.rule.id for e in h.evidence]
    for ground, e in zip(tree.grounds, h.evidence, strict=True):
        assert (ground.title, ground.grade, ground.because) == (e.piece.rule.title, e.piece.rule.grade, e.piece.because)
        assert [(s.id, s.title) for s in ground.sources] == [(s, knowledge.kb.sources[s].title) for s in e.piece.rule.sources]
        product = ground.claimed * ground.reliability * ground.severity * ground.weight
        assert product == pytest.approx(abs(ground.points), abs=0.0006)


def test_what_counts_less_names_the_rule_that_it_repeats() -> None:
    second = rule("second", "{finding: dip}", "{muscle: puller, state: weak, points: 2}", source="second-table")
    copied = rule("copied", "{finding: dip}", "{muscle: puller, state: weak, points: 2}", source="copy-of-table")
    tree = small_proof([{"name": "dip", "side": "left"}], rules(rule("first", "{finding: dip}", WEAK), second, copied))
    assert {g.rule: (g.weight, [n.id for n in g.repeats]) for g in tree.grounds} == {
        "first": (1.0, []), "second": (0.5, ["first"]), "copied": (0.0, ["first"]),
    }  # fmt: skip


def test_against_absent_and_the_opposite_state_are_told_with_their_sign() -> None:
    text = rules(
        rule("for", "{finding: dip}", WEAK), rule("rival", "{finding: lift}", "{muscle: puller, state: strong, points: 2}"),
        rule("no", "{finding: dip}", "{muscle: puller, state: weak, points: 1, against: true}"),
        rule("gone", "{finding: bow}", "{muscle: puller, side: both, state: weak, points: 2}", source="second-table"),
    )  # fmt: skip
    tree = small_proof([{"name": "dip", "side": "left"}, {"name": "lift", "side": "left"}, {"name": "bow", "present": False}], text)
    told = {g.rule: (g.speaks, g.absent, g.points) for g in tree.grounds}
    assert told == {
        "for": ("for", False, 2.4), "no": ("against", False, -0.6), "gone": ("against", True, -0.3), "rival": ("opposite", False, -1.2),
    }  # fmt: skip
    assert tree.points == pytest.approx(0.3)
    assert [leaf.present for leaf in leaves(tree) if leaf.finding == "bow"] == [False]


def test_what_is_inferred_rests_on_a_hypothesis_and_on_that_ones_proof() -> None:
    link = rule("link", "{hypothesis: {muscle: any, state: shortened}}", "{muscle: matched, state: weak, points: 1}", grade="D")
    text = rules(rule("seen", "{finding: dip}", "{muscle: puller, state: shortened, points: 4}"), link)
    (ground,) = small_proof([{"name": "dip", "side": "left"}], text).grounds
    assert (ground.channel, ground.rule) == ("inferred", "link")
    (under,) = ground.rests
    assert isinstance(under, Suspicion)
    assert (under.muscle, under.state, under.observed_alone, under.points) == ("puller", "shortened", True, 2.4)
    assert [leaf.key for leaf in leaves(under)] == ["dip:left"]


def test_a_measured_item_tells_the_values_and_the_verdict(knowledge: Knowledge) -> None:
    values = [{"name": "knee to wall", "side": side, "value": value, "unit": "cm"} for side, value in (("left", 4), ("right", 11))]
    answer = assess({"findings": [], "measurements": values}, knowledge, "native")
    told = Prover(answer.result, knowledge).seen("dorsiflexion-limited:left").measured
    assert told
    assert {m.verdict for m in told} == {"present"}
    assert any("4 cm" in m.values for m in told)
    assert all(m.because and m.sources for m in told)


def test_a_held_hypothesis_names_the_flags_that_hold_it(knowledge: Knowledge) -> None:
    case = {"findings": [{"name": "foot drop", "side": "right", "task": "walking"}], "symptoms": [{"name": "saddle numbness"}]}
    tree = proof(assess(case, knowledge, "native"), "tibialis-anterior", "right", "weak")
    assert "cauda-equina" in {f.id for f in tree.held_by}
    assert not proof(assess({"findings": case["findings"][:0] + RUNNER["findings"]}, knowledge, "native"),
                     "gluteus-medius", "left", "underactive").held_by  # fmt: skip


def test_a_pattern_rests_on_its_core_and_names_what_is_missing(knowledge: Knowledge) -> None:
    case = {
        "findings": [
            {"name": "knee-valgus", "side": "left", "task": "single-leg-squat"}, {"name": "dorsiflexion-limited", "side": "left"},
        ]
    }  # fmt: skip
    answer = assess(case, knowledge, "native")
    found = next(p for p in answer.result.patterns if p.id == "stiff-ankle-knee")
    whole = Prover(answer.result, knowledge).whole(found)
    assert isinstance(whole, Whole)
    assert {leaf.key for leaf in leaves(whole)} == {"knee-valgus:left:single-leg-squat", "dorsiflexion-limited:left"}
    assert (whole.need, whole.side) == (2, "left")


# --- laws ----------------------------------------------------------------------------------------------------------------------------


def adds_up(tree: Suspicion) -> None:
    for node in inside(tree):
        if isinstance(node, Suspicion):
            assert sum(round(1000 * g.points) for g in node.grounds) == round(1000 * node.points)
            assert sum(round(1000 * g.points) for g in node.grounds if g.points > 0) == round(1000 * node.points_for)


def ends_in_items(tree: Any, keys: set[str]) -> None:
    for leaf in leaves(tree):
        assert isinstance(leaf, Seen)
        assert leaf.key in keys
    assert all(n.rests for n in inside(tree) if isinstance(n, Ground))


def lawful(answer: Assessment, most: int) -> None:
    prover = Prover(answer.result, answer.knowledge)
    keys = {i.key for i in answer.result.stated.items}
    inferred = [h for h in answer.hypotheses if any(e.piece.basis.channel == "inferred" for e in h.evidence)]
    for h in (*answer.hypotheses[:most], *inferred[:most]):
        tree = prover.suspicion(h)
        adds_up(tree)
        ends_in_items(tree, keys)
    for p in answer.result.patterns:
        whole = prover.whole(p)
        ends_in_items(whole, keys)
        assert whole.core


@given(cases(least=1))
def test_every_proof_of_every_case_ends_in_its_items_and_adds_up(case: CaseDict) -> None:
    lawful(assess(case, load_knowledge(), "native"), 12)


def test_every_proof_of_the_hand_written_cases_ends_in_its_items_and_adds_up(knowledge: Knowledge) -> None:
    for case in corpus_cases()[::8]:
        lawful(assess(case.case, knowledge, "native"), 3)
