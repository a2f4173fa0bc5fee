"""What to look at next: what is promised is what a fresh run says, what is stated is not asked again, and it stops for a reason."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases
from worked import ROOT, is_as_shown, keys, shown, told_keys

from expert import Assessment, UsageError, assess, case_from_mapping, load_case, load_knowledge, pipeline
from expert.ledger import is_contradicted
from expert.model import Knowledge, Result, Stated
from expert.normalise import key_of, normalise
from expert.questions.next_tests import NextTest, NextTests, at_stake, flag_questions, next_tests, plain_item
from expert.weighing import NATIVE, weigh

Status = dict[tuple[str, str, str], tuple[str, float]]


def run(case: CaseDict, knowledge: Knowledge | None = None) -> Assessment:
    return assess(case, knowledge or load_knowledge(), "native")


def statuses(result: Result) -> Status:
    weighed = {h.about: h for h in (*result.contradicted, *result.hypotheses)}
    return {(a.muscle, a.side, a.state): ("contradicted" if is_contradicted(h) else h.status, h.points) for a, h in weighed.items()}


def with_test(case: CaseDict, test: NextTest, present: bool) -> CaseDict:
    told = {"name": test.finding, "present": present, "side": None if test.side == "midline" else test.side, "task": test.task}
    if test.side == "midline" and "midline" in load_knowledge().kb.findings[test.finding].sides:
        told["side"] = "midline"
    more = deepcopy(case)
    more.setdefault("findings", []).append({k: v for k, v in told.items() if v is not None})
    return more


def findings(answer: NextTests) -> list[tuple[str, str, str | None]]:
    return [(t.finding, t.side, t.task) for t in answer.tests if t.kind == "test"]


# --- laws -----------------------------------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(cases(least=1))
def test_what_a_test_would_change_is_what_a_fresh_run_with_it_says(case: CaseDict) -> None:
    answer = run(case)
    now = statuses(answer.result)
    for test in [t for t in answer.next_tests().tests if t.kind == "test"]:
        present, absent = (statuses(run(with_test(case, test, p)).result) for p in (True, False))
        assert test.changes
        for c in test.changes:
            about = (c.muscle, c.side, c.state)
            assert now.get(about, ("insufficient", c.points)) == (c.now, c.points)
            assert present.get(about, ("insufficient", c.points_if_present)) == (c.if_present, c.points_if_present)
            assert absent.get(about, ("insufficient", c.points_if_absent)) == (c.if_absent, c.points_if_absent)
            assert {c.if_present, c.if_absent} != {c.now}


@given(cases(least=1))
def test_nothing_that_is_stated_is_asked_again_and_no_finding_twice(case: CaseDict) -> None:
    answer = run(case)
    stated = {i.key for i in answer.result.stated.items}
    tests = answer.next_tests().tests
    for test in tests:
        sides = ("left", "right") if test.side == "bilateral" else (test.side,)
        assert not stated & {key_of(test.finding, side, test.task or "") for side in sides}
    assert len({t.finding for t in tests}) == len(tests)


@given(cases(least=1))
def test_it_stops_for_a_reason_or_says_where_to_go_on(case: CaseDict) -> None:
    answer = run(case).next_tests()
    assert answer.should_stop is bool(answer.because)
    assert answer.should_stop is not bool(findings(answer))
    kinds = [t.kind for t in answer.tests]
    assert kinds == sorted(kinds), "red flags come first"


_SMALL = rules(
    rule("dip-puller", "{finding: dip}", "{muscle: puller, side: opposite, state: underactive, points: 4}"),
    rule("lift-puller", "{finding: lift}", "{muscle: puller, state: underactive, points: 3}", source="second-table"),
    rule("lift-pusher", "{finding: lift}", "{muscle: pusher, state: overactive, points: 2}"),
    rule("bow-turner", "{finding: bow}", "{muscle: turner, side: both, state: shortened, points: 2}"),
    rule("bow-and-dip", "{all: [{finding: bow}, {finding: dip}]}", "{muscle: turner, state: shortened, points: 3}"),
    rule("short-busy", "{hypothesis: {muscle: turner, state: shortened}}", "{muscle: pusher, state: overactive, points: 2}", grade="D"),
)


@pytest.mark.parametrize("dip", [None, "left", "right"])
@pytest.mark.parametrize("lift", [None, True, False])
@pytest.mark.parametrize("bow", [None, True, False])
def test_where_it_stops_nothing_that_is_left_would_change_a_status(dip: str | None, lift: bool | None, bow: bool | None) -> None:
    knowledge = small_knowledge(_SMALL)
    given = [{"name": "dip", "side": dip, "task": "walking"}] if dip else []
    given += [{"name": "lift", "side": "right", "present": lift}] if lift is not None else []
    given += [{"name": "bow", "present": bow}] if bow is not None else []
    stated = normalise(case_from_mapping({"findings": given}), knowledge.kb)
    answer = next_tests(stated, knowledge)
    wanted = {(a.muscle, a.side, a.state) for a in at_stake(weigh(stated, knowledge))[1]}
    assert answer.at_stake == len(wanted)
    assert answer.should_stop is not any(_turns(stated, knowledge, wanted))


def _turns(stated: Stated, knowledge: Knowledge, wanted: set[tuple[str, str, str]]) -> Any:
    """Every single thing that could be looked at, and whether it would change a status at stake: by fresh runs, of all there is."""
    now = statuses(pipeline.run(stated, knowledge, NATIVE))
    for kind in knowledge.kb.findings.values():
        for side in ("left", "right") if "left" in kind.sides else ("midline",):
            for task in kind.tasks or ("",):
                for present in (True, False):
                    item = plain_item(kind.id, side, task, present, knowledge.kb)
                    if item.key in {i.key for i in stated.items}:
                        continue
                    items = tuple(sorted((*stated.items, item), key=lambda i: i.key))
                    then = statuses(pipeline.run(replace(stated, items=items), knowledge, NATIVE))
                    nothing = ("insufficient", 0.0)
                    yield any(now.get(a, nothing)[0] != then.get(a, nothing)[0] for a in wanted)


# --- what is asked first, and what never ---------------------------------------------------------------------------------------------


def asked_first(*findings: Any, **rest: Any) -> list[NextTest]:
    return [t for t in run({"findings": list(findings), **rest}).next_tests().tests if t.kind == "flag"]


DROP = {"name": "hip drop", "side": "right", "task": "running"}


@pytest.mark.parametrize(
    ("case", "first"),
    [
        ({"findings": [DROP], "symptoms": ["low back pain"]}, "saddle-numbness"),
        ({"findings": [DROP], "history": ["runner"]}, "groin-pain"),
        ({"findings": [{"name": "shoulder hike", "side": "left", "task": "overhead reach"}], "symptoms": ["night pain"]}, "cancer"),
        ({"findings": [{"name": "shoulder hike", "side": "left", "task": "overhead reach"}]}, "cancer"),
        ({"findings": [{"name": "dorsiflexion limited", "side": "left"}], "history": ["recent surgery"]}, "calf-swelling"),
        ({"findings": [{"name": "knee valgus", "side": "left", "task": "squat"}]}, "hot-swollen-joint"),
    ],
)
def test_the_first_question_is_the_one_that_fits_where_the_complaint_is(case: CaseDict, first: str) -> None:
    asked = [t.finding for t in run(case).next_tests().tests if t.kind == "flag"]
    assert first in asked[:2]
    assert asked[0] == first or first == "calf-swelling"


def test_after_an_operation_the_calf_is_asked_about() -> None:
    bent = {"name": "dorsiflexion limited", "side": "left"}
    told = asked_first(bent, surgery=[{"name": "ACL reconstruction", "side": "left", "date": "2026-09-13"}])
    assert "calf-swelling" in {t.finding for t in told}


@pytest.mark.parametrize("symptoms", [["low back pain"], ["night pain"], ["groin pain"]])
def test_what_seldom_is_meant_is_never_among_the_first_questions(symptoms: list[str]) -> None:
    told = [{"name": s, **({"side": "left"} if s == "groin pain" else {})} for s in symptoms]
    asked = {t.finding for t in asked_first(DROP, symptoms=told, patient={"age": 23, "sex": "female"})}
    assert asked
    assert not asked & {"ascending-weakness", "pulsating-abdomen", "dark-urine", "gowers-sign", "fatigable-weakness"}


def test_an_age_and_a_sex_bring_a_question_forward() -> None:
    """A swelling of the aorta is asked after in older men with back pain before it is in others."""
    def place(**patient: Any) -> int:
        stated = normalise(case_from_mapping({"findings": [], "symptoms": ["low back pain"], "patient": patient}), load_knowledge().kb)
        return [t.finding for t in flag_questions(weigh(stated, load_knowledge()))].index("pulsating-abdomen")

    assert place(age=70, sex="male") < place(age=23, sex="female")


def test_what_is_written_as_unknown_of_a_raised_flag_is_asked_at_once() -> None:
    asked = assess(load_case("examples/red-flag.yaml"), engine="native").next_tests().tests
    assert asked[0].finding == "bladder-change"
    assert "ask at once" in asked[0].why


def test_where_a_grave_flag_is_raised_things_are_asked_and_no_hand_is_laid_on() -> None:
    kb = load_knowledge().kb
    for name in ("red-flag", "overhead-athlete"):
        case = assess(load_case(f"examples/{name}.yaml"), engine="native")
        for test in case.next_tests().tests if case.referral.level == "emergency" else ():
            assert (kb.findings[test.finding].how or "").startswith("Ask"), test.finding


def test_words_longer_than_any_name_are_refused_in_short() -> None:
    with pytest.raises(UsageError, match="at most") as refused:
        run({"findings": []}).next_tests("x" * 100_000)
    assert len(str(refused.value)) < 200


def test_every_flag_that_says_when_it_is_asked_names_what_there_is() -> None:
    kb = load_knowledge().kb
    regions = {f.region for f in kb.findings.values()}
    for flag in kb.flags.values():
        assert set(flag.asking.regions) <= regions, flag.id
        assert set(flag.asking.prompts) <= {*kb.findings, *kb.tasks}, flag.id
        assert flag.asking.first is None or flag.asking.first in flag.when.core, flag.id


def test_while_a_grave_flag_of_a_limb_is_half_met_nothing_that_loads_the_limb_is_proposed() -> None:
    kb = load_knowledge().kb
    knee = {"name": "knee valgus", "side": "left", "task": "running"}
    sore = {"name": "groin pain", "side": "left"}

    def loading(**rest: Any) -> list[str]:
        tests = [t for t in run({"findings": [DROP, knee], **rest}).next_tests().tests if t.kind == "test"]
        assert tests
        return [t.finding for t in tests if (t.task and kb.tasks[t.task].loads == "legs") or t.method == "strength-test"]

    assert loading()
    assert loading(symptoms=[sore]) == []


def test_a_posture_of_standing_is_not_asked_for_in_lying() -> None:
    case = {"findings": [{"name": "hamstrings short", "side": "right"}, {"name": "knee valgus", "side": "right", "task": "landing"}]}
    assert "lying" not in {t.task for t in run(case).next_tests("rectus femoris:right").tests if t.method == "observation"}


def test_what_lies_on_one_side_alone_is_never_asked_for_on_both() -> None:
    kb = load_knowledge().kb
    short = [{"name": "iliotibial band short", "side": side} for side in ("left", "right")]
    for test in run({"findings": short}).next_tests().tests:
        assert test.kind == "flag" or test.side != "bilateral" or "bilateral" in kb.findings[test.finding].sides


@pytest.mark.parametrize(("state", "method"), [("weak", "strength-test"), ("shortened", "length-test")])
def test_strength_is_asked_of_a_strength_test_and_length_of_a_length_test(state: str, method: str) -> None:
    muscle = {"weak": "gluteus medius", "shortened": "rectus femoris"}[state]
    tests = run({"findings": [DROP]}).next_tests(f"{muscle}:left:{state}").tests
    assert next(t.method for t in tests if t.kind == "test") == method


def test_synergists_of_which_one_test_tells_alike_count_once() -> None:
    answer = assess(load_case("examples/squatter.yaml"), engine="native").next_tests()
    counted = [(t.expected, len(t.changes)) for t in answer.tests if t.kind == "test"]
    assert any(expected < changed / 2 for expected, changed in counted)


def test_a_raised_red_flag_stops_everything_but_questions_about_red_flags() -> None:
    answer = assess(load_case("examples/red-flag.yaml"), engine="native").next_tests()
    assert answer.should_stop
    assert "refer first" in answer.because
    assert {t.kind for t in answer.tests} <= {"flag"}
    assert "Stop" in answer.report("txt").splitlines()[1]


def test_what_hurt_is_not_tested_again() -> None:
    case = {"findings": [{"name": "hip drop", "side": "right", "task": "running"}]}
    asked = {t.finding for t in run(case).next_tests("gluteus medius:left").tests if t.kind == "test"}
    strength = "hip-abduction-weak"
    sore = {"findings": [*case["findings"], {"name": strength, "side": "left", "present": False, "pain": 6}]}
    assert asked
    assert strength not in {t.finding for t in run(sore).next_tests("gluteus medius:left").tests}


def test_the_opposite_of_what_was_seen_is_not_looked_for() -> None:
    seen = {"name": "knee valgus", "side": "left", "task": "squat"}
    case = {"findings": [{"name": "hip drop", "side": "right", "task": "running"}, seen]}
    assert ("knee-varus", "left") not in {(t.finding, t.side) for t in run(case).next_tests().tests}


def test_a_symmetrical_case_asks_for_both_sides_at_once() -> None:
    answer = assess(load_case("examples/desk-worker.yaml"), engine="native").next_tests("pectoralis minor:left")
    assert answer.tests
    both = run({"findings": [{"name": "anterior pelvic tilt", "side": "bilateral", "task": "standing"}]}).next_tests()
    assert "left" not in {t.side for t in both.tests}
    assert "right" not in {t.side for t in both.tests}


def test_what_a_surgeon_restricted_is_said() -> None:
    surgery = [{"name": "hip replacement", "restrictions": ["no squats"]}]
    case = {"findings": [{"name": "hip drop", "side": "right", "task": "running"}], "surgery": surgery}
    assert run(case).next_tests().cautions == ("hip replacement: no squats",)


# --- a target, a battery ---------------------------------------------------------------------------------------------------------


def test_a_target_gives_tests_of_that_state_alone() -> None:
    answer = assess(load_case("examples/runner.yaml"), engine="native").next_tests("gluteus medius:left:weak")
    tests = [t for t in answer.tests if t.kind == "test"]
    assert tests
    assert {(c.muscle, c.side, c.state) for t in tests for c in t.changes} == {("gluteus-medius", "left", "weak")}
    assert answer.target == "Gluteus medius left weak"


def test_a_pattern_can_be_the_target() -> None:
    answer = assess(load_case("examples/squatter.yaml"), engine="native").next_tests("pattern:stiff-ankle-knee:right")
    changes = [c for t in answer.tests for c in t.changes]
    assert changes
    assert {(c.muscle, c.state, c.now, c.if_present) for c in changes} == {("stiff-ankle-knee", "pattern", "not found", "found")}


def test_a_battery_keeps_the_question_within_it() -> None:
    knowledge = load_knowledge()
    inside = {(i.finding, i.task) for i in knowledge.kb.batteries["single-leg-squat"].items}
    answer = assess(load_case("examples/runner.yaml"), knowledge, "native").next_tests(battery="single-leg squat")
    assert findings(answer)
    assert {(finding, task) for finding, _, task in findings(answer)} <= inside


@pytest.mark.parametrize("words", ["gluteus medius:up", "gluteus medios maximum", "pattern:nothing at all", "gluteus medius:left:tired"])
def test_a_target_that_nobody_knows_is_told_so(words: str) -> None:
    with pytest.raises(UsageError):
        run({"findings": []}).next_tests(words)


def test_an_empty_case_has_nothing_at_stake() -> None:
    answer = run({"findings": []}).next_tests()
    assert (answer.should_stop, answer.at_stake, answer.tests) == (True, 0, ())
    assert "nothing is at stake" in answer.because


# --- how it prints ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["txt", "md", "html"])
def test_it_prints_what_to_do_whose_side_and_why(format: str) -> None:
    answer = assess(load_case("examples/runner.yaml"), engine="native").next_tests()
    text = " ".join(answer.report(format).split())
    test = next(t for t in answer.tests if t.kind == "test")
    assert " ".join((test.how or "").split()) in text
    assert " ".join((test.side_means or "").split()) in text
    assert "if present" in text


# --- the page --------------------------------------------------------------------------------------------------------------------


def test_the_worked_example_of_the_page_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    examples = list(shown("next.md"))
    assert len(examples) == 1
    for command, block in examples:
        assert is_as_shown(command, block), command


def test_the_keys_of_the_answer_are_those_of_the_page() -> None:
    assert told_keys("next.md", "answer") == keys(NextTests)
