"""Referral: every flag raised by what should raise it, screened before anything is inferred, and never taken for reassurance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from corpus import cases, plan_word
from hypothesis import given
from hypothesis import strategies as st

from expert import Assessment, CaseError, assess, load_knowledge
from expert.cases import case_from_mapping
from expert.conditions import severity_least
from expert.formats import Condition
from expert.model import LEVELS, Knowledge
from expert.normalise import normalise
from expert.referral import screen
from expert.stored import stored_cases

FLAGS = load_knowledge().kb.flags
# The levels that the review (part 4) and the issue give; a flag of two degrees stands once for each.
LEVEL_OF = {
    "emergency": {
        "cauda-equina", "stroke", "metastatic-cord-compression", "ascending-weakness", "weakness-with-breathing-or-swallowing",
        "joint-infection", "meningism", "cervical-artery", "deep-vein-thrombosis", "heart-or-lung", "aortic-emergency",
        "rhabdomyolysis", "threatened-limb", "suicidality", "neck-pain-with-dizziness",
    },
    "urgent": {
        "progressive-neurological-deficit", "myelopathy-cluster", "foot-drop", "malignancy", "serious-infection", "fracture",
        "femoral-neck-stress-fracture", "slipped-epiphysis", "limping-child", "torticollis-with-warning", "acute-joint", "tendon-rupture",
        "upper-motor-neurone-signs", "giving-way-joint", "giant-cell-arteritis", "pancoast", "bleeding-into-muscle",
        "muscle-breakdown-to-exclude", "one-sided-breathing", "wasting-with-weakness", "wrist-drop",
    },
}  # fmt: skip


def of(*findings: Any, **rest: Any) -> Assessment:
    return assess({"findings": list(findings), **rest}, load_knowledge(), "native")


# --- coverage by the corpus ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_every_flag_is_raised_by_a_hand_written_case_at_its_own_level(flag: str) -> None:
    raising = [c for c in cases() if flag in c.expected.get("flags", ())]
    assert FLAGS[flag].level in {c.expected.get("level") for c in raising}


def _case(case: Any) -> dict[str, Any]:
    given_case = dict(case.case)
    return given_case if "findings" in given_case else {"findings": [], **given_case}


@pytest.mark.parametrize("level", sorted(LEVEL_OF))
def test_the_flags_that_cannot_wait_have_the_level_that_the_sources_give(level: str) -> None:
    assert {f.id for f in FLAGS.values() if f.level == level} == LEVEL_OF[level]


def test_every_flag_says_why_what_to_do_and_on_whose_word(knowledge: Knowledge) -> None:
    for flag in FLAGS.values():
        assert flag.because.endswith("."), flag.id
        assert flag.action.endswith("."), flag.id
        if any(knowledge.kb.sources[s].read == "none" for s in flag.sources[:1]):
            assert flag.grade == "D", flag.id


def test_what_a_flag_explains_is_found_by_the_eye_or_a_test(knowledge: Knowledge) -> None:
    for flag in FLAGS.values():
        assert {knowledge.kb.kinds[e] for e in flag.explains} <= {"finding"}, flag.id


# --- an emergency speaks first ------------------------------------------------------------------------------------------------------

SADDLE = {"findings": [{"name": "hip drop", "side": "right", "task": "running"}, {"name": "hip abduction weak", "side": "left"}]}


@pytest.mark.parametrize("format", ["txt", "md", "html"])
def test_saddle_numbness_prints_the_emergency_first_and_no_exercise(format: str) -> None:
    answer = of(**SADDLE, symptoms=["saddle numbness"])
    report = answer.report(format)
    body = (report[report.find("<body") :] if format == "html" else report).lower()
    assert 0 <= body.find("emergency") < body.find("gluteus medius")
    assert answer.plan.withheld
    assert answer.plan.phases == ()
    for strategy in answer.knowledge.kb.strategies.values():
        for step in strategy.steps.values():
            assert step not in " ".join(report.split())


def test_the_first_lines_of_the_text_report_are_the_emergency() -> None:
    lines = [line for line in of(**SADDLE, symptoms=["saddle numbness"]).report("txt").splitlines() if line.strip(" =")]
    assert "EMERGENCY" in lines[0].upper()
    assert any("cauda equina" in line.lower() for line in lines[:8])
    assert any("emergency department" in line.lower() for line in lines[:10])


def test_a_plan_that_is_withheld_says_so_and_why() -> None:
    plan = of(**SADDLE, symptoms=["saddle numbness"]).plan
    assert plan.because[0].startswith("emergency: Possible cauda equina syndrome")
    assert "Send to an emergency department" in plan.because[0]


def test_several_flags_are_told_gravest_first() -> None:
    answer = of({"name": "foot slap", "side": "left", "task": "walking"}, symptoms=["night pain", "saddle numbness", "fatigable weakness"])
    levels = [LEVELS.index(f.level) for f in answer.referral.flags]
    assert len(levels) >= 4
    assert levels == sorted(levels)
    assert answer.referral.level == "emergency"


@pytest.mark.parametrize(
    ("symptom", "level", "plan"),
    [
        ("saddle numbness", "emergency", "withheld"),
        ("progressive weakness", "urgent", "withheld"),
        ("fatigable weakness", "soon", "provisional"),
        ("unexplained pain", "routine", "provisional"),
    ],
)
def test_urgent_and_emergency_withhold_the_plan_and_lower_levels_do_not(symptom: str, level: str, plan: str) -> None:
    answer = of({"name": "hip flexors short", "side": "left", "seen_by": "instrument"}, symptoms=[symptom])
    assert answer.referral.level == level
    assert plan_word(answer) == plan


# --- screened before inference ------------------------------------------------------------------------------------------------------


def test_flags_are_decided_from_what_is_stated_without_any_rule(knowledge: Knowledge) -> None:
    """The screening needs neither engine nor rules: the same referral comes from the statement alone."""
    kb = knowledge.kb
    for case in cases()[::7]:
        stated = normalise(case_from_mapping(_case(case)), kb)
        assert screen(stated, kb.flags, kb.findings, kb.constants.severity) == of(**_case(case)).referral


def test_no_flag_rests_on_a_hypothesis_or_a_pattern() -> None:
    stated = {"finding", "symptom", "history", "age", "sex", "pregnancy", "postpartum"}
    for flag in FLAGS.values():
        assert {term.term for term in _terms(flag.when)} <= stated, flag.id


def _terms(condition: Condition) -> Iterator[Condition]:
    if not condition.parts:
        yield condition
    for part in condition.parts:
        yield from _terms(part)


MORE = [
    {"name": "hip drop", "side": "right", "task": "walking"},
    {"name": "knee valgus", "side": "left", "task": "squat"},
    {"name": "hip abduction weak", "side": "left", "present": False},
    {"name": "foot pronation", "side": "left", "task": "standing"},
    {"name": "kyphosis"},
    {"name": "night pain", "present": False},
    {"name": "saddle numbness", "present": False},
]


RAISING = [c for c in stored_cases(files=("red-flags",)) if c.expected.get("flags")]


@given(st.sampled_from(RAISING), st.lists(st.sampled_from(MORE), unique_by=repr))
def test_nothing_that_is_added_takes_a_raised_flag_away(case: Any, added: list[dict[str, Any]]) -> None:
    stated = _case(case)
    before = of(**stated).referral
    known = {i.finding for i in normalise(case_from_mapping(stated), load_knowledge().kb).items}
    extra = [a for a in added if a["name"].replace(" ", "-") not in known]
    after = of(*stated["findings"], *extra, **{k: v for k, v in stated.items() if k != "findings"}).referral
    assert {f.id for f in before.flags} <= {f.id for f in after.flags}
    assert LEVELS.index(after.level) <= LEVELS.index(before.level)


# --- held ---------------------------------------------------------------------------------------------------------------------------


def test_a_hypothesis_that_rests_on_what_a_flag_explains_is_held_and_asks_for_no_exercise() -> None:
    drop = {"name": "hip drop", "side": "right", "task": "walking"}
    weak = {"name": "hip abduction weak", "side": "left", "seen_by": "instrument"}
    answer = of(drop, weak, symptoms=[{"name": "sensory loss", "side": "left"}])
    hypothesis = answer.hypothesis("gluteus-medius", "left", "weak")
    assert hypothesis is not None
    assert (hypothesis.status, hypothesis.held) == ("supported", True)
    assert [f.id for f in answer.referral.flags] == ["nerve-lesion"]
    assert not any(i.muscle == "gluteus-medius" for p in answer.plan.phases for i in p.items)


def test_a_hypothesis_that_rests_on_something_else_as_well_is_not_held() -> None:
    """The nerve lesion may explain the weak abduction, not the short hip flexors."""
    answer = of(
        {"name": "hip abduction weak", "side": "left", "seen_by": "instrument"},
        {"name": "hip flexors short", "side": "left", "seen_by": "instrument"},
        symptoms=[{"name": "sensory loss", "side": "left"}],
    )
    assert answer.hypothesis("gluteus-medius", "left", "weak").held  # type: ignore[union-attr]
    assert not answer.hypothesis("psoas-major", "left", "shortened").held  # type: ignore[union-attr]


def test_a_routine_flag_holds_nothing() -> None:
    answer = of({"name": "hip abduction weak", "side": "left", "seen_by": "instrument"}, symptoms=["unexplained pain"])
    assert answer.referral.level == "routine"
    assert not any(h.held for h in answer.hypotheses)


# --- silence is never reassurance ---------------------------------------------------------------------------------------------------


def test_silence_screens_nothing_and_lists_what_was_not_asked() -> None:
    referral = of().referral
    assert referral.level == "not_screened"
    assert referral.asked == ()
    assert set(referral.not_asked) == set(FLAGS)


def test_a_flag_of_several_questions_is_not_ruled_out_by_one_answer() -> None:
    referral = of(symptoms=[{"name": "saddle numbness", "present": False}]).referral
    assert "cauda-equina" in referral.not_asked
    assert referral.level == "not_screened"


def test_a_flag_is_ruled_out_when_everything_it_asks_was_denied() -> None:
    asked = FLAGS["cauda-equina"].when.asks
    referral = of(symptoms=[{"name": q, "present": False} for q in asked]).referral
    assert "cauda-equina" in referral.asked
    assert referral.level == "none"
    assert len(referral.not_asked) > 40


def test_a_flag_may_be_ruled_out_as_a_whole_but_never_against_what_is_stated() -> None:
    denied = {"name": "cauda equina", "present": False}
    assert "cauda-equina" in of(symptoms=[denied]).referral.asked
    assert of(symptoms=[denied, "saddle numbness"]).referral.level == "emergency"


def test_what_is_unknown_was_not_asked() -> None:
    unknown = of(symptoms=[{"name": q, "present": "unknown"} for q in FLAGS["cauda-equina"].when.asks]).referral
    assert unknown == of().referral


def test_a_report_without_flags_says_how_many_were_asked_and_never_that_all_is_well() -> None:
    asked = [{"name": q, "present": False} for q in FLAGS["cauda-equina"].when.asks]
    report = " ".join(of({"name": "hip drop", "side": "right", "task": "walking"}, symptoms=asked).report("txt").split()).lower()
    assert f"of the {len(FLAGS)}" in report or f"of {len(FLAGS)}" in report
    assert "no serious" not in report
    assert "cleared" not in report


@given(st.sampled_from(cases()))
def test_every_flag_is_either_asked_or_not_asked_and_a_raised_one_was_asked(case: Any) -> None:
    referral = of(**_case(case)).referral
    assert sorted((*referral.asked, *referral.not_asked, *referral.not_applicable)) == sorted(FLAGS)
    assert {f.id for f in referral.flags} <= set(referral.asked)
    assert (referral.level == "not_screened") == (not referral.asked)


def test_an_age_alone_is_no_question_asked_and_no_reassurance() -> None:
    """Flags that the age rules out were not asked about, so they cannot be counted as asked and denied."""
    referral = of({"name": "hip drop", "side": "right"}, patient={"age": 34}).referral
    assert referral.level == "not_screened"
    assert referral.asked == ()
    assert {"limping-child", "adolescent-scoliosis"} <= set(referral.not_applicable)


def test_a_flag_of_which_something_is_there_says_what_to_ask_next() -> None:
    referral = of(symptoms=["jaw claudication"]).referral
    (half,) = [h for h in referral.half_met if h.id == "giant-cell-arteritis"]
    assert half.findings == ("jaw-claudication",)
    assert "age" in half.ask
    assert "giant-cell-arteritis" in referral.not_asked


def test_what_a_case_tells_of_the_person_is_not_to_be_asked() -> None:
    told = of(symptoms=["groin pain"], patient={"age": 16, "sex": "female"}, findings=[]).referral.half_met
    assert told
    assert not {"age", "sex"} & {name for h in told for name in h.ask}


def test_a_sign_that_many_people_show_makes_no_flag_half_met() -> None:
    assert of({"name": "hip drop", "side": "right"}).referral.half_met == ()


def test_a_mistake_elsewhere_in_a_case_does_not_hide_an_emergency() -> None:
    with pytest.raises(CaseError) as refused:
        of({"name": "knee valgus"}, symptoms=["saddle numbness"])
    told = [fault.message for fault in refused.value.faults]
    assert any(message.startswith("EMERGENCY") and "cauda equina" in message for message in told)
    assert any("which side?" in message for message in told)


def test_unasked_flags_leave_the_plan_provisional_and_say_how_many() -> None:
    plan = of({"name": "hip flexors short", "side": "left", "seen_by": "instrument"}).plan
    assert plan.provisional
    assert any("red flags were not asked" in b for b in plan.because)


# --- words that raise ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ("can't feel when wiping", "cauda-equina"),
        ("bilateral sciatica", "cauda-equina"),
        ("sciatica in both legs", "cauda-equina"),
        ("weakness in both legs", "cauda-equina"),
        ("urinary incontinence", "cauda-equina"),
        ("foot slap", "foot-drop"),
        ("steppage gait", "foot-drop"),
        ("wetting myself", "cauda-equina"),
    ],
)
def test_the_words_that_patients_use_raise_the_flag(words: str, flag: str, knowledge: Knowledge) -> None:
    found = knowledge.kb.words.look_up("finding", words)
    name = found.reading.id  # type: ignore[union-attr]
    entry = {"name": words, **({} if knowledge.kb.findings[name].side_optional else {"side": "left"})}
    assert flag in {f.id for f in of(entry).referral.flags}


def test_a_symptom_or_history_item_raises_its_flag_among_the_findings_too() -> None:
    flagged = of({"name": "saddle numbness"}).referral
    assert flagged.level == "emergency"
    assert [f.id for f in of(symptoms=["saddle numbness"]).referral.flags] == [f.id for f in flagged.flags]


def test_conditions_and_medicines_of_the_patient_count_as_history() -> None:
    answer = of({"name": "night pain"}, patient={"conditions": ["cancer"]})
    assert "malignancy" in {f.id for f in answer.referral.flags}
    answer = of({"name": "hip pain", "side": "left"}, patient={"medicines": ["corticosteroids"]})
    assert "avascular-necrosis" in {f.id for f in answer.referral.flags}


# --- sides, age and severity --------------------------------------------------------------------------------------------------------


def test_sciatica_on_both_sides_is_more_than_sciatica_on_one() -> None:
    one = of(symptoms=[{"name": "sciatica", "side": "left"}]).referral
    both = of(symptoms=[{"name": "sciatica", "side": "bilateral"}]).referral
    apart = of(symptoms=[{"name": "sciatica", "side": "left"}, {"name": "sciatica", "side": "right"}]).referral
    assert "cauda-equina" not in {f.id for f in one.flags}
    assert both.level == "emergency"
    assert apart.level == "emergency"


def test_a_flat_foot_and_a_weak_heel_raise_must_be_of_one_leg() -> None:
    flat = {"name": "flat foot", "side": "left", "task": "standing"}
    same, other = ({"name": "heel raise weak", "side": side} for side in ("left", "right"))
    assert "adult-flat-foot" in {f.id for f in of(flat, same, patient={"age": 50}).referral.flags}
    assert "adult-flat-foot" not in {f.id for f in of(flat, other, patient={"age": 50}).referral.flags}


BOUNDS = [
    ("slipped-epiphysis", {"symptoms": ["limp"]}, (8, 15)),
    ("limping-child", {"symptoms": ["limp"]}, (0, 7)),
    ("giant-cell-arteritis", {"symptoms": ["jaw claudication"]}, (50, 130)),
    ("polymyalgia", {"symptoms": ["girdle stiffness"]}, (50, 130)),
    ("adolescent-scoliosis", {"findings": [{"name": "rib hump", "side": "left"}]}, (0, 18)),
    ("torticollis-in-child", {"findings": [{"name": "wry neck", "side": "left"}]}, (0, 12)),
    ("myelopathy-cluster", {"symptoms": ["unsteady gait", "hoffmann sign"]}, (46, 130)),
]


@pytest.mark.parametrize(("flag", "stated", "ages"), BOUNDS)
def test_an_age_bound_is_where_the_source_puts_it(flag: str, stated: dict[str, Any], ages: tuple[int, int]) -> None:
    rest = {"findings": [], **stated}
    for age in {max(0, ages[0] - 1), *ages, ages[1] + 1} - {131}:
        raised = {f.id for f in of(**rest, patient={"age": age}).referral.flags}
        assert (flag in raised) == (ages[0] <= age <= ages[1]), age
    unknown = of(**rest).referral
    assert flag in unknown.not_asked  # without an age it is open, neither raised nor ruled out


def test_marked_winging_is_a_flag_and_slight_winging_is_not(knowledge: Knowledge) -> None:
    assert set(severity_least(knowledge.kb.constants.severity)) == {"mild", "moderate", "severe"}
    for severity, raised in (("mild", False), ("moderate", False), ("severe", True), (0.2, False), (1.0, True)):
        answer = of({"name": "winging", "side": "left", "task": "push-up", "severity": severity})
        assert ("long-thoracic-nerve" in {f.id for f in answer.referral.flags}) is raised, severity


# --- pain ---------------------------------------------------------------------------------------------------------------------------


def test_pain_noted_on_a_finding_is_the_flag_of_pain_in_a_test_and_rests_on_that_finding() -> None:
    answer = of({"name": "knee valgus", "side": "left", "task": "squat", "pain": 3})
    (flag,) = answer.referral.flags
    assert (flag.id, flag.findings) == ("pain-in-a-test", ("knee-valgus:left:squat",))


def test_pain_noted_on_a_test_that_is_negative_is_told_as_well() -> None:
    """The knee stayed in line, but it hurt: the test was painful all the same."""
    answer = of({"name": "knee valgus", "side": "left", "task": "squat", "present": False, "pain": 3})
    assert [f.id for f in answer.referral.flags] == ["pain-in-a-test"]


def test_no_pain_noted_raises_nothing() -> None:
    assert of({"name": "knee valgus", "side": "left", "task": "squat", "pain": 0}).referral.flags == ()


def test_a_flag_names_the_very_items_that_raised_it() -> None:
    for case in cases():
        if not case.expected.get("flags"):
            continue
        answer = of(**_case(case))
        keys = {i.key for i in answer.result.stated.items}
        for flag in answer.referral.flags:
            assert set(flag.findings) <= keys, (case.name, flag.id)
            assert flag.findings or {"age"} & set(FLAGS[flag.id].when.asks), (case.name, flag.id)
