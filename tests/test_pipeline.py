"""The straight line from a case to an answer, on the cases that the first issue names; each also in the mirror."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small import rule, rules, small_knowledge

from expert import Assessment, CaseError, assess, case_from_mapping, case_from_quick, load_case, load_knowledge
from expert.inference import experta_door
from expert.model import Hypothesis, Knowledge

ENGINES = ["native", *(["experta"] if experta_door.installed() else [])]
OTHER = {"left": "right", "right": "left"}
LEG = {"hip", "thigh", "knee", "leg", "foot", "pelvis"}


def seen(*findings: dict[str, Any], knowledge: Knowledge, engine: str = "native", **told: Any) -> Assessment:
    return assess({"findings": list(findings), **told}, knowledge, engine)


def f(name: str, side: str | None = None, task: str | None = None, **told: Any) -> dict[str, Any]:
    return {"name": name, **({"side": side} if side else {}), **({"task": task} if task else {}), **told}


def needed(assessment: Assessment, muscle: str, side: str, state: str) -> Hypothesis:
    found = assessment.hypothesis(muscle, side, state)
    assert found is not None
    return found


# --- the hip that drops -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("drop", ["right", "left"])
def test_a_hip_that_drops_in_running_names_the_other_sides_gluteus_medius_and_not_its_own(
    drop: str, engine: str, knowledge: Knowledge
) -> None:
    result = seen(f("hip drop", drop, "running"), knowledge=knowledge, engine=engine)
    stance = OTHER[drop]
    assert needed(result, "gluteus-medius", stance, "underactive").status == "possible"
    assert needed(result, "gluteus-medius", stance, "weak").net > 0
    assert [h for h in result.hypotheses if (h.muscle, h.side) == ("gluteus-medius", drop)] == []


@pytest.mark.parametrize("drop", ["right", "left"])
def test_seen_again_in_a_single_leg_squat_on_the_same_stance_leg_it_is_supported(drop: str, knowledge: Knowledge) -> None:
    stance = OTHER[drop]
    again = f("hip drop", drop, "single-leg squat", stance=stance)
    result = seen(f("hip drop", drop, "running"), again, knowledge=knowledge)
    assert needed(result, "gluteus-medius", stance, "underactive").status == "supported"
    assert result.hypothesis("gluteus-medius", drop, "underactive") is None


def test_one_glance_never_gives_more_than_possible_even_through_an_instrument(knowledge: Knowledge) -> None:
    told = f("hip drop", "right", "single-leg squat", severity="severe")
    for glance in (seen(told, knowledge=knowledge), seen({**told, "seen_by": "instrument"}, knowledge=knowledge)):
        assert {h.status for h in glance.hypotheses} <= {"possible", "insufficient", "contested"}


def test_an_instrument_settles_the_axis_that_it_tests(knowledge: Knowledge) -> None:
    told = f("hip abduction weak", "left", severity="severe")
    by_hand, measured = (seen(x, knowledge=knowledge) for x in (told, {**told, "seen_by": "instrument"}))
    assert needed(by_hand, "gluteus-medius", "left", "weak").status == "possible"
    assert needed(measured, "gluteus-medius", "left", "weak").status == "supported"


def test_mild_signs_however_many_support_nothing(knowledge: Knowledge) -> None:
    mild = [f("hip drop", "right", task, severity="mild") for task in ("running", "walking", "single-leg squat", "single-leg stance")]
    result = seen(*mild, f("hip abduction weak", "left", severity="mild", seen_by="instrument"), knowledge=knowledge)
    assert max(h.net for h in result.hypotheses) >= 3000
    assert {h.status for h in result.hypotheses} <= {"possible", "insufficient", "contested"}


@pytest.mark.parametrize("drop", ["right", "left"])
@pytest.mark.parametrize("task", [None, "running", "single-leg stance"])
def test_a_trendelenburg_sign_of_the_stance_leg_is_the_same_case(drop: str, task: str | None, knowledge: Knowledge) -> None:
    plain = seen(f("hip drop", drop, task), knowledge=knowledge).to_dict()
    named = seen(f("Trendelenburg", OTHER[drop], task), knowledge=knowledge).to_dict()
    assert named["hypotheses"] == plain["hypotheses"] != []
    for part in ("referral", "patterns", "predicted", "causes", "plan", "trace"):
        assert named[part] == plain[part]


def test_a_drop_on_the_side_of_the_stated_stance_leg_is_refused(knowledge: Knowledge) -> None:
    with pytest.raises(CaseError, match="left leg stands"):
        seen(f("hip drop", "right", "single-leg squat", stance="right"), knowledge=knowledge)


# --- what was looked at and is not there ------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("task", [None, "squat", "single-leg squat"])
def test_a_knee_that_was_looked_at_and_does_not_cave_gives_no_hypothesis_about_that_leg(
    side: str, task: str | None, knowledge: Knowledge
) -> None:
    result = seen(f("knees cave in", side, task, present=False), f("forward head"), knowledge=knowledge)
    assert [h for h in result.hypotheses if h.side == side and knowledge.kb.muscles[h.muscle].region in LEG] == []
    assert result.hypotheses  # the neck has its own


def test_a_case_without_findings_concludes_nothing_and_says_what_was_not_asked(knowledge: Knowledge) -> None:
    result = seen(knowledge=knowledge)
    told = result.to_dict()
    assert told["hypotheses"] == told["patterns"] == told["predicted"] == told["causes"] == told["trace"] == []
    assert "findings" in {m["what"] for m in told["inputs"]["missing"]}
    assert set(told["referral"]["not_asked"]) == set(knowledge.kb.flags)
    assert told["referral"]["level"] == "not_screened"
    text = result.report("txt").casefold()
    assert f"{len(knowledge.kb.flags)} of {len(knowledge.kb.flags)}" in text
    assert not any(m.name.casefold() in text for m in knowledge.kb.muscles.values())


# --- strata -----------------------------------------------------------------------------------------------------------------

_LINKED = rules(
    rule("dip.short", "{finding: dip}", "{muscle: puller, state: shortened, points: 4}"),
    rule("link", "{hypothesis: {muscle: any, state: shortened}}", "{muscle: matched, state: overactive, points: 2}", grade="D"),
    rule("again", "{hypothesis: {muscle: any, state: overactive}}", "{muscle: matched, state: weak, points: 2}", grade="D"),
    rule(
        "sure", "{hypothesis: {muscle: puller, state: shortened, at_least: supported}}",
        "{muscle: pusher, state: weak, points: 2}", grade="D",
    ),
)  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_inferred_rests_on_the_direct_balance_once_and_is_not_inferred_from_again(engine: str) -> None:
    result = seen(f("dip", "left"), knowledge=small_knowledge(_LINKED), engine=engine)
    assert {(h.muscle, h.side, h.state) for h in result.hypotheses} == {("puller", "left", "shortened"), ("puller", "left", "overactive")}
    (line,) = [t for t in result.to_dict()["trace"] if t["stratum"] == 1]
    assert line == {"stratum": 1, "rule": "link", "premises": ["puller:left:shortened"], "conclusion": "puller:left:overactive"}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_insufficient_hypothesis_carries_nothing_and_a_supported_one_carries_what_asks_for_it(engine: str) -> None:
    known = small_knowledge(_LINKED)
    faint = seen(f("dip", "left", severity=0.2), knowledge=known, engine=engine)
    assert [h.state for h in faint.hypotheses] == ["shortened"]
    twice = [f("dip", "left", task, severity="severe") for task in ("walking", "squat")]
    sure = seen(*twice, knowledge=known, engine=engine)
    assert sure.hypothesis("pusher", "left", "weak")


def test_patterns_rest_on_findings_hypotheses_and_other_patterns() -> None:
    known = small_knowledge(
        rules(rule("dip.short", "{finding: dip}", "{muscle: puller, state: shortened, points: 4}")),
        "patterns:\n"
        "- {id: part, name: Part, core: [{hypothesis: {muscle: puller, state: shortened}}], because: b, grade: C, sources: [table]}\n"
        "- {id: whole, name: Whole, core: [{pattern: part}, {finding: lift, side: opposite}], because: b, grade: C, sources: [table]}\n",
    )
    told = seen(f("dip", "left"), f("lift", "right"), knowledge=known).to_dict()
    assert {(p["id"], p["side"], tuple(p["core"])) for p in told["patterns"]} == {
        ("part", "left", ("puller:left:shortened",)), ("whole", "left", ("lift:right", "pattern:part:left")),
    }  # fmt: skip
    assert [p["id"] for p in seen(f("dip", "left"), f("lift", "left"), knowledge=known).to_dict()["patterns"]] == ["part"]


def test_sources_that_dispute_each_other_are_named_when_both_have_spoken(knowledge: Knowledge) -> None:
    told = seen(f("hip drop", "right", "single-leg squat"), knowledge=knowledge).to_dict()["conflicts"]
    pairs = {tuple(c["between"]) for c in told}
    assert ("hip-drop.free-side-quadratus-lumborum", "hip-drop.nasm-quadratus-lumborum") in pairs
    assert all(c["sources"] and list(c["between"]) == sorted(c["between"]) for c in told)
    assert seen(f("hip drop", "right", "running"), knowledge=knowledge).to_dict()["conflicts"] == []


def test_what_nothing_could_use_is_told_with_the_reason(knowledge: Knowledge) -> None:
    known = small_knowledge(rules(rule("r", "{finding: dip, task: walking}", "{muscle: puller, state: weak, points: 4, absent: 0}")))

    def unused(*findings: dict[str, Any]) -> dict[str, str]:
        return {u["finding"]: u["because"] for u in seen(*findings, knowledge=known).to_dict()["unused"]}

    assert "say which: walking, squat" in unused(f("dip", "left"))["dip:left"]
    assert "absence" in unused(f("dip", "left", "walking", present=False))["dip:left:walking"]
    assert "no rule reads it" in unused(f("lift", "left"))["lift:left"]
    assert "pain" in unused(f("dip", "left", "walking", pain=4))["dip:left:walking"]
    assert unused(f("dip", "left", "walking")) == {}


# --- the face ---------------------------------------------------------------------------------------------------------------


def test_a_case_may_be_a_mapping_a_case_or_quick_entries(knowledge: Knowledge) -> None:
    told = {"case_id": "quick", "findings": [f("hip drop", "right", "running")]}
    first = assess(told, knowledge, "native").to_json()
    assert assess(case_from_mapping(told), knowledge, "native").to_json() == first
    assert assess(case_from_quick(["hip drop:right:running"]), knowledge, "native").to_json() == first


def test_assessing_leaves_the_mapping_as_it_was(knowledge: Knowledge) -> None:
    told = {"findings": [f("Trendelenburg", "left", "running")], "patient": {"age": 30}}
    assess(told, knowledge, "native")
    assert told == {"findings": [f("Trendelenburg", "left", "running")], "patient": {"age": 30}}


def test_the_shipped_knowledge_is_read_once_and_is_the_default(knowledge: Knowledge) -> None:
    assert load_knowledge() is knowledge
    told = {"findings": [f("hip drop", "right", "running")]}
    assert assess(told, engine="native").to_json() == assess(told, knowledge, "native").to_json()


def test_a_result_is_frozen_and_names_its_parts(knowledge: Knowledge) -> None:
    result = seen(f("hip drop", "right", "running"), knowledge=knowledge, case_id="runner-01")
    assert result.case_id == "runner-01"
    best = result.hypotheses[0]
    assert (best.muscle, best.name, best.side, best.axis, best.state) == (
        "gluteus-medius", "Gluteus medius", "left", "activity", "underactive",
    )  # fmt: skip
    assert best.points == best.net / 1000
    with pytest.raises(AttributeError):
        result.result = None  # type: ignore[misc,assignment]
    with pytest.raises(AttributeError):
        best.net = 0  # type: ignore[misc]


def test_a_result_shows_itself_as_text_and_in_notebooks(knowledge: Knowledge) -> None:
    result = seen(f("hip drop", "right", "running"), knowledge=knowledge)
    assert str(result) == result.report("txt")
    assert "Gluteus medius" in result._repr_html_()


def test_all_that_is_wrong_with_a_case_is_said_at_once(knowledge: Knowledge) -> None:
    with pytest.raises(CaseError) as raised:
        seen(f("hip drop"), f("no such thing", "left"), f("knees cave in", "left", "lying"), knowledge=knowledge)
    assert len(raised.value.faults) == 3


def test_a_path_a_mapping_and_a_case_are_all_taken(tmp_path: Path) -> None:
    told = {"findings": [{"name": "hip drop", "side": "right"}]}
    file = tmp_path / "case.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    answers = {assess(one, engine="native").to_json() for one in (file, str(file), told, load_case(file))}
    assert len(answers) == 1


def test_why_without_a_side_answers_for_both() -> None:
    answer = assess({"findings": [{"name": "hip drop", "side": "right"}]}, engine="native").why("gluteus minimus")
    assert {(h.proof.side, h.proof.state) for h in answer.hypotheses} >= {("left", "underactive")}
    assert {s.side for s in answer.silent} == {"right"}


def test_the_text_report_has_the_name_that_the_command_line_gives_it() -> None:
    answer = assess({"findings": []}, engine="native")
    assert answer.report("text") == answer.report("txt") == str(answer)
