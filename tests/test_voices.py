"""The report for other readers: one document, and for each reader what is safe and useful to him."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

import expert
from expert import Assessment, assess, load_case, load_knowledge
from expert.cli import app
from expert.errors import UsageError
from expert.model import Knowledge
from expert.voices import PARTS, VOICES, report
from tests.strategies import cases

ROOT = Path(expert.__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
OTHERS = [voice for voice in VOICES if voice != "clinician"]
FORMATS = ("txt", "md", "html")
HOSTILE = '<script>alert(1)</script>{{ 7*7 }}[x](http://evil)<img src=http://evil/x.png>'


@pytest.fixture(scope="module")
def answers(knowledge: Knowledge) -> dict[str, Assessment]:
    return {path.stem: assess(load_case(path), knowledge, "native") for path in EXAMPLES}


def told(case: dict[str, Any], knowledge: Knowledge, voice: str, format: str = "txt", part: str = "full") -> str:
    return assess(case, knowledge, "native").report(format, voice=voice, part=part)


def words(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def exercises_of(knowledge: Knowledge) -> list[str]:
    return [e.name.casefold() for e in knowledge.kb.exercises.values()]


RED_FLAGS = {"emergency": ["saddle numbness"], "urgent": ["foot drop"], "soon": ["morning stiffness", "alternating buttock pain"]}


def with_flag(level: str) -> dict[str, Any]:
    """Findings that ask for a plan, and what raises a red flag of this level."""
    seen: list[Any] = [
        {"name": "hip drop", "side": "right", "task": "running"}, {"name": "hip abduction weak", "side": "left", "seen_by": "instrument"},
    ]  # fmt: skip
    if level == "urgent":
        return {"findings": [*seen, {"name": "foot drop", "side": "right", "task": "walking"}]}
    return {"findings": seen, "patient": {"age": 30}, "symptoms": {
        "emergency": ["saddle numbness"], "soon": ["fatigable weakness"], "routine": ["night pain"], "none": [],
    }[level]}  # fmt: skip


# --- all voices -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("voice", OTHERS)
@pytest.mark.parametrize("format", FORMATS)
def test_every_example_is_told_in_every_voice_and_format(voice: str, format: str, answers: dict[str, Assessment]) -> None:
    for name, answer in answers.items():
        text = answer.report(format, voice=voice)
        assert len(text) > 400, name
        assert "\x1b" not in text
        assert answer.report(format, voice=voice) == text


@pytest.mark.parametrize("voice", OTHERS)
def test_no_line_is_wider_than_80_columns(voice: str, answers: dict[str, Assessment]) -> None:
    for answer in answers.values():
        for part in PARTS if voice == "teaching" else ("full",):
            assert not [line for line in answer.report("txt", voice=voice, part=part).splitlines() if len(line) > 80]


@pytest.mark.parametrize("voice", OTHERS)
@pytest.mark.parametrize("format", FORMATS)
def test_what_a_case_says_stays_text(voice: str, format: str, knowledge: Knowledge) -> None:
    case = {
        "patient": {"name": HOSTILE, "age": 30}, "notes": HOSTILE, "visit": {"date": "2026-11-20", "examiner": HOSTILE},
        "findings": [{"name": "hip drop", "side": "right", "task": "running", "note": HOSTILE}],
        "surgery": [{"name": HOSTILE, "side": "left", "restrictions": [HOSTILE]}],
    }  # fmt: skip
    text = told(case, knowledge, voice, format)
    assert "49" not in words(text) or "{{ 7*7 }}" in text.replace("\\", "")
    if format == "html":
        assert "<script" not in text
        assert "<img" not in text
    if format == "md":
        assert not re.search(r"(?<!\\)\]\(", text)
        assert "<script" not in text
    if format == "txt" and voice in ("client", "letter"):
        assert "<script>alert(1)</script>" in words(text)


@pytest.mark.parametrize("voice", OTHERS)
def test_the_name_stands_only_where_a_voice_needs_it_and_free_text_nowhere(voice: str, knowledge: Knowledge) -> None:
    case = {
        "patient": {"name": "Rosalind Quill", "age": 30}, "notes": "collects stamps", "visit": {"examiner": "Dr Zebra"},
        "findings": [{"name": "hip drop", "side": "right", "task": "running", "note": "told of her divorce"}],
    }  # fmt: skip
    text = told(case, knowledge, voice)
    assert ("Rosalind Quill" in text) is (voice in ("client", "letter"))
    assert not [secret for secret in ("stamps", "Zebra", "divorce") if secret in text]
    assert "Rosalind" not in assess(case, knowledge, "native").to_json().replace('"case": ', "")[:200]


@pytest.mark.parametrize("voice", OTHERS)
def test_an_empty_case_is_told_without_conclusions(voice: str, knowledge: Knowledge) -> None:
    text = told({"findings": []}, knowledge, voice)
    assert "may be working" not in text
    assert text.strip()


def test_an_unknown_voice_or_part_is_said_with_the_known_ones(answers: dict[str, Assessment]) -> None:
    answer = answers["runner"]
    with pytest.raises(UsageError, match="did you mean 'client'"):
        answer.report("txt", voice="klient")
    with pytest.raises(UsageError, match="full, worksheet, key"):
        answer.report("txt", voice="teaching", part="half")
    with pytest.raises(UsageError, match="belongs to the voice teaching"):
        answer.report("txt", voice="client", part="key")


def test_the_clinicians_voice_is_the_report(answers: dict[str, Assessment], knowledge: Knowledge) -> None:
    answer = answers["runner"]
    assert report("clinician", answer.to_dict(), knowledge.kb) == answer.report("txt")


@pytest.mark.parametrize("voice", OTHERS)
def test_a_mirrored_case_is_told_mirrored(voice: str, knowledge: Knowledge) -> None:
    def case(one: str, other: str) -> dict[str, Any]:
        return {"findings": [{"name": "hip-drop", "side": one, "task": "running"}, {"name": "knee-valgus", "side": other, "task": "squat"}]}

    def lines(text: str, turn: bool) -> list[str]:
        """The lines that speak of one side, sorted; `right` in the sense of correct left out."""
        plain = re.sub(r"\bright (in either case|as well)|stand(s)? right|the right (way|one)|are left", "", text)
        one_sided = [line for line in plain.splitlines() if len(set(re.findall(r"\b(left|right)\b", line.lower()))) == 1]
        swap = {"left": "right", "right": "left"}
        return sorted(re.sub(r"\b(left|right)\b", lambda m: swap[m[0]], line.lower()) if turn else line.lower() for line in one_sided)

    here, there = told(case("left", "right"), knowledge, voice, "md"), told(case("right", "left"), knowledge, voice, "md")
    assert lines(here, True) == lines(there, False)
    assert lines(here, True)


# --- the person concerned -------------------------------------------------------------------------------------------------------


def test_the_clients_text_is_a_draft_with_lines_to_sign(answers: dict[str, Assessment]) -> None:
    for answer in answers.values():
        text = answer.report("txt", voice="client")
        assert "A draft for review." in text
        assert "ISSUED BY THE CLINICIAN AFTER REVIEW" in text
        assert re.search(r"^Signature: _{20,}$", text, re.MULTILINE)
        assert "not a diagnosis." in words(text)


@pytest.mark.parametrize("level", ["emergency", "urgent", "soon"])
@pytest.mark.parametrize("format", FORMATS)
def test_no_exercise_stands_in_a_clients_text_before_a_doctor_has_looked(level: str, format: str, knowledge: Knowledge) -> None:
    answer = assess(with_flag(level), knowledge, "native")
    assert answer.referral.level == level
    text = words(answer.report(format, voice="client")).casefold()
    assert not [name for name in exercises_of(knowledge) if re.search(rf"\b{re.escape(name)}\b:", text)]
    assert "days a week" not in text
    assert {"emergency": "get medical help now", "urgent": "seen by a doctor today", "soon": "see a doctor within two weeks"}[level] in text


def test_without_a_flag_the_same_findings_bring_exercises_with_dose_and_stop_rules(knowledge: Knowledge) -> None:
    text = words(told(with_flag("none"), knowledge, "client"))
    assert [name for name in exercises_of(knowledge) if name in text.casefold()]
    assert "days a week" in text
    assert "Stop, and ask, when" in text
    assert "See a doctor first".upper() not in text


def test_a_routine_flag_sends_to_the_doctor_and_keeps_the_plan(knowledge: Knowledge) -> None:
    answer = assess(with_flag("routine"), knowledge, "native")
    assert answer.referral.level == "routine"
    text = words(answer.report("txt", voice="client"))
    assert "Please tell your doctor about this in the next days." in text
    assert "days a week" in text


@settings(max_examples=25, deadline=None)
@given(case=cases())
def test_no_clients_text_tells_points_rules_or_what_a_person_has(case: dict[str, Any]) -> None:
    knowledge = load_knowledge()
    answer = assess(case, knowledge, "native")
    text = words(answer.report("txt", voice="client")).casefold()
    assert "you have a " not in text
    assert "hypothes" not in text
    assert not [e.piece.rule.id for h in answer.hypotheses for e in h.evidence if "." in e.piece.rule.id and e.piece.rule.id in text]
    assert not re.search(r"[+-]\d\.\d|\d points\b|\bpoints (for|against)\b", text)
    assert not [f.title for f in answer.referral.flags if f.title.casefold() in text and f.title.startswith("Possible")]
    if answer.referral.level in ("emergency", "urgent", "soon") and answer.referral.flags:
        assert "days a week" not in text
    else:
        assert answer.plan.withheld is False or "days a week" not in text


def test_muscles_have_the_words_that_people_use(knowledge: Knowledge) -> None:
    text = words(told(with_flag("none"), knowledge, "client"))
    assert "The outer hip muscle (gluteus medius) on the left may be less strong" in text
    assert "underactive" not in text


def test_every_muscle_and_finding_can_be_told_to_a_person(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    jargon = re.compile(r"flexion|extension|abduct|adduct|rotat(?!or cuff)|valgus|dorsi|scapul|pelvic|lordosis|kyphosis", re.IGNORECASE)
    assert not [e.id for e in kb.everyday.values() if jargon.search(e.says)]
    assert not [i for i in kb.everyday if not any(i in known for known in (kb.muscles, kb.groups, kb.findings, kb.contraindications))]
    assert len([m for m in kb.muscles if m in kb.everyday]) > 80


def test_a_muscle_without_an_everyday_word_is_named_by_its_region(knowledge: Knowledge) -> None:
    case = {"findings": [{"name": name, "side": "left", "seen_by": "instrument"} for name in ("grip weak", "wrist flexion weak")]}
    answer = assess(case, knowledge, "native")
    assert [h for h in answer.hypotheses if h.status == "supported"]
    assert "muscle" in answer.report("txt", voice="client")
    assert "forearm" in answer.report("txt", voice="client")


def test_what_a_red_flag_may_explain_is_not_told_to_the_person(answers: dict[str, Assessment]) -> None:
    text = answers["red-flag"].report("txt", voice="client")
    assert "tibialis" not in text
    assert "cauda" not in text.casefold()
    assert "numbness between the legs" in words(text)


# --- no comfort that is not earned ----------------------------------------------------------------------------------------------

COMFORT = ("difference between left and right is usual", "body is worn", "nothing has to be done", "may be harmless")


def client(case: dict[str, Any], knowledge: Knowledge) -> str:
    return words(told(case, knowledge, "client"))


def case_of(*findings: Any, **more: Any) -> dict[str, Any]:
    return {"findings": list(findings), **more}


HIP_DROP = {"name": "hip drop", "side": "right", "task": "running"}
GROUNDS = {
    "a positive test of a nerve": case_of({"name": "slump test positive", "side": "left"}, {"name": "hamstrings short", "side": "left"}),
    "a test that hurt": case_of({"name": "hip abduction weak", "side": "right", "pain": 6, "limited_by": "pain"}),
    "a symptom that is pain": case_of(HIP_DROP, symptoms=[{"name": "lateral hip pain", "side": "right"}]),
    "night pain with a stiff shoulder": case_of({"name": "shoulder external rotation limited", "side": "left"}, symptoms=["night pain"]),
    "an urgent flag": case_of({"name": "foot drop", "side": "right", "task": "walking"}),
    "an emergency": case_of(HIP_DROP, symptoms=["saddle numbness"]),
    "an urgent flag half met": case_of(HIP_DROP, symptoms=[{"name": "groin pain", "side": "left"}]),
    "a contraindication": case_of(HIP_DROP, history=["hypermobility"]),
    "an operation": case_of(HIP_DROP, visit={"date": "2026-11-22"}, surgery=[
        {"name": "ACL reconstruction", "side": "left", "date": "2026-09-13", "restrictions": ["no kneeling"]}]),
}  # fmt: skip


@pytest.mark.parametrize("ground", GROUNDS)
def test_no_comfort_stands_beside(ground: str, knowledge: Knowledge) -> None:
    text = client(GROUNDS[ground], knowledge).casefold()
    assert not [word for word in COMFORT if word in text]


def test_where_nothing_hurts_or_warns_the_comfort_stands(knowledge: Knowledge) -> None:
    text = client(case_of({**HIP_DROP, "severity": "mild"}), knowledge)
    assert "difference between left and right is usual" in text
    assert "Nothing has to be done about this now." in text


def test_who_is_examined_first_reads_of_no_exercise_and_of_what_not_to_stretch(knowledge: Knowledge) -> None:
    slump = {"name": "slump test positive", "side": "left"}
    text = client(with_flag("none") | {"findings": [*with_flag("none")["findings"], slump]}, knowledge)
    assert "No exercises yet: you are examined first." in text
    assert "days a week" not in text
    assert "Please do not stretch the back of the thigh or the calf until the nerve of the leg has been examined." in text
    assert "Please do not" not in client(with_flag("none"), knowledge)


def test_a_limb_with_an_urgent_flag_half_met_is_not_run_on_until_it_is_seen(knowledge: Knowledge) -> None:
    case = with_flag("none") | {"symptoms": [{"name": "groin pain", "side": "left"}]}
    text = client(case, knowledge)
    assert "Please see a doctor in the next days." in text
    assert "Until then, please do not run, jump, hop or stand on that leg alone." in text
    assert "groin pain (left)" in text
    assert "days a week" not in text
    assert "groin pain (right)" in client(with_flag("none") | {"symptoms": [{"name": "groin pain", "side": "right"}]}, knowledge)
    assert "do not run" not in client(with_flag("none"), knowledge)
    assert "do not run" not in client(with_flag("routine"), knowledge)


def test_restrictions_of_an_operation_stand_before_what_was_seen_with_its_side(knowledge: Knowledge) -> None:
    def told_of(**operation: Any) -> str:
        surgery = [{"name": "ACL reconstruction", **operation}]
        return client(with_flag("none") | {"visit": {"date": "2026-11-22"}, "surgery": surgery}, knowledge)

    for side in ("left", "right"):
        text = told_of(side=side, date="2026-09-13", restrictions=["no kneeling", "no open-chain extension"])
        box = f"After your operation (ACL reconstruction, {side}, 2026-09-13): no kneeling; no open-chain extension."
        assert text.index(box) < text.index("WHAT WAS SEEN")
        assert "trainer" not in text
    assert "Ask your surgeon before you begin anything." in told_of(side="left", date="2026-09-13")
    assert "After your operation" not in told_of(side="left", date="2010")


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_test_that_hurt_is_told_as_hurting_and_not_as_weak(side: str, knowledge: Knowledge) -> None:
    text = client(case_of({"name": "hip abduction weak", "side": side, "pain": 6, "limited_by": "pain"}), knowledge)
    assert f"On the {side}: lifting the leg sideways hurt in the test, so its strength is not known." in text
    assert f"The reason: lifting the leg sideways hurt ({side})." in text
    assert "sideways is weak" not in text
    painless = client(case_of({"name": "hip abduction weak", "side": side}), knowledge)
    assert "lifting the leg sideways is weak" in painless
    assert "hurt" not in painless.partition("WHAT IT MAY MEAN")[0]
    muscle = client(case_of({"name": "lower trapezius weak", "side": side, "pain": 4}), knowledge)
    assert "testing the muscle below the shoulder blades hurt" in muscle


def test_on_a_grave_sheet_stands_where_to_go_and_nothing_of_what_it_does_not_mean(knowledge: Knowledge) -> None:
    emergency, urgent = (client(with_flag(level), knowledge) for level in ("emergency", "urgent"))
    assert "go to an emergency department, or call the emergency number" in emergency
    assert "Take this sheet with you." in emergency
    for text in (emergency, urgent, client(with_flag("soon"), knowledge)):
        assert "DOES NOT MEAN" not in text
    assert "Get help at once when: you go numb between the legs" in urgent
    assert "your face droops or your speech slurs" in urgent
    assert "WHAT IT DOES NOT MEAN" in client(with_flag("none"), knowledge)


def test_every_contraindication_has_words_that_a_person_can_follow(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    assert not [c for c in kb.contraindications if c not in kb.everyday]
    assert not [c for c in kb.contraindications if kb.everyday[c].says[:1].isupper()]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_person_reads_of_his_own_side_and_never_of_this_one(side: str, knowledge: Knowledge) -> None:
    seen = {"name": "pectoralis minor short", "side": side}, {"name": "rounded shoulders", "side": side, "task": "standing"}
    text = client(case_of(*seen), knowledge)
    assert f"your {side} forearm" in text
    assert "this forearm" not in text
    assert f"your {'right' if side == 'left' else 'left'} " not in text


def test_a_person_reads_few_exercises_and_statements_and_no_clinicians_words(answers: dict[str, Assessment]) -> None:
    for answer in answers.values():
        text = words(answer.report("txt", voice="client"))
        assert "the person" not in text
        assert "showed the finding" not in text
        assert text.count("effort: ") <= 5
        assert len(re.findall(r"may be (?:working|held|less strong|stronger)", text)) <= 3
        for group in re.findall(r": For the ([^.]+)\.", text):
            parts = re.split(r", the | and the ", group)
            assert len(parts) == len(set(parts))


def test_who_is_growing_reads_of_no_muscle(knowledge: Knowledge) -> None:
    young, grown = (client(with_flag("none") | {"patient": {"age": age}}, knowledge) for age in (14, 30))
    assert "Your body is still growing" in young
    assert "may be less strong" not in young
    assert "may be less strong" in grown


def test_a_sign_of_a_nerve_is_told_at_the_top(knowledge: Knowledge) -> None:
    text = client(case_of({"name": "slump test positive", "side": "left"}), knowledge)
    assert text.index("A doctor examines the nerves first") < text.index("WHAT WAS SEEN")
    assert "The reason: the nerves of the leg are sensitive to stretch (left)." in text


def test_the_lowest_flag_is_told_without_alarm(knowledge: Knowledge) -> None:
    routine, urgent = (told(with_flag(level), knowledge, "client", "html") for level in ("routine", "urgent"))
    alert = re.compile(r'<p class="alert">[^<]*doctor')
    assert not alert.search(routine)
    assert "doctor about this" in routine
    assert alert.search(urgent)


# --- the class ------------------------------------------------------------------------------------------------------------------


def test_every_step_of_the_reasoning_is_told_in_order(answers: dict[str, Assessment]) -> None:
    answer = answers["runner"]
    text = answer.report("txt", voice="teaching")
    steps = [int(n) for n in re.findall(r"^STEP (\d+):", text, re.MULTILINE)]
    assert steps == sorted(steps)
    assert {1, 2, 3, 4, 8} <= set(steps)
    tree = answer.to_dict()
    flat = words(text)
    titles = [answer.knowledge.kb.rules[line["rule"]].title for line in tree["trace"] if line["rule"] in answer.knowledge.kb.rules]
    assert titles
    assert not [t for t in titles if t not in flat]
    mechanisms = {s["mechanism"] for p in tree["predicted"][:10] for s in p["path"] if s["mechanism"]}
    assert mechanisms
    assert not [m for m in mechanisms if m not in flat]


def test_every_source_of_the_answer_is_on_the_reading_list(answers: dict[str, Assessment]) -> None:
    for answer in answers.values():
        listed = words(answer.report("txt", voice="teaching").partition("READING LIST")[2])
        named = {s for h in answer.to_dict()["hypotheses"] for e in h["evidence"] for s in e["sources"]}
        assert not [s for s in named if answer.knowledge.kb.sources[s].title not in listed]


@pytest.mark.parametrize("name", [p.stem for p in EXAMPLES])
def test_worksheet_and_key_ask_the_same_and_only_the_key_answers(name: str, answers: dict[str, Assessment]) -> None:
    answer = answers[name]
    parts = {part: words(answer.report("txt", voice="teaching", part=part)) for part in PARTS}
    asked = {part: re.findall(r"Question \d+: .{30}", text) for part, text in parts.items()}
    assert asked["worksheet"] == asked["key"] == asked["full"]
    assert len(asked["key"]) >= 3
    evidence = [e["because"] for h in answer.to_dict()["hypotheses"] if h["status"] == "supported" for e in h["evidence"]]
    assert not [because for because in evidence if because in parts["worksheet"]]
    assert "Sum" not in parts["worksheet"]
    assert not evidence or [because for because in evidence if because in parts["key"]]


def test_the_sum_of_the_key_is_the_sum_of_the_sheet(answers: dict[str, Assessment]) -> None:
    text = words(answers["runner"].report("txt", voice="teaching", part="key"))
    found = re.search(r"((?:[+-]\d\.\d ?)+)= ([+-]\d\.\d): supported", text)
    assert found is not None
    assert sum(map(float, found[1].split())) == pytest.approx(float(found[2]), abs=0.2)


def test_what_must_be_asked_first_is_few_and_has_its_reason(answers: dict[str, Assessment]) -> None:
    answer = answers["runner"]
    text = words(answer.report("txt", voice="teaching", part="key"))
    first = [test for test in answer.to_dict()["next_tests"] if test["kind"] == "flag"][:3]
    assert first
    assert f"Which {len(first)} question" in text
    assert not [test for test in first if words(test["why"]) not in text]


# --- the letter -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "to"),
    [
        ("emergency", "The emergency department"), ("urgent", "The doctor on call"), ("soon", "The neurologist"),
        ("routine", "The general practitioner"),
    ],
)  # fmt: skip
def test_the_letter_goes_to_whom_the_flag_asks_for(level: str, to: str, knowledge: Knowledge) -> None:
    text = told(with_flag(level), knowledge, "letter")
    assert f"To: {to}" in text
    assert text.index("REASON FOR REFERRAL") < text.index("FINDINGS")


def test_the_letter_tells_sides_tasks_values_and_what_was_not_asked_and_no_exercise(knowledge: Knowledge) -> None:
    values = (("left", 100), ("right", 180))
    measured = [{"name": "hip abduction strength", "side": side, "value": value, "unit": "N"} for side, value in values]
    case = with_flag("none") | {"measurements": measured}
    case["findings"] = case["findings"][:1]
    text = words(told(case, knowledge, "letter"))
    assert "Hip (pelvic) drop (right, running)" in text
    assert "100 N" in text
    assert "Not asked, or not in full:" in text
    assert not [name for name in exercises_of(knowledge) if re.search(rf"\b{re.escape(name)}\b", text.casefold())]
    assert "days a week" not in text
    assert "Letter of findings" in text


def letter(case: dict[str, Any], knowledge: Knowledge) -> str:
    return words(told(case, knowledge, "letter"))


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_letter_names_urgent_flags_that_are_half_met_and_what_rests_until_then(side: str, knowledge: Knowledge) -> None:
    text = letter(with_flag("none") | {"symptoms": [{"name": "groin pain", "side": side}]}, knowledge)
    half = text.partition("Half met, please exclude: ")[2].partition("WHAT IS ASKED")[0]
    assert "stress fracture of the femoral neck (urgent), for groin pain " + side in half
    assert "No running, jumping or hopping until then." in text
    assert "Referral: in the next days" in text
    assert text.index("Half met") < text.index("FINDINGS")
    without = letter(with_flag("none"), knowledge)
    assert "Half met" not in without
    assert "jumping" not in without


def test_no_reason_for_referral_plays_itself_down(knowledge: Knowledge) -> None:
    text = letter(with_flag("routine"), knowledge)
    assert "no position eases" in text
    assert "Much night pain comes from" not in text
    assert not [f.id for f in knowledge.kb.flags.values() if re.search(r"usually harmless|much .* comes from", f.because, re.IGNORECASE)]


def test_a_test_that_hurt_is_not_testable_in_the_letter(knowledge: Knowledge) -> None:
    for side in ("left", "right"):
        text = letter(case_of({"name": "hip abduction weak", "side": side, "pain": 6, "limited_by": "pain"}), knowledge)
        assert f"Hip abduction: not testable for pain (6/10) ({side})" in text
        assert "abduction weak" not in text
    assert "Hip abduction weak (left)" in letter(case_of({"name": "hip abduction weak", "side": "left"}), knowledge)


@pytest.mark.parametrize(
    ("stated", "note", "to"),
    [
        ({"patient": {"sex": "female", "age": 31, "pregnancy": True}}, "pregnant", "midwife or obstetrician"),
        ({"patient": {"age": 15}}, "under 18, still growing", "The paediatrician"),
        (
            {"surgery": [{"name": "ACL reconstruction", "side": "left", "date": "2026-09-13", "restrictions": ["no kneeling"]}]},
            "operated on: ACL reconstruction, left, 2026-09-13 (restricted: no kneeling)", "The surgeon who operated",
        ),
    ],
)  # fmt: skip
def test_what_bounds_every_plan_stands_at_the_head_of_the_letter(stated: Any, note: str, to: str, knowledge: Knowledge) -> None:
    case = with_flag("none") | {"visit": {"date": "2026-11-22"}}
    text = letter(case | stated, knowledge)
    assert note in text.partition("WHAT IS ASKED")[0]
    assert to in text.partition("About:")[0]
    assert "Please note" not in letter(case, knowledge)


def test_what_was_decided_without_a_question_is_not_told_as_asked(knowledge: Knowledge) -> None:
    text = letter(with_flag("none") | {"history": ["stroke-history"]}, knowledge)
    assert "could be decided from what was stated" in text
    assert "asked and not raised" not in text


# --- the page -------------------------------------------------------------------------------------------------------------------

BLOCKS = re.findall(r"^```text (.+)\n((?:.*\n)+?)```$", (ROOT / "docs" / "voices.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_there_are_worked_examples() -> None:
    assert {re.search(r"--voice (\w+)", command)[1] for command, _ in BLOCKS} == set(OTHERS)  # type: ignore[index]


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=[c for c, _ in BLOCKS])
def test_the_examples_of_the_page_are_what_is_printed(command: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 0, done.output
    assert shown in done.output


def test_a_report_goes_to_a_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = ["report", "examples/runner.yaml", "--voice", "letter", "--format", "html", "-o", str(tmp_path / "l.html")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    assert (tmp_path / "l.html").read_text(encoding="utf-8").startswith("<!doctype html>")
