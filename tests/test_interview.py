"""The interview: red flags first, then what changes most; every answer can be taken back, and whoever keeps the case can go on from it."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from expert import CaseError, ExpertError, Interview, UsageError, assess, case_from_mapping, case_from_text, load_knowledge
from expert.cli import app
from expert.interview import Question, Reply
from expert.model import mirrored
from expert.questions.next_tests import status
from expert.terminal import as_yaml

ROOT = Path(__file__).resolve().parent.parent
SMALL = "step-down"


def begun(battery: str = SMALL, order: str = "best", case: Any = None, flags: bool = True) -> Interview:
    held = Interview.begin(battery, case, load_knowledge(), order)
    return held.skip_person() if flags else held.skip_flags()


def fresh(**patient: Any) -> Interview:
    return Interview.begin(SMALL, {"findings": [], "patient": patient} if patient else None, load_knowledge())


def asked(held: Interview) -> Question:
    question = held.question
    assert question is not None
    return question


def read_back(held: Interview) -> Interview:
    """What is left of an interview when its file is read again."""
    case = case_from_text(as_yaml(held.saved))
    return Interview.resume(case.shape.model_dump(mode="json", exclude_defaults=True), held.knowledge)


def statuses(held: Interview) -> dict[Any, str]:
    return {about: status(h) for about, h in held.weighed.standing.items() if status(h) != "insufficient"}


@st.composite
def replies(draw: st.DrawFn) -> tuple[str, int, Any, bool]:
    return (
        draw(st.sampled_from(["present", "present", "absent", "absent", "unknown", "skipped"])), draw(st.integers(0, 2)),
        draw(st.sampled_from([None, None, "mild", "severe"])), draw(st.sampled_from([False, False, False, True])),
    )  # fmt: skip


def reply_to(question: Question, drawn: tuple[str, int, Any, bool], turned: bool = False) -> Reply:
    answer, number, severity, hurts = drawn
    if question.kind == "measure":
        return Reply("skipped")
    sides = (question.sides[:1], question.sides[-1:], question.sides)[number]
    chosen = sides if question.sided and answer == "present" else ()
    if turned and len(question.sides) == 2:
        chosen = tuple(mirrored(s) for s in chosen)
    looked = question.kind == "look" and answer in ("present", "absent")
    return Reply(answer, chosen, severity if looked else None, hurts and looked)


# --- laws -----------------------------------------------------------------------------------------------------------------------


@settings(max_examples=5)
@given(st.lists(replies(), min_size=1, max_size=4), st.sampled_from(["best", "fixed", "fixed"]), st.booleans())
def test_an_interview_goes_on_from_its_file_and_back_from_every_answer(drawn: list[Any], order: str, flags: bool) -> None:
    held = begun(order=order, flags=flags)
    for one in drawn:
        question = held.question
        if question is None:
            break
        following = held.answer(reply_to(question, one))
        again = read_back(following)
        assert again.saved == following.saved
        assert (again.question, again.log, again.order) == (following.question, following.log, following.order)
        assert statuses(again) == statuses(following)
        assert following.undo().saved == held.saved
        assert following.undo().question == question
        held = following


@settings(max_examples=5)
@given(st.lists(replies(), min_size=2, max_size=5))
def test_mirrored_answers_are_asked_the_same_and_give_the_mirrored_standing(drawn: list[Any]) -> None:
    held, twin = begun(flags=False), begun(flags=False)
    for one in drawn:
        question, other = held.question, twin.question
        if question is None or other is None or len(question.sides) != len(other.sides):
            break
        assert question.ask == other.ask
        held, twin = held.answer(reply_to(question, one)), twin.answer(reply_to(other, one, turned=True))
    assert statuses(held) == {about._replace(side=mirrored(about.side)): told for about, told in statuses(twin).items()}


@pytest.mark.parametrize("there", [(), ("knee-valgus",), ("hip-drop", "knee-valgus"), ("foot-pronation", "heel-rise")])
def test_where_nothing_more_would_change_the_answer_no_answer_does(there: tuple[str, ...]) -> None:
    held = begun("single-leg-squat", flags=False)
    held = Interview(held.knowledge, held.battery, "best", held.case, held.log)
    seen = 0
    while (question := held.question) is not None:
        if question.kind == "measure":
            held = held.answer(Reply("skipped"))
            continue
        if held.settled:
            seen += 1
            for side in question.sides:
                assert statuses(held.answer(Reply("present", (side,)))).items() >= statuses(held).items()
                assert statuses(held.answer(Reply("absent"))) == statuses(held)
        name = question.ask.split(":")[1]
        held = held.answer(Reply("present", question.sides[:1]) if name in there else Reply("absent"))
    assert held.settled
    assert held.progress == (15, 15)


# --- what is asked, and in which order --------------------------------------------------------------------------------------------


def test_red_flags_come_first_most_urgent_first_and_then_no_more() -> None:
    held = begun()
    levels, kinds = [], []
    while (question := held.question) is not None:
        kinds.append(question.kind)
        levels += [question.level] if question.kind == "flag" else []
        held = held.answer(Reply("skipped") if question.kind == "measure" else Reply("absent"))
    first_look = kinds.index("look")
    assert first_look > 1
    assert set(kinds[:first_look]) <= {"flag", "ask"}
    assert set(kinds[first_look:]) <= {"look", "measure"}
    assert levels == sorted(levels, key=["emergency", "urgent"].index)


def test_a_flag_that_is_said_to_be_there_is_asked_thing_by_thing_until_it_is_raised() -> None:
    held = begun()
    assert asked(held).ask == "flag:cauda-equina"
    held = held.answer(Reply("present"))
    assert asked(held).ask == "ask:saddle-numbness"
    held = held.answer(Reply("present"))
    assert [f.id for f in held.flags] == ["cauda-equina"]
    assert "cauda-equina" not in asked(held).ask
    answer = assess(case_from_mapping(dict(held.case)), held.knowledge, "native")
    assert answer.plan.withheld
    assert "exercise" in held.standing().report("txt")


def test_a_flag_denied_as_a_whole_counts_as_asked_and_one_passed_over_does_not() -> None:
    denied = begun().answer(Reply("absent"))
    assert "cauda-equina" in denied.weighed.screening.asked
    passed = begun().skip_flags()
    assert passed.weighed.screening.asked == ()
    assert asked(passed).kind == "look"


def test_the_fixed_order_is_the_order_of_the_battery() -> None:
    held, seen = begun("posture-back", "fixed", flags=False), []
    while (question := held.question) is not None:
        seen += [question.ask.split(":")[1]] if question.ask.split(":")[1] not in seen else []
        held = held.answer(Reply("skipped"))
    assert seen == [i.finding or i.measure for i in held.knowledge.kb.batteries["posture-back"].items]


def test_the_best_order_asks_what_changes_most_and_a_change_of_the_movement_after_the_movement() -> None:
    held = begun("single-leg-squat", flags=False)
    kinds = held.knowledge.kb.findings
    seen = []
    while (question := held.question) is not None:
        if question.kind == "look":
            seen.append(kinds[question.ask.split(":")[1]].method)
            looks = [ask for ask in held.worth if ask.startswith("look")]
            alike = [ask for ask in looks if (kinds[ask.split(":")[1]].method == "response") == (seen[-1] == "response")]
            assert held.worth[question.ask] == max(held.worth[ask] for ask in alike)
        held = held.answer(Reply("skipped") if question.kind == "measure" else Reply("absent"))
    assert seen.index("response") == len(seen) - seen.count("response")


def test_what_the_case_states_is_not_asked_and_its_other_side_is() -> None:
    both = {"name": "knee valgus", "side": "bilateral", "task": "step-down"}
    case = {"findings": [{"name": "hip drop", "side": "right", "task": "step-down"}, both]}
    held, seen = begun(case=case, flags=False, order="fixed"), {}
    while (question := held.question) is not None:
        seen[question.ask] = question.sides
        held = held.answer(Reply("skipped"))
    assert seen["look:hip-drop:step-down"] == ("left",)
    assert "look:knee-valgus:step-down" not in seen


def test_sides_severity_and_pain_stand_in_the_case() -> None:
    held = begun(flags=False, order="fixed").answer(Reply("present", ("left",), "severe", True))
    assert held.case["findings"] == [
        {"name": "uncontrolled-lowering", "side": "left", "task": "step-down", "severity": "severe", "limited_by": "pain"},
        {"name": "uncontrolled-lowering", "side": "right", "task": "step-down", "present": False, "limited_by": "pain"},
    ]


def test_a_measure_takes_a_value_for_each_side_and_refuses_what_cannot_be() -> None:
    held = begun(flags=False, order="fixed")
    while asked(held).kind != "measure":
        held = held.answer(Reply("skipped"))
    assert asked(held).ask == "measure:knee-extension-strength:left"
    with pytest.raises(CaseError, match="unit"):
        held.answer(Reply("present", value=300, unit="cm"))
    with pytest.raises(UsageError, match="value"):
        held.answer(Reply("present"))
    after = held.answer(Reply("present", value=300, unit="N"))
    assert after.case["measurements"] == [{"name": "knee-extension-strength", "side": "left", "value": 300, "unit": "N"}]
    assert asked(after).ask == "measure:knee-extension-strength:right"
    assert after.undo().saved == held.saved
    assert after.answer(Reply("skipped")).question is None


def test_what_is_no_answer_is_refused_and_changes_nothing() -> None:
    held = begun(flags=False)
    for wrong in (Reply("maybe"), Reply("present"), Reply("present", ("midline",))):
        with pytest.raises(UsageError):
            held.answer(wrong)
    assert held.log == begun(flags=False).log


def test_an_unknown_battery_or_order_and_a_case_without_an_interview_are_told() -> None:
    with pytest.raises(ExpertError, match="no battery"):
        begun("nothing at all")
    with pytest.raises(UsageError, match="order"):
        begun(order="random")
    with pytest.raises(UsageError, match="no interview"):
        Interview.resume({"findings": []}, load_knowledge())


def test_every_question_says_why() -> None:
    held = begun()
    assert "red flag" in begun().question.report("txt").casefold()  # type: ignore[union-attr]
    assert held.why() == held.knowledge.kb.flags["cauda-equina"].because
    assert "if present" in held.skip_flags().why()


def test_the_interview_that_a_case_holds_changes_nothing_in_its_answer() -> None:
    held = begun(flags=False).answer(Reply("absent"))
    with_it = assess(case_from_mapping(held.saved), held.knowledge, "native").to_json()
    assert with_it == assess(case_from_mapping(dict(held.case)), held.knowledge, "native").to_json()


def test_the_battery_of_the_benchmark_has_forty_lines() -> None:
    assert len(load_knowledge().kb.batteries["whole-body-40"].items) == 40


# --- the person -----------------------------------------------------------------------------------------------------------------


def test_age_sex_pregnancy_and_an_operation_are_asked_before_anything_else_and_stand_in_the_case() -> None:
    held, asks = fresh(), []
    for reply in (Reply("present", value=15), Reply("present", choice="female"), Reply("absent"), Reply("present")):
        asks.append(asked(held).ask)
        held = held.answer(reply)
    assert asks == ["person:age", "person:sex", "person:pregnancy", "person:recent-surgery"]
    assert held.case["patient"] == {"age": 15, "sex": "female", "pregnancy": False}
    assert [f["name"] for f in held.case["findings"]] == ["recent-surgery"]
    assert asked(held).kind in ("flag", "ask")
    assert assess(case_from_mapping(dict(held.case)), held.knowledge, "native").plan.withheld


def test_every_answer_about_the_person_is_taken_back_and_read_back() -> None:
    held = fresh()
    replies = (Reply("present", value=30), Reply("present", choice="other"), Reply("present", value=12), Reply("unknown"))
    for reply in replies:
        following = held.answer(reply)
        assert following.undo().saved == held.saved
        assert read_back(following).question == following.question
        assert read_back(following).saved == following.saved
        held = following
    assert held.case["patient"] == {"age": 30, "sex": "other", "pregnancy": False, "postpartum_weeks": 12}


@pytest.mark.parametrize(
    "patient", [{"age": 30, "sex": "male"}, {"age": 75, "sex": "female"}, {"age": 30, "sex": "female", "pregnancy": True}]
)
def test_nothing_is_asked_of_the_person_that_is_told_or_cannot_be(patient: dict[str, Any]) -> None:
    assert asked(fresh(**patient)).ask == "person:recent-surgery"


@pytest.mark.parametrize("wrong", [Reply("present"), Reply("present", value=30.5), Reply("present", choice="female")])
def test_an_age_is_a_whole_number_of_years(wrong: Reply) -> None:
    with pytest.raises(UsageError):
        fresh().answer(wrong)
    with pytest.raises(CaseError):
        fresh().answer(Reply("present", value=400))


# --- what is read out, and where it ends ------------------------------------------------------------------------------------------


def test_what_would_explain_a_flag_away_is_not_read_out_as_if_it_were_the_flag() -> None:
    held = begun()
    told = held._things_of(held.knowledge.kb.flags["wasting-with-weakness"])
    core, apart = told.split("Unless explained by:")
    assert "Recent surgery" in apart
    assert "Recent surgery" not in core
    assert "Muscle wasting" in core
    assert "together" in core


@pytest.mark.parametrize("flag", sorted(load_knowledge().kb.flags))
def test_every_flag_is_read_out_with_all_that_speaks_for_it(flag: str) -> None:
    held = begun()
    kb = held.knowledge.kb
    told = held._things_of(kb.flags[flag])
    assert all(kb.findings[name].name in told for name in kb.flags[flag].when.core if name in kb.findings)


def test_once_a_grave_flag_is_raised_nothing_more_is_looked_at() -> None:
    held = begun().answer(Reply("present")).answer(Reply("present"))
    assert held.is_over
    while (question := held.question) is not None:
        assert question.kind in ("flag", "ask")
        held = held.answer(Reply("absent"))
    assert held.looks
    assert held.settled


def test_a_yes_to_a_flag_as_a_whole_is_not_lost_where_nobody_told_which_thing(tmp_path: Path) -> None:
    assert [f.id for f in begun().answer(Reply("present")).said_yes] == ["cauda-equina"]
    result = told(tmp_path / "a.yaml", "S\ny\nq\n", "--battery", SMALL)
    assert "Said yes, and not which: Possible cauda equina syndrome" in " ".join(result.stdout.split())


def test_a_case_that_cannot_be_read_is_refused_at_once() -> None:
    with pytest.raises(CaseError):
        Interview.begin(SMALL, {"findings": [{"name": "knee valgus"}]}, load_knowledge())


# --- in the terminal ----------------------------------------------------------------------------------------------------------------


def told(save: Path, words: str, *options: str) -> Any:
    return CliRunner().invoke(app, ["interview", "--save", str(save), *options], input=words)


def test_a_dialogue_saves_every_answer_and_the_end_of_input_keeps_them(tmp_path: Path) -> None:
    save = tmp_path / "anna.yaml"
    result = told(save, "S\nS\nl 3\nn\n", "--battery", SMALL)
    assert result.exit_code == 0, result.output
    assert "myologic interview --save" in result.stderr
    assert "Case anna" in result.stdout
    saved = case_from_text(save.read_text(encoding="utf-8")).shape
    assert saved.interview is not None
    assert [s.answer for s in saved.interview.log] == ["skipped", "skipped", "present", "absent"]
    assert saved.findings[0].severity == "severe"
    assert list(tmp_path.iterdir()) == [save]


def test_a_dialogue_in_two_sittings_ends_as_one_without_a_break(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    words = ["34", "f", "u", "f", "12", "n", "S", "l", "n", "r 1", "u", "b"]
    told(one, "\n".join(words) + "\n", "--battery", SMALL)
    told(two, "\n".join(words[:2]) + "\n", "--battery", SMALL)
    for word in words[2:]:
        told(two, word + "\n")
    assert one.read_text().replace("case_id: one", "") == two.read_text().replace("case_id: two", "")


def test_wrong_input_is_asked_again_with_what_is_taken(tmp_path: Path) -> None:
    result = told(tmp_path / "a.yaml", "S\nS\nperhaps\nl 7\nw\nv\nn\nq\n", "--battery", SMALL)
    assert result.exit_code == 0, result.output
    assert "'perhaps' is no answer here" in result.stdout
    assert "'l 7' is no answer here" in result.stdout
    assert result.stdout.count("[l left, r right, b both") == 6
    assert max(map(len, result.stdout.split("Case a")[0].splitlines())) <= 80
    assert "if present" in result.stdout
    assert "0 of 8 looked at" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_raised_red_flag_is_shown_at_once(tmp_path: Path) -> None:
    result = told(tmp_path / "a.yaml", "S\ny\ny\nq\n", "--battery", SMALL)
    shown = result.stdout.index("RED FLAG, emergency: Possible cauda equina syndrome")
    assert result.stdout.count("> ") >= 2
    assert shown < result.stdout.index("Case a")
    assert "No exercise is proposed" in " ".join(result.stdout.split())


def test_a_file_that_is_there_is_gone_on_with_and_never_written_over(tmp_path: Path) -> None:
    save = tmp_path / "a.yaml"
    told(save, "S\nS\n", "--battery", SMALL)
    before = save.read_text()
    assert isinstance(told(save, "n\n", "--battery", SMALL).exception, UsageError)
    assert save.read_text() == before
    assert "going on" in told(save, "q\n").stderr
    save.write_text("findings: []\n")
    assert isinstance(told(save, "").exception, UsageError)


def test_without_a_file_nothing_is_kept_and_that_is_said() -> None:
    result = CliRunner().invoke(app, ["interview", "--battery", SMALL], input="q\n")
    assert result.exit_code == 0
    assert "nothing is saved" in result.stderr
    assert isinstance(CliRunner().invoke(app, ["interview"]).exception, UsageError)


# --- the benchmark ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("interview_benchmark", ROOT / "benchmarks" / "interview.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_benchmark_gives_the_same_numbers_again_and_ends_in_full_agreement(benchmark: ModuleType) -> None:
    found = benchmark.measured("reach", 7, 2, load_knowledge())
    assert found == benchmark.measured("reach", 7, 2, load_knowledge())
    assert found != benchmark.measured("reach", 8, 2, load_knowledge())
    for what in ("statuses", "supported"):
        for order in ("best", "fixed"):
            assert len(found[what][order]["mean"]) == found["questions"] + 1
            assert found[what][order]["mean"][-1] == found[what][order]["low"][-1] == 1.0


def test_the_figure_and_the_table_of_the_paper_are_those_of_the_numbers(benchmark: ModuleType) -> None:
    found = json.loads((ROOT / "benchmarks" / "interview.json").read_text(encoding="utf-8"))
    assert (found["battery"], found["questions"]) == ("whole-body-40", 40)
    figure = (ROOT / "docs" / "interview.svg").read_text(encoding="utf-8")
    assert figure == benchmark.figure(found)
    assert ElementTree.fromstring(figure).tag.endswith("svg")  # noqa: S314  (our own file)
    assert benchmark.table(found) in (ROOT / "docs" / "interview.md").read_text(encoding="utf-8")


def test_a_patient_shows_true_states_more_often_than_not(benchmark: ModuleType) -> None:
    knowledge = load_knowledge()
    kinds = knowledge.kb.batteries["reach"].items
    showing = {line: benchmark.shows(line, knowledge) for line in benchmark.lines(kinds, knowledge)}
    chance = __import__("random").Random(3)
    people = [benchmark.patient(chance, showing, knowledge) for _ in range(40)]
    assert all(set(p) == set(showing) for p in people)
    share = sum(sum(p.values()) for p in people) / sum(len(p) for p in people)
    assert 0.15 < share < 0.6
    assert re.match(r"[a-z-]+$", next(iter(showing))[0])


def test_a_red_flag_that_is_denied_as_a_whole_counts_as_asked_also_where_a_finding_has_its_name() -> None:
    """'malignancy' is read as the finding cancer, of which alone the flag does not consist."""
    held = begun("whole-body-40")
    while (question := held.question) is not None and question.kind in ("flag", "ask"):
        held = held.answer(Reply("absent"))
        if question.kind == "flag":
            assert held.log[-1].ask.removeprefix("flag:") in held.weighed.screening.asked
    assert "flag:malignancy" in {step.ask for step in held.log}


# --- the page -----------------------------------------------------------------------------------------------------------------------


def test_the_dialogue_of_the_page_is_what_is_printed() -> None:
    page = (ROOT / "docs" / "interview.md").read_text(encoding="utf-8")
    words, options, shown = re.findall(r"^    printf '([^']+)' \| myologic ([^\n]+)\n\n```text\n(.*?)^```$", page, re.M | re.S)[0]
    result = CliRunner().invoke(app, options.split(), input=words.replace("\\n", "\n"))
    assert result.stdout.startswith(shown.rstrip("\n"))


def test_the_program_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "interview.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.S)[0], names)  # noqa: S102  (the page's own program)
    assert names["again"].question == names["held"].question
    assert "Possible cauda equina" in capsys.readouterr().out
