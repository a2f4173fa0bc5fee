"""Why, and why not: trees that end in what the case states, in its own words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases

from expert import Assessment, UsageError, assess, load_knowledge
from expert.model import Knowledge
from expert.proof import Node

RUNNER = {
    "findings": [
        {"name": "hip drops", "side": "right", "task": "running"},
        {"name": "Trendelenburg sign", "side": "left", "task": "single-leg squat"},
    ]
}
WEAK = "{muscle: puller, state: weak, points: 4}"


@pytest.fixture(scope="module")
def runner(knowledge: Knowledge) -> Assessment:
    return assess(RUNNER, knowledge, "native")


def leaves(node: Node) -> Iterator[Node]:
    if not node.children:
        yield node
    for child in node.children:
        yield from leaves(child)


def only(nodes: tuple[Node, ...]) -> Node:
    assert len(nodes) == 1
    return nodes[0]


# --- why -----------------------------------------------------------------------------------------------------------------------------


def test_the_leaves_of_a_proof_are_the_stated_items_in_their_written_words(runner: Assessment) -> None:
    tree = only(runner.why("gluteus medius", "left", "underactive").trees)
    told = {(leaf.kind, leaf.label.partition("[")[2].rstrip("]"), leaf.detail) for leaf in leaves(tree)}
    assert told == {
        ("item", "hip-drop:right:running", "present; the case says 'hip drops'"),
        ("item", "hip-drop:right:single-leg-squat", "present; the case says 'Trendelenburg sign'"),
    }


def test_a_proof_gives_each_rule_its_points_grade_and_source(runner: Assessment, knowledge: Knowledge) -> None:
    tree = only(runner.why("gluteus medius", "left", "underactive").trees)
    h = runner.hypothesis("gluteus-medius", "left", "underactive")
    assert h is not None
    assert (tree.points, sum(c.points or 0 for c in tree.children)) == (h.points, pytest.approx(h.points))
    assert [c.label for c in tree.children] == [e.piece.rule.id for e in h.evidence]
    for child, evidence in zip(tree.children, h.evidence, strict=True):
        assert f"grade {evidence.piece.rule.grade}" in child.detail
        assert knowledge.kb.sources[evidence.piece.rule.sources[0]].title in child.detail
        assert evidence.piece.because in child.detail


def test_what_is_against_is_told_too_and_the_sum_still_holds() -> None:
    known = small_knowledge(
        rules(rule("for", "{finding: dip}", WEAK), rule("rival", "{finding: lift}", "{muscle: puller, state: strong, points: 2}"),
              rule("gone", "{finding: bow}", "{muscle: puller, side: both, state: weak, points: 2}", source="second-table"))
    )  # fmt: skip
    case = {"findings": [{"name": "dip", "side": "left"}, {"name": "lift", "side": "left"}, {"name": "bow", "present": False}]}
    tree = only(assess(case, known, "native").why("puller", "left", "weak").trees)
    assert [(c.label, c.points) for c in tree.children] == [("for", 2.4), ("gone", -0.3), ("the opposite state", -1.2)]
    assert tree.points == pytest.approx(0.9)
    assert "absent" in only(tree.children[1].children).detail


@given(cases(least=1))
def test_every_hypothesis_of_every_case_has_a_proof_that_ends_in_items_and_adds_up(case: CaseDict) -> None:
    result = assess(case, load_knowledge(), "native")
    keys = {i.key for i in result.result.stated.items}
    for h in result.hypotheses[:6]:
        tree = only(result.why(h.muscle, h.side, h.state).trees)
        assert sum(c.points or 0 for c in tree.children) == pytest.approx(tree.points) == pytest.approx(h.points)
        for leaf in leaves(tree):
            assert leaf.kind == "rival" or leaf.label.partition("[")[2].rstrip("]") in keys


def test_without_a_state_every_suspected_state_is_proved_best_first(runner: Assessment) -> None:
    trees = runner.why("gluteus medius", "left").trees
    states = [tree.label.split()[-1] for tree in trees]
    assert {"underactive", "lengthened", "weak"} <= set(states)
    assert [t.points for t in trees] == sorted((t.points or 0 for t in trees), reverse=True)


@pytest.mark.parametrize(("words", "side"), [("glute med", "L"), ("Gluteus Medius", "Left"), ("gluteus-medius", "lt")])
def test_muscles_and_sides_are_understood_as_in_a_case(words: str, side: str, runner: Assessment) -> None:
    answer = runner.why(words, side)
    assert (answer.muscle, answer.side) == ("gluteus-medius", "left")


def test_a_group_is_answered_muscle_by_muscle(runner: Assessment, knowledge: Knowledge) -> None:
    answer = runner.why("adductors", "left", "overactive")
    assert answer.muscle == "adductor-complex"
    names = [knowledge.kb.muscles[m].name for m in knowledge.kb.groups["adductor-complex"].members]
    assert [next(n for n in names if t.label.startswith(n)) for t in answer.trees] == names


def test_the_answer_prints_as_an_indented_tree(runner: Assessment) -> None:
    lines = str(runner.why("gluteus medius", "left", "underactive")).splitlines()
    assert lines[0].startswith("+3.6 Gluteus medius left underactive: supported")
    assert lines[1].startswith("  +2.4 ")
    assert next(line for line in lines if "hip-drop:right:running" in line).startswith("    Hip (pelvic) drop [")
    assert max(map(len, lines)) <= 80


# --- why not -------------------------------------------------------------------------------------------------------------------------


def why_not(findings: list[CaseDict], *texts: str, side: str = "left") -> dict[str, list[tuple[str, str]]]:
    """rule -> its premises with what the case says of each."""
    tree = only(assess({"findings": findings}, small_knowledge(*texts), "native").why("puller", side, "weak").trees)
    assert tree.kind == "why-not"
    return {r.label: [(p.label, p.detail) for p in r.children] for r in tree.children}


def test_why_not_lists_the_rules_that_could_and_no_others() -> None:
    found = why_not(
        [],
        rules(
            rule("could", "{finding: dip}", WEAK), rule("other-muscle", "{finding: dip}", "{muscle: pusher, state: weak, points: 4}"),
            rule("other-state", "{finding: dip}", "{muscle: puller, state: strong, points: 4}"),
            rule("against", "{finding: dip}", "{muscle: puller, state: weak, points: 4, against: true}"),
            rule("by-group", "{finding: lift}", "{muscle: movers, state: weak, points: 4}"),
        ),
    )  # fmt: skip
    assert set(found) == {"could", "by-group"}


@pytest.mark.parametrize(
    ("relative", "side", "wanted"), [("same", "left", "left"), ("opposite", "left", "right"), ("opposite", "right", "left")]
)
def test_why_not_asks_for_the_finding_on_the_side_that_would_speak_for_this_muscle(relative: str, side: str, wanted: str) -> None:
    text = rules(rule("r", "{finding: dip}", f"{{muscle: puller, side: {relative}, state: weak, points: 4}}"))
    assert why_not([], text, side=side) == {"r": [(f"Dip {wanted}", "not asked")]}


def test_why_not_says_of_each_premise_whether_it_was_asked_and_what_was_seen() -> None:
    text = rules(rule("r", "{finding: dip, task: walking}", WEAK.replace("points: 4", "points: 4, absent: 0")))
    assert why_not([], text) == {"r": [("Dip left in walking", "not asked")]}
    assert why_not([{"name": "dip", "side": "right", "task": "walking"}], text) == {"r": [("Dip left in walking", "not asked")]}
    absent = [{"name": "dip", "side": "left", "task": "walking", "present": False}]
    assert why_not(absent, text) == {"r": [("Dip left in walking", "absent")]}
    elsewhere = [{"name": "dip", "side": "left", "task": "squat"}]
    assert why_not(elsewhere, text) == {"r": [("Dip left in walking", "present, but not as this rule wants it")]}


def test_why_not_does_not_blame_a_premise_that_is_there_as_the_rule_wants_it() -> None:
    text = rules(rule("r", "{all: [{finding: dip}, {finding: lift}]}", WEAK))
    found = dict(why_not([{"name": "dip", "side": "left"}], text)["r"])
    assert found["Lift left"] == "not asked"
    assert found.get("Dip left") in (None, "present")


def test_why_not_knows_that_a_finding_of_the_midline_was_asked_about() -> None:
    tilt = "findings:\n- {id: tilt, name: Tilt, sides: [midline, left, right], side_optional: true}\n"
    text = rules(rule("r", "{finding: tilt}", WEAK.replace("points: 4", "points: 4, absent: 0")))
    assert [detail for _, detail in why_not([{"name": "tilt", "present": False}], tilt, text)["r"]] == ["absent"]


def test_a_muscle_that_nothing_speaks_for_in_the_shipped_knowledge_gets_its_rules(runner: Assessment) -> None:
    tree = only(runner.why("gluteus medius", "right", "underactive").trees)
    assert tree.kind == "why-not"
    assert "hip-drop.stance-abductors" in {r.label for r in tree.children}
    wanted = next(r for r in tree.children if r.label == "hip-drop.stance-abductors")
    assert [(p.label, p.detail) for p in wanted.children] == [("Hip (pelvic) drop left", "not asked")]


# --- what cannot be asked ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("muscle", "side", "state", "says"),
    [
        ("flux capacitor", "left", None, "unknown muscle 'flux capacitor'"),
        ("gluteus magnus", "left", None, "did you mean"),
        ("gluteus medius", "midline", None, "no side of a muscle"),
        ("gluteus medius", "both", None, "no side of a muscle"),
        ("gluteus medius", "starboard", None, "say left or right"),
        ("gluteus medius", "left", "tight", "unknown state 'tight'; it is one of overactive"),
    ],
)
def test_what_nobody_can_answer_is_an_error_that_helps(muscle: str, side: str, state: str | None, says: str, runner: Assessment) -> None:
    with pytest.raises(UsageError, match=says):
        runner.why(muscle, side, state)
