"""What-if is a fresh run of the edited case, and what it tells differs is what differs; overturn's sets are enough, and the smallest."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from command import run_here
from corpus import mirrored
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import CaseDict, cases, entries
from test_laws import mirrored_case, settled, swapped
from worked import is_as_shown, keys, shown, told_keys

from expert import Assessment, assess, contract, inference, load_case, load_knowledge, pipeline
from expert.contract import case_of
from expert.errors import UsageError
from expert.model import Item, Knowledge, Stated
from expert.questions import change
from expert.questions.overturn import LARGEST, Enough, Falls, Overturn, ShortLine, without
from expert.questions.what_if import Edit, Looked, WhatIf, switches

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.yaml"))
NATIVE = inference.choose("native")
STANDING = {"supported": 2, "contested": 1, "possible": 1}
Json = dict[str, Any]


def run(case: CaseDict) -> Assessment:
    return assess(case, load_knowledge(), "native")


def example(name: str) -> Assessment:
    return assess(load_case(next(p for p in EXAMPLES if p.stem == name)), load_knowledge(), "native")


def text_of(entry: CaseDict) -> str:
    """An entry as it is typed: name, side and task."""
    return ":".join(p for p in (entry["name"], entry.get("side"), entry.get("task")) if p)


def plain(assessment: Assessment) -> Json:
    """What is said, without what is asked of the result elsewhere."""
    return contract.to_dict(assessment.result, assessment.knowledge)


def text(case: CaseDict | Json) -> str:
    return json.dumps(plain(run(case)))


# --- the fresh run ------------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(cases(least=1), st.data())
def test_dropping_is_a_fresh_run_of_the_case_written_without_it(case: CaseDict, data: Any) -> None:
    section, entry = data.draw(st.sampled_from([(s, e) for s in ("findings", "symptoms", "history") for e in case[s]]))
    by_hand = deepcopy(case)
    by_hand[section].remove(entry)
    answer = run(case).what_if(drop=text_of(entry))
    kept = [e for e in case[section] if text_of(e) == text_of(entry)]
    assume(len(kept) == 1)
    assert text(answer.case) == text(by_hand)


@settings(max_examples=30)
@given(cases(), entries(present=(True,)), st.sampled_from(["present", "absent", "unknown"]))
def test_setting_is_a_fresh_run_of_the_case_written_so(case: CaseDict, entry: CaseDict, state: str) -> None:
    assume(not any(e["name"] == entry["name"] for s in ("findings", "symptoms", "history") for e in case[s]))
    told = {k: entry[k] for k in ("name", "side", "task") if k in entry}
    value = {"present": True, "absent": False, "unknown": "unknown"}[state]
    by_hand = {**deepcopy(case), "findings": [*deepcopy(case["findings"]), {**told, "present": value}]}
    assert text(run(case).what_if(set={text_of(entry): state}).case) == text(by_hand)


@settings(max_examples=30)
@given(cases(least=1), st.data())
def test_setting_what_is_stated_changes_its_state_and_keeps_the_rest_of_it(case: CaseDict, data: Any) -> None:
    section, entry = data.draw(st.sampled_from([(s, e) for s in ("findings", "symptoms", "history") for e in case[s]]))
    by_hand = deepcopy(case)
    by_hand[section][case[section].index(entry)]["present"] = False
    answer = run(case).what_if(set={text_of(entry): "absent"})
    assert text(answer.case) == text(by_hand)


@settings(max_examples=30)
@given(cases(), entries(present=(True,)))
def test_adding_and_then_dropping_gives_the_case_back_to_a_byte(case: CaseDict, entry: CaseDict) -> None:
    assume(not any(e["name"] == entry["name"] for s in ("findings", "symptoms", "history") for e in case[s]))
    first = run(case)
    back = run(first.what_if(add=text_of(entry)).case).what_if(drop=text_of(entry))
    assert text(back.case) == json.dumps(plain(first))


@given(cases(least=1), st.data())
def test_what_is_said_to_change_nothing_changes_nothing(case: CaseDict, data: Any) -> None:
    entry = data.draw(st.sampled_from([e for s in ("findings", "symptoms", "history") for e in case[s]]))
    first = run(case)
    answer = first.what_if(drop=text_of(entry))
    before, after = plain(first), plain(run(answer.case))
    beside = {"inputs", "measured", "unused", "trace", "warnings"}
    same = all(before[key] == after[key] for key in before if key not in beside)
    assert answer.change.nothing == same or set(before) - set(answer.change.also) == set(before)
    if answer.change.nothing:
        assert before["hypotheses"] == after["hypotheses"]
        assert before["plan"] == after["plan"]
        assert before["referral"] == after["referral"]


@given(cases(least=1), st.data())
def test_every_move_of_a_suspicion_is_told_with_its_amounts_and_with_reasons_that_add_up(case: CaseDict, data: Any) -> None:
    entry = data.draw(st.sampled_from([e for s in ("findings", "symptoms", "history") for e in case[s]]))
    first = run(case)
    answer = first.what_if(drop=text_of(entry))
    fresh = run(answer.case)
    was, now = ({h.about: h for h in a.hypotheses} for a in (first, fresh))
    told = {(m.id, row.side, row.state): row for row in answer.change.hypotheses for m in row.muscles}
    for about in {*was, *now}:
        moved = {b: (h.status, h.net, h.held) for b, h in ((0, was.get(about)), (1, now.get(about))) if h}
        row = told.get((about.muscle, about.side, about.state))
        if moved.get(0) != moved.get(1):
            assert row is not None, about
            if about in was and about in now:
                assert (row.points_was, row.points_now) == (was[about].points, now[about].points)
                added = sum(round(1000 * (r.now - r.was)) for r in row.reasons)
                assert added == now[about].net - was[about].net, about


@settings(max_examples=30)
@given(cases(least=1), st.data())
def test_what_if_of_the_mirrored_case_is_the_mirror_of_what_if(case: CaseDict, data: Any) -> None:
    entry = data.draw(st.sampled_from([e for s in ("findings", "symptoms", "history") for e in case[s]]))
    plain_, twin = (run(c).what_if(drop=t).to_dict() for c, t in ((case, text_of(entry)), (mirrored_case(case), mirrored(text_of(entry)))))
    for row in (*plain_["change"]["others"], *twin["change"]["others"]):
        if row["kind"] == "loop":  # told from where its least state is
            row["id"] = row["title"] = ""
    assert settled(swapped(twin["change"])) == settled(plain_["change"])


# --- what is typed ------------------------------------------------------------------------------------------------------------------


def test_one_side_of_a_bilateral_entry_can_be_dropped() -> None:
    both = run({"findings": [{"name": "rounded shoulders", "side": "bilateral", "task": "standing"}]})
    left = run({"findings": [{"name": "rounded shoulders", "side": "left", "task": "standing"}]})
    assert plain(run(both.what_if(drop="rounded shoulders:right").case)) == plain(left)


def test_one_side_of_a_bilateral_entry_can_be_set_and_the_other_stays() -> None:
    both = run({"findings": [{"name": "rounded shoulders", "side": "bilateral", "task": "standing", "severity": "severe"}]})
    stated = run(both.what_if(set={"rounded shoulders:right:standing": "absent"}).case).result.stated
    assert {(i.side, i.present) for i in stated.items} == {("left", True), ("right", False)}


def test_a_word_whose_side_is_the_other_one_names_what_it_means() -> None:
    """Trendelenburg left is a hip that drops on the right."""
    dropped = run({"findings": [{"name": "trendelenburg", "side": "left", "task": "single-leg-stance"}]})
    assert not run(dropped.what_if(drop="hip drop:right").case).result.stated.items
    assert not run(dropped.what_if(drop="trendelenburg:left").case).result.stated.items
    with pytest.raises(UsageError, match="does not state"):
        dropped.what_if(drop="trendelenburg:right")


def test_a_bilateral_word_whose_side_is_the_other_one_splits_to_the_right_side() -> None:
    both = run({"findings": [{"name": "trendelenburg", "side": "bilateral", "task": "single-leg-stance"}]})
    left = run(both.what_if(drop="hip drop:right").case).result.stated.items
    assert [i.key for i in left] == ["hip-drop:left:single-leg-stance"]


def test_a_drop_without_a_side_or_task_takes_every_one() -> None:
    case = {"findings": [{"name": "hip drop", "side": s, "task": t} for s, t in (("left", "running"), ("right", "walking"))]}
    assert not run(run(case).what_if(drop="hip drop").case).result.stated.items


def test_adding_what_is_there_keeps_what_was_said_of_it_and_what_is_typed_changes() -> None:
    case = {"findings": [{"name": "hip drop", "side": "right", "task": "running", "severity": "severe", "seen_by": "instrument"}]}
    assert run(case).what_if(add="hip drop:right:running").change.nothing
    item = run(run(case).what_if(add="hip drop:right:running:mild").case).result.stated.items[0]
    assert (item.severity, item.instrumented) == (500, True)


def test_a_condition_of_the_patient_is_dropped_and_denied_like_a_finding() -> None:
    case: CaseDict = {"findings": [], "patient": {"conditions": ["osteoporosis"]}}
    keys = [i.key for i in run(case).result.stated.items]
    assert keys
    assert not run(run(case).what_if(drop="osteoporosis").case).result.stated.items
    assert [i.present for i in run(run(case).what_if(set={"osteoporosis": "absent"}).case).result.stated.items] == [False]


def test_a_red_flag_that_was_ruled_out_can_be_left_open_again() -> None:
    answer = example("runner").what_if(drop="cauda equina")
    assert [f.change for f in answer.change.flags if f.id == "cauda-equina"] == ["undecided"]


def test_a_measured_value_is_put_in_place_of_the_one_there_was() -> None:
    first = example("ankle-runner")
    answer = first.what_if(measure="knee to wall:left:11 cm")
    by_hand = case_of(first.result.stated.case)  # type: ignore[arg-type]
    by_hand["measurements"][0]["value"] = 11
    assert text(answer.case) == text(by_hand)
    assert [(e.was.value, e.now.value) for e in answer.edits] == [("4 cm", "11 cm")]


def test_a_measured_value_can_be_dropped() -> None:
    answer = example("ankle-runner").what_if(drop="knee to wall:left")
    left = [(m["name"], m["side"]) for m in answer.case["measurements"]]
    assert ("knee to wall", "left") not in left
    assert ("knee to wall", "right") in left


def test_an_urgent_flag_that_is_added_withholds_the_plan_and_comes_first() -> None:
    answer = example("runner").what_if(add="saddle numbness")
    assert (answer.change.level_was, answer.change.level_now) == ("none", "emergency")
    assert answer.change.plan is not None
    assert answer.change.plan.now == "withheld"
    text = str(answer)
    assert text.index("EMERGENCY") < text.index("PLAN")


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ({"drop": "hip drop:left"}, "did you mean 'hip-drop:right:running'"),
        ({"drop": "head forward"}, "does not state"),
        ({"drop": "no such word at all"}, "it states: "),
        ({"add": "hip drop"}, "which side"),
        ({"add": "hip dorp of the moon"}, "unknown finding"),
        ({"set": "hip drop:right=perhaps"}, "FINDING=present"),
        ({"set": "hip drop:right"}, "FINDING=present"),
        ({"add": ["hip drop:right:running"], "drop": ["hip drop:right"]}, "changed twice"),
        ({"set": {"cauda equina": "present"}}, "red flag"),
        ({"set": {"cauda equina": "unknown"}}, "red flag"),
        ({"measure": "knee to wall:left"}, "value unit"),
        ({"measure": "knee to wall:left:4 kg"}, "unit"),
        ({"measure": "height of the nose:left:4 cm"}, "no measure"),
        ({}, "nothing to change"),
    ],
)  # fmt: skip
def test_an_edit_that_cannot_be_made_is_a_question_that_cannot_be_asked_so(edits: Json, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        example("runner").what_if(**edits)


@pytest.mark.parametrize("edits", [{"drop": "ankle dorsiflexion limited:left"}, {"set": {"ankle dorsiflexion limited:left": "absent"}}])
def test_an_edit_that_a_measured_value_overrules_is_refused_and_names_the_value(edits: Json) -> None:
    with pytest.raises(UsageError, match=r"(?i)knee.to.wall"):
        example("ankle-runner").what_if(**edits)


# --- overturn -----------------------------------------------------------------------------------------------------------------------


def rank(stated: Stated, about: Any) -> int:
    """How a suspicion stands, by the whole straight line."""
    result = pipeline.run(stated, load_knowledge(), NATIVE)
    found = next((h for h in result.hypotheses if h.about == about), None)
    return STANDING.get(found.status, 0) if found else 0


def smallest_by_brute_force(stated: Stated, about: Any, below: int) -> tuple[int | None, set[frozenset[str]]]:
    """All smallest sets, tried over every item of the case."""
    for size in range(1, len(stated.items) + 1):
        found = {
            frozenset(i.key for i in chosen) for chosen in combinations(stated.items, size) if rank(without(stated, chosen), about) < below
        }
        if found:
            return size, found
    return None, set()


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(cases(least=2, most=6), st.data())
def test_overturning_sets_are_all_the_smallest_that_brute_force_finds(case: CaseDict, data: Any) -> None:
    assessment = run(case)
    standing = [h for h in assessment.hypotheses if h.status in STANDING]
    assume(standing)
    h = data.draw(st.sampled_from(standing))
    stated = assessment.result.stated
    for falls in assessment.overturn(h.about.key).falls:
        below = 2 if falls.no_longer == "supported" else 1
        size, sets = smallest_by_brute_force(stated, h.about, below)
        assert falls.size == size
        if falls.size is None:
            assert size is None or size > LARGEST
        else:
            named = {frozenset(t.key for t in one.findings) for one in falls.sets}
            assert len(named) == len(falls.sets)
            assert named <= sets
            assert len(sets) == len(falls.sets) + falls.more


@settings(max_examples=25)
@given(cases(least=1))
def test_the_short_line_says_of_every_suspicion_what_the_whole_line_says(case: CaseDict) -> None:
    stated = run(case).result.stated
    standing = pipeline.run(stated, load_knowledge(), NATIVE).hypotheses
    lines = [ShortLine(load_knowledge(), h.about) for h in standing[:6]]
    for chosen in [(), *combinations(stated.items[:4], 1)]:
        left = without(stated, chosen)
        whole = {h.about: replace(h, held=False) for h in pipeline.run(left, load_knowledge(), NATIVE).hypotheses}
        for line in lines:
            assert line.run(left) == whole.get(line.about)
            read = replace(left, items=tuple(i for i in left.items if i.finding in line.reads))
            assert line.run(read) == whole.get(line.about)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_what_is_named_to_overturn_an_example_does_so_when_the_case_is_edited(path: Path) -> None:
    assessment = assess(load_case(path), load_knowledge(), "native")
    measured = {(m.finding, m.side) for m in assessment.result.measured}
    for h in [h for h in assessment.hypotheses if h.status in STANDING][:4]:
        for falls in assessment.overturn(h.about.key).falls:
            for one in falls.sets:
                if any((t.key.split(":")[0], t.side) in measured for t in one.findings):
                    continue  # a value is dropped, and not the finding it shows
                fresh = run(assessment.what_if(drop=[t.key for t in one.findings]).case)
                found = fresh.hypothesis(h.muscle, h.side, h.state)
                assert (found.status if found else "") == one.status
                assert STANDING.get(one.status, 0) < (2 if falls.no_longer == "supported" else 1)


def test_a_pattern_falls_without_its_core() -> None:
    (falls,) = example("runner").overturn("pattern:stiff-ankle-knee:left").falls
    assert falls.no_longer == "found"
    assert {t.key for one in falls.sets for t in one.findings} == {"dorsiflexion-limited:left", "knee-valgus:left:single-leg-squat"}


def test_patterns_of_all_examples_fall_as_brute_force_says() -> None:
    engine = NATIVE
    for path in EXAMPLES:
        assessment = assess(load_case(path), load_knowledge(), "native")
        for pattern in assessment.result.patterns[:2]:
            side = "" if pattern.side == "midline" else f":{pattern.side}"
            (falls,) = assessment.overturn(f"pattern:{pattern.id}{side}").falls
            for size in range(1, falls.size or 3):
                assert not [c for c in combinations(assessment.result.stated.items, size) if not found(c, assessment, pattern, engine)]
            told = {frozenset(t.key for t in one.findings) for one in falls.sets}
            items = combinations(assessment.result.stated.items, falls.size or 1)
            assert told == {frozenset(i.key for i in c) for c in items if not found(c, assessment, pattern, engine)}


def found(chosen: tuple[Item, ...], assessment: Assessment, pattern: Any, engine: Any) -> bool:
    left = pipeline.run(without(assessment.result.stated, chosen), load_knowledge(), engine)
    return any((p.id, p.side) == (pattern.id, pattern.side) for p in left.patterns)


def test_a_red_flag_says_on_what_it_rests_and_that_this_does_not_clear_it() -> None:
    answer = example("red-flag").overturn("flag:cauda-equina")
    assert [[t.key for t in one.findings] for one in answer.falls[0].sets] == [["saddle-numbness"]]
    assert answer.level == "emergency"
    assert "not by leaving a finding away" in str(answer).replace("\n  ", " ")


def test_a_flag_that_any_pain_raises_falls_when_all_pain_is_left_away() -> None:
    hurts = {"pain": 4, "task": "squat"}
    case = {"findings": [{"name": "knee valgus", "side": "left", **hurts}, {"name": "knee valgus", "side": "right", **hurts}]}
    assessment = run(case)
    raised = [f.id for f in assessment.referral.flags]
    assert raised
    for flag in raised:
        (falls,) = assessment.overturn(f"flag:{flag}").falls
        assert falls.size == 2


@pytest.mark.parametrize("about", ["gluteus medius:right", "soleus:left:strong", "pattern:upper-crossed", "flag:cauda-equina", "no muscle"])
def test_what_does_not_stand_cannot_be_overturned(about: str) -> None:
    with pytest.raises(UsageError):
        example("runner").overturn(about)


@settings(max_examples=20)
@given(cases(least=2, most=6))
def test_what_overturns_the_mirrored_case_is_the_mirror_of_what_overturns_it(case: CaseDict) -> None:
    one, twin = run(case), run(mirrored_case(case))
    for h in [h for h in one.hypotheses if h.status in STANDING][:2]:
        told, turned = one.overturn(h.about.key), twin.overturn(mirrored(h.about.key))
        for falls, other in zip(told.falls, turned.falls, strict=True):
            if not falls.more:
                assert settled(swapped([_sets(s) for s in other.sets])) == settled(
                    [_sets(s) for s in falls.sets]
                )


def _sets(one: Any) -> Json:
    return {"findings": sorted(t.key for t in one.findings), "status": one.status, "points": one.points}


# --- the page ---------------------------------------------------------------------------------------------------------------------


def test_the_worked_examples_of_the_page_are_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES[0].parent.parent)
    examples = list(shown("what-if.md"))
    assert len(examples) == 2
    for command, block in examples:
        assert is_as_shown(command, block), command


@pytest.mark.parametrize(
    ("heading", "shape"),
    [
        ("what-if", WhatIf), ("edit", Edit), ("looked", Looked), ("thing", change.Thing), ("change", change.Change),
        ("flag moved", change.FlagMoved), ("moved", change.Moved), ("reason", change.Reason), ("pattern moved", change.PatternMoved),
        ("prediction moved", change.PredictionMoved), ("drivers moved", change.DriversMoved), ("plan moved", change.PlanMoved),
        ("other", change.Other), ("overturn", Overturn), ("falls", Falls), ("enough", Enough),
    ],
)  # fmt: skip
def test_every_key_of_the_answers_stands_on_the_page(heading: str, shape: Any) -> None:
    assert told_keys("what-if.md", heading) == keys(shape)


# --- the doorway --------------------------------------------------------------------------------------------------------------------


def test_the_command_tells_the_difference_and_json_tells_it_as_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES[0].parent.parent)
    told = run_here(monkeypatch, "what-if", "examples/runner.yaml", "--drop", "hip drop:right")
    assert told.code == 0
    assert "Gluteus medius (left), underactive: supported +4.5 -> possible +2.1" in told.out
    data = run_here(monkeypatch, "what-if", "examples/runner.yaml", "--drop", "hip drop:right", "--json")
    assert data.out == example("runner").what_if(drop="hip drop:right").to_json() + "\n"


@pytest.mark.parametrize("more", [[], ["--overturn", "gluteus medius:left", "--add", "hip drop:left"], ["--drop", "forward head"]])
def test_the_command_refuses_what_cannot_be_asked_with_exit_2(more: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES[0].parent.parent)
    ran = run_here(monkeypatch, "what-if", "examples/runner.yaml", *more)
    assert ran.code == 2
    assert ran.err
    assert not ran.out


def test_hostile_words_stay_words_in_every_format() -> None:
    case = {"case_id": "x", "findings": [{"name": "hip drop", "side": "right", "note": "<b>"}]}
    answer = run(case).what_if(drop="hip drop:right")
    assert answer.report("md").lstrip().startswith("# What if")
    assert "<h1>What if: x</h1>" in answer.report("html", fragment=True)
    with pytest.raises(UsageError, match="hidden character"):
        run(case).what_if(drop="\x1b[31mred")
    with pytest.raises(UsageError, match="does not state"):
        run(case).what_if(drop="<script>alert(1)</script>")


# --- what can be switched ---------------------------------------------------------------------------------------------------------


def test_everything_that_a_case_states_can_be_switched_off_and_each_thing_once(knowledge: Knowledge) -> None:
    case = {
        "findings": [{"name": "hip drop", "side": "bilateral", "task": "running"}, {"name": "knee cave", "side": "left", "present": False}],
        "history": ["sits all day"], "symptoms": [{"name": "cauda equina", "present": False}], "patient": {"conditions": ["osteoporosis"]},
        "measurements": [{"name": "knee to wall", "side": "left", "value": 4, "unit": "cm"}],
    }  # fmt: skip
    answer = assess(case, knowledge, "native")
    told = switches(answer.result, knowledge)
    assert [(s.edit, s.of, s.looked.state) for s in told] == [
        ("hip-drop:left:running", "findings", "present"), ("hip-drop:right:running", "findings", "present"),
        ("knee-valgus:left", "findings", "absent"), ("sitting-all-day", "history", "present"), ("cauda-equina", "symptoms", "absent"),
        ("osteoporosis", "conditions", "present"), ("knee-to-wall:left", "measurements", "measured"),
    ]  # fmt: skip
    assert (told[-1].value, told[-1].unit) == (4.0, "cm")
    for one in told:
        assert answer.what_if(drop=[one.edit]).edits[0].now.state == "not_stated"


def test_a_measured_value_is_changed_by_the_words_of_its_switch(knowledge: Knowledge) -> None:
    measured = {"name": "knee to wall", "side": "left", "value": 4, "unit": "cm"}
    answer = assess({"findings": [], "measurements": [measured]}, knowledge, "native")
    (one,) = switches(answer.result, knowledge)
    edit = answer.what_if(measure=[f"{one.edit}:11 {one.unit}"]).edits[0]
    assert (edit.was.value, edit.now.value) == ("4 cm", "11 cm")
