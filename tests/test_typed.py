"""What is typed into one box: read where it is clear, offered as choices where it is not, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expert import assess
from expert.errors import UsageError
from expert.model import Knowledge, KnowledgeBase, mirrored
from expert.typed import LONGEST, MOST, MOST_PARTS, Candidate, Typed, parts_of, read_typed

SWAPPED = {"left": "right", "right": "left", "l": "r", "r": "l"}


@pytest.fixture(scope="module")
def kb(knowledge: Knowledge) -> KnowledgeBase:
    return knowledge.kb


def first(text: str, kb: KnowledgeBase) -> Candidate:
    return read_typed(text, kb).candidates[0]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("knees cave l mod", {"name": "knee-valgus", "side": "left", "severity": "moderate"}),
        ("hip drop right running", {"name": "hip-drop", "side": "right", "task": "running"}),
        ("no knee valgus left", {"name": "knee-valgus", "side": "left", "present": False}),
        ("knee valgus left -", {"name": "knee-valgus", "side": "left", "present": False}),
        ("knee valgus left?", {"name": "knee-valgus", "side": "left", "present": "unknown"}),
        ("+ knee valgus left", {"name": "knee-valgus", "side": "left"}),
        ("knee to wall l 4 cm", {"name": "knee-to-wall", "side": "left", "value": 4, "unit": "cm"}),
        ("knee to wall left 4,5cm", {"name": "knee-to-wall", "side": "left", "value": 4.5, "unit": "cm"}),
        ("hip abduction strength r 180N pain 3", {"name": "hip-abduction-strength", "side": "right", "value": 180, "unit": "N", "pain": 3}),
        ("hip abduction strength right 4/5", {"name": "hip-abduction-strength", "side": "right", "value": 4, "unit": "{grade}"}),
        ("night pain", {"name": "night-pain"}),
        ("desk work", {"name": "desk-work"}),
        ("knee valgus: left: squat: mild", {"name": "knee-valgus", "side": "left", "task": "squat", "severity": "mild"}),
        ("sev knees cave r overhead squat", {"name": "knee-valgus", "side": "right", "task": "overhead-squat", "severity": "severe"}),
        ("hip drop left and right", {"name": "hip-drop", "side": "bilateral"}),
        ("hip drop b", {"name": "hip-drop", "side": "bilateral"}),
        ("hip abduction weak left painful", {"name": "hip-abduction-weak", "side": "left", "limited_by": "pain"}),
        ("hip abduction weak left 6/10", {"name": "hip-abduction-weak", "side": "left", "pain": 6}),
        ("hip drop right left stance running", {"name": "hip-drop", "side": "right", "task": "running", "stance": "left"}),
        ("forward head", {"name": "forward-head"}),
        ("no cauda equina", {"name": "cauda-equina", "present": False}),
    ],
)  # fmt: skip
def test_what_is_clear_becomes_the_entry_of_a_case_as_it_is(text: str, entry: dict[str, object], kb: KnowledgeBase) -> None:
    typed = read_typed(text, kb)
    assert typed.clear, typed
    assert typed.candidates[0].ready, typed.candidates[0]
    assert dict(typed.candidates[0].entry) == entry
    assert typed.not_understood == ()


@pytest.mark.parametrize("slip", ["rihgt", "rigth", "rght", "lfet", "letf", "bilatreal"])
def test_a_side_with_a_slip_of_the_finger_is_not_guessed_but_asked_for(slip: str, kb: KnowledgeBase) -> None:
    typed = read_typed(f"hip dorp {slip}", kb)
    assert (typed.clear, typed.not_understood) == (False, (slip,))
    assert (typed.candidates[0].id, typed.candidates[0].side, typed.candidates[0].missing) == ("hip-drop", "", ("side",))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hip drop right, knees cave l mod; night pain", ("hip drop right", "knees cave l mod", "night pain")),
        ("hip drop right\nfoot flat", ("hip drop right", "foot flat")),
        ("night pain, qwertz", ("night pain", "qwertz")),
        ("hip drop, right, running", ()),  # one entry
        ("knee to wall l 4,5 cm", ()),
        ("qwertz, asdfg", ()),
        ("night pain; " * (MOST_PARTS + 1), ()),
    ],
)  # fmt: skip
def test_several_entries_typed_at_once_are_told_apart(text: str, parts: tuple[str, ...], kb: KnowledgeBase) -> None:
    assert parts_of(text, kb) == parts


def test_every_clear_entry_is_one_that_a_case_may_state(kb: KnowledgeBase, knowledge: Knowledge) -> None:
    for text in ("knees cave l mod", "trendelenburg left", "no cauda equina", "night pain", "ankle sprain left", "knee to wall l 4 cm"):
        chosen = first(text, kb)
        case = {"findings": [], chosen.section: [dict(chosen.entry)]}
        assert assess(case, knowledge).result.stated is not None


def test_a_word_inside_a_name_is_no_mark(kb: KnowledgeBase) -> None:
    typed = read_typed("no stretching", kb)
    assert typed.clear
    assert typed.present is None
    assert dict(first("no stretching", kb).entry) == {"name": "no-stretching"}
    assert first("knee pain left", kb).id == "knee-pain"
    assert first("severe muscle pain", kb).entry == {"name": "severe-muscle-pain"}


def test_words_that_name_a_thing_by_its_other_side_come_out_on_its_own_side_and_say_so(kb: KnowledgeBase) -> None:
    chosen = first("trendelenburg left", kb)
    assert (chosen.id, chosen.side, chosen.turned, chosen.words) == ("hip-drop", "right", True, "Trendelenburg")
    assert first("low shoulder l", kb).entry == {"name": "shoulder-high", "side": "right"}
    assert not first("hip drop left", kb).turned


def test_half_typed_words_that_name_it_by_its_other_side_are_turned_too(kb: KnowledgeBase) -> None:
    chosen = first("low sh l", kb)
    assert (chosen.id, chosen.side, chosen.turned) == ("shoulder-high", "right", True)


def test_a_side_that_is_missing_is_asked_for_in_the_sense_of_the_finding_itself(kb: KnowledgeBase) -> None:
    typed = read_typed("trendelenburg", kb)
    chosen = typed.candidates[0]
    assert typed.clear
    assert not chosen.ready
    assert chosen.missing == ("side",)
    assert chosen.sides == kb.findings["hip-drop"].sides
    assert "side" not in chosen.entry
    assert "pelvis that drops" in chosen.side_means


def test_a_side_that_a_finding_does_not_take_is_said_and_not_dropped(kb: KnowledgeBase) -> None:
    chosen = first("forward head left", kb)
    assert not chosen.ready
    assert "does not take the side 'left'" in chosen.wrong


def test_a_stance_leg_that_contradicts_the_side_is_said(kb: KnowledgeBase) -> None:
    chosen = first("hip drop right right stance single leg squat", kb)
    assert "the left leg stands" in chosen.wrong


def test_a_task_in_which_a_finding_is_not_recorded_is_said(kb: KnowledgeBase) -> None:
    assert "is not recorded in 'lying'" in first("hip drop right lying", kb).wrong


def test_two_sides_are_no_side(kb: KnowledgeBase) -> None:
    typed = read_typed("hip drop left right", kb)
    assert not typed.clear
    assert typed.side is None
    assert typed.not_understood == ("left", "right")
    assert typed.candidates[0].missing == ("side",)


def test_a_measurement_without_its_unit_or_value_is_asked_for_and_not_guessed(kb: KnowledgeBase) -> None:
    bare = first("knee to wall l 4", kb)
    assert bare.missing == ("unit",)
    assert bare.units[0] == "cm"
    assert bare.entry["value"] == 4
    assert first("knee to wall", kb).missing == ("value", "unit", "side")
    assert "is no unit of it" in first("hip abduction strength left 12 cm", kb).wrong


@pytest.mark.parametrize(
    "text", ["hip drop r 3", "hip drop r 4 cm", "knee to wall l 4 cm severe", "no cauda equina left", "knees cave badly l"]
)
def test_what_would_be_lost_makes_nothing_clear_and_is_told(text: str, kb: KnowledgeBase) -> None:
    typed = read_typed(text, kb)
    assert not typed.clear
    assert typed.not_understood
    assert typed.candidates


def test_a_slip_of_spelling_is_mended_and_told(kb: KnowledgeBase) -> None:
    chosen = first("kness cave r", kb)
    assert (chosen.id, chosen.mended) == ("knee-valgus", "knee cave")


def test_what_may_mean_several_things_is_a_choice_of_at_most_nine(kb: KnowledgeBase) -> None:
    typed = read_typed("knee", kb)
    assert not typed.clear
    assert 1 < len(typed.candidates) <= MOST
    assert len({(c.kind, c.id) for c in typed.candidates}) == len(typed.candidates)
    assert typed.candidates[0].id == "knee-valgus"  # the one that is looked at most


def test_a_red_flag_is_raised_by_what_is_there(kb: KnowledgeBase) -> None:
    typed = read_typed("cauda equina", kb)
    assert typed.flag == "cauda-equina"
    assert not typed.clear
    assert [c.id for c in typed.candidates][:2] == ["saddle-numbness", "bladder-change"]


def test_pain_told_with_a_symptom_is_no_pain_in_a_test(kb: KnowledgeBase) -> None:
    assert dict(first("knee pain left 4/10", kb).entry) == {"name": "knee-pain", "side": "left", "note": "4/10"}


def test_only_the_kinds_that_are_asked_for_are_meant(kb: KnowledgeBase) -> None:
    typed = read_typed("knee", kb, ("symptom", "history"))
    assert {c.kind for c in typed.candidates} <= {"symptom", "history"}
    assert typed.candidates
    assert not read_typed("knees cave left", kb, ("measure",)).clear


@pytest.mark.parametrize("text", ["", "   ", "l", "left", "?", "-", "4 cm", "zzz qqq", "🦵", "\x00", "<script>", "b/l"])
def test_what_names_nothing_is_nothing(text: str, kb: KnowledgeBase) -> None:
    typed = read_typed(text, kb)
    assert not typed.clear
    assert not [c for c in typed.candidates if c.ready and typed.clear]


def test_more_than_any_entry_has_is_refused(kb: KnowledgeBase) -> None:
    with pytest.raises(UsageError, match="at most 200"):
        read_typed("a" * (LONGEST + 1), kb)


def test_a_box_full_of_marks_is_read_in_no_time_that_grows_with_them(kb: KnowledgeBase) -> None:
    typed = read_typed("left no mild pain 4 cm ? squat " * 6, kb)
    assert not typed.clear


def words(typed: Typed, turn: bool) -> list[tuple[object, ...]]:
    side = mirrored if turn else str
    entries = [{key: side(value) if key == "side" else value for key, value in c.entry.items()} for c in typed.candidates]
    return [(c.kind, c.id, side(c.side), c.task, c.turned, c.missing, e) for c, e in zip(typed.candidates, entries, strict=True)]


NAMES = ("knees cave", "trendelenburg", "low shoulder", "hip drop", "knee to wall 4 cm", "night pain", "weight shift", "long leg", "sho")
MARKS = ("", "mild", "no", "running", "walking", "?", "painful")


@given(name=st.sampled_from(NAMES), mark=st.sampled_from(MARKS), side=st.sampled_from(("left", "right", "l", "r")))
def test_the_other_side_typed_is_the_other_side_read(name: str, mark: str, side: str, knowledge: Knowledge) -> None:
    here = read_typed(f"{name} {side} {mark}", knowledge.kb)
    there = read_typed(f"{name} {SWAPPED[side]} {mark}", knowledge.kb)
    assert words(here, turn=True) == words(there, turn=False)
    assert here.clear == there.clear


def every_name(kb: KnowledgeBase) -> list[tuple[str, str]]:
    return [(f.id, said) for f in kb.findings.values() for said in (f.id, f.name, *(s.words for s in f.synonyms)) if len(said) <= LONGEST]


@given(data=st.data())
def test_every_name_and_synonym_of_the_knowledge_is_read_as_its_own(data: st.DataObject, knowledge: Knowledge) -> None:
    name, said = data.draw(st.sampled_from(every_name(knowledge.kb)))
    typed = read_typed(said, knowledge.kb)
    assert typed.clear, said
    assert typed.candidates[0].id == name, said


KEPT = {
    "side plank weak": "side-plank-weak", "Pain at the side of the hip": "lateral-hip-pain",
    "knee wobbles from side to side": "knee-wobble", "pain during screening": "pain-during-test",
}  # fmt: skip


@pytest.mark.parametrize("said", KEPT)
def test_a_word_that_says_nothing_elsewhere_is_kept_where_it_names(said: str, kb: KnowledgeBase) -> None:
    typed = read_typed(said, kb)
    assert typed.clear
    assert typed.candidates[0].id == KEPT[said]
