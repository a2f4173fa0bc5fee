"""Why: what is answered about hypotheses, patterns, flags and predictions, what is not known yet, and how it reads."""

from __future__ import annotations

import json
import re
import shlex
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from corpus import mirrored
from hypothesis import given, settings
from hypothesis import strategies as st
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases
from test_why_not import ordered, turned
from typer.testing import CliRunner

from expert import Assessment, UsageError, assess, load_case, load_knowledge, proof
from expert.cli import app
from expert.model import Knowledge
from expert.questions.why import Accounted, Part, Why

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
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


@pytest.fixture(scope="module")
def examples(knowledge: Knowledge) -> dict[str, Assessment]:
    return {p.stem: assess(load_case(p), knowledge, "native") for p in sorted(EXAMPLES.glob("*.yaml"))}


def only(told: tuple[Any, ...]) -> Any:
    (one,) = told
    return one


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# --- hypotheses ----------------------------------------------------------------------------------------------------------------------


def test_without_a_state_every_suspected_state_is_proved_best_first(runner: Assessment) -> None:
    told = runner.why("gluteus medius", "left").hypotheses
    assert {"underactive", "lengthened", "weak"} <= {h.proof.state for h in told}
    assert [h.proof.points for h in told] == sorted((h.proof.points for h in told), reverse=True)


@pytest.mark.parametrize("words", [("glute med", "L"), ("Gluteus Medius", "Left"), ("gluteus-medius:lt",), ("hypothesis:glute med:left",)])
def test_muscles_and_sides_are_understood_as_in_a_case(words: tuple[str, ...], runner: Assessment) -> None:
    assert {(h.proof.muscle, h.proof.side) for h in runner.why(*words).hypotheses} == {("gluteus-medius", "left")}


def test_a_group_is_answered_muscle_by_muscle(runner: Assessment, knowledge: Knowledge) -> None:
    told = runner.why("adductors", "left", "overactive")
    answered = {h.proof.muscle for h in told.hypotheses} | {s.muscle for s in told.silent}
    assert answered == set(knowledge.kb.groups["adductor-complex"].members)


def test_where_nothing_speaks_for_it_the_rules_that_could_are_told(runner: Assessment) -> None:
    told = runner.why("gluteus medius", "right", "underactive")
    assert told.hypotheses == ()
    silent = only(told.silent)
    assert "hip-drop.stance-abductors" in {c.rule for c in silent.considered}
    assert "Nothing in the case speaks for it" in plain(str(told))


def test_a_state_that_is_contradicted_tells_what_denies_it(examples: dict[str, Assessment]) -> None:
    told = only(examples["ankle-runner"].why("gluteus medius:left:weak").hypotheses)
    assert told.standing.decides in ("outweighed", "nothing")
    assert {g.speaks for g in told.proof.grounds} >= {"against"}
    assert sum(g.points for g in told.proof.grounds) == pytest.approx(told.proof.points)


@pytest.mark.parametrize("example", ["squatter", "desk-worker", "ankle-runner", "overhead-athlete", "red-flag"])
def test_every_hypothesis_of_the_examples_adds_up_and_says_what_decides_it(example: str, examples: dict[str, Assessment]) -> None:
    answer = examples[example]
    for h in answer.hypotheses[:4]:
        told = only(answer.why(h.muscle, h.side, h.state).hypotheses)
        assert sum(g.points for g in told.proof.grounds) == pytest.approx(h.points)
        assert (told.standing.status, told.proof.status) == (h.status, h.status)
        assert (told.standing.decides in ("two-looks", "instrument")) is (h.status == "supported")
        assert bool(told.standing.held_by) is h.held


def test_a_contradicted_state_is_told_once_with_the_points_of_its_proof(knowledge: Knowledge) -> None:
    tilt = {"findings": [{"name": "anterior pelvic tilt", "task": "standing"}, {"name": "forward lean", "task": "squat"}]}
    answer = assess(tilt, knowledge, "native")
    abouts = [h.about for h in answer.result.contradicted]
    assert len(set(abouts)) == len(abouts) > 0
    for h in answer.result.contradicted:
        told = only(answer.why(h.muscle, h.side, h.state).hypotheses).proof
        assert told.points == pytest.approx(h.points)


# --- what is not known yet -----------------------------------------------------------------------------------------------------------


def known_about(findings: list[CaseDict], *texts: str) -> Accounted:
    told: Accounted = only(assess({"findings": findings}, small_knowledge(*texts), "native").why("puller", "left", "weak").hypotheses)
    return told


def test_what_is_not_known_says_what_each_look_would_do_if_it_is_there_and_if_it_is_absent() -> None:
    other = "{muscle: puller, side: opposite, state: weak, points: 4}"
    text = rules(rule("seen", "{finding: dip}", WEAK), rule("r", "{finding: lift}", other))
    told = known_about([{"name": "dip", "side": "left"}], text)
    look = only(told.not_known)
    assert (look.look.finding, look.look.side, [n.id for n in look.rules]) == ("lift", "right", ["r"])
    assert (look.there.points, look.there.status) == (2.4, "supported")
    assert (look.absent.points, look.absent.status) == (-0.6, "possible")


def test_what_was_looked_at_or_was_found_elsewhere_is_known() -> None:
    both = "{muscle: puller, side: both, state: weak, points: 4}"
    text = rules(rule("seen", "{finding: dip}", WEAK), rule("r", "{finding: lift}", WEAK), rule("s", "{finding: bow}", both))
    told = known_about([{"name": "dip", "side": "left"}, {"name": "lift", "side": "left", "present": False}], text)
    assert [k.look.finding for k in told.not_known] == ["bow"]


def test_what_would_speak_against_it_is_not_known_as_well_and_the_most_comes_first() -> None:
    text = rules(
        rule("seen", "{finding: dip}", WEAK), rule("for", "{finding: lift}", "{muscle: puller, state: weak, points: 1}"),
        rule("rival", "{finding: bow}", "{muscle: puller, side: both, state: strong, points: 4}"),
    )  # fmt: skip
    told = known_about([{"name": "dip", "side": "left"}], text)
    assert [(k.look.finding, k.there.points) for k in told.not_known] == [("bow", -2.4), ("lift", 0.6)]
    assert told.not_known[0].there.status == "contested"


def test_looks_beyond_the_first_few_are_counted(runner: Assessment) -> None:
    told = only(runner.why("gluteus medius:left:underactive").hypotheses)
    assert len(told.not_known) == 6
    assert told.more > 0
    assert all(k.look.how and k.look.side in ("left", "right", "midline") for k in told.not_known)


@settings(max_examples=12)
@given(cases(least=2), st.data())
def test_what_is_not_known_comes_true_when_it_is_looked_at(case: CaseDict, data: st.DataObject) -> None:
    answer = assess(case, load_knowledge(), "native")
    if not answer.hypotheses:
        return
    h = data.draw(st.sampled_from(answer.hypotheses[:10]))
    told = only(answer.why(h.muscle, h.side, h.state).hypotheses)
    for known in told.not_known[:2]:
        tasks = [t.id for t in known.look.tasks]
        entry = {"name": known.look.finding, "task": tasks[0] if tasks else None, "side": known.look.side}
        entry = {k: v for k, v in entry.items() if v not in (None, "midline")}
        kind = answer.knowledge.kb.kinds[known.look.finding]
        place = {"finding": "findings", "symptom": "symptoms", "history": "history"}[kind]
        same = (known.look.finding, known.look.side, entry.get("task"))
        rest = [e for e in case[place] if (e["name"], e.get("side", "midline"), e.get("task")) != same]
        grown = assess({**case, place: [*rest, entry]}, answer.knowledge, "native").hypothesis(h.muscle, h.side, h.state)
        assert ("" if grown is None else grown.status) == known.there.status
        if grown is not None:
            assert grown.points - h.points == pytest.approx(known.there.points)


# --- patterns, flags, predictions ----------------------------------------------------------------------------------------------------


def test_a_pattern_that_was_found_is_proved_and_one_that_was_not_shows_its_nearest_miss(examples: dict[str, Assessment]) -> None:
    left, right = (examples["runner"].why(f"pattern:stiff-ankle-knee:{side}") for side in ("left", "right"))
    assert {leaf.key for leaf in only(left.patterns).core} == {"dorsiflexion-limited:left", "knee-valgus:left:single-leg-squat"}
    assert right.patterns == ()
    assert only(right.not_found).considered.wanting == 2


def parts(part: Part) -> list[Part]:
    return [part, *(inner for p in part.parts for inner in parts(p))]


def test_a_raised_flag_tells_by_which_item_and_what_it_holds(examples: dict[str, Assessment]) -> None:
    flag = only(examples["red-flag"].why("flag:cauda-equina").flags)
    assert (flag.standing, flag.level) == ("raised", "emergency")
    yes = [p for p in parts(flag.condition) if p.holds and p.by]
    assert [(p.id, [i.key for i in p.by]) for p in yes] == [("saddle-numbness", ["saddle-numbness"])]
    assert {i.finding for i in flag.explains_here} == {"foot-drop", "hip-hike"}
    assert "tibialis-anterior" in {h.state.id for h in flag.holds}
    assert all(h.rests for h in flag.holds)


@pytest.mark.parametrize(
    ("case", "flag", "standing"),
    [
        ({"symptoms": [{"name": "saddle numbness", "present": False}]}, "cauda-equina", "not-asked"),
        ({"symptoms": [{"name": "cauda equina", "present": False}]}, "cauda-equina", "denied"),
        ({}, "cauda-equina", "not-asked"),
    ],
)
def test_a_flag_that_is_not_raised_says_how_far_it_was_asked(case: CaseDict, flag: str, standing: str, knowledge: Knowledge) -> None:
    told = only(assess({"findings": [], **case}, knowledge, "native").why(f"flag:{flag}").flags)
    assert told.standing == standing
    assert told.condition.holds is None or standing == "denied"
    assert told.holds == ()


@pytest.mark.parametrize("example", ["runner", "squatter", "red-flag", "healthy"])
def test_every_flag_is_decided_as_the_screening_decided_it(example: str, examples: dict[str, Assessment]) -> None:
    answer = examples[example]
    raised = {f.id for f in answer.referral.flags}
    for name in answer.knowledge.kb.flags:
        told = only(answer.why(f"flag:{name}").flags)
        assert (told.standing == "raised") is (name in raised)
        assert (told.condition.holds is True) is (name in raised)
        if name in answer.referral.not_asked:
            assert told.standing in ("not-asked", "half-met")
            assert told.condition.holds is None


def test_where_a_red_flag_is_urgent_no_look_is_proposed_and_the_flag_comes_first(examples: dict[str, Assessment]) -> None:
    told = examples["red-flag"].why("tibialis anterior:right:weak")
    assert only(told.hypotheses).not_known == ()
    assert [f.level for f in told.first] == ["emergency", "urgent"]
    assert str(told).startswith("! Red flag first: Possible cauda equina syndrome (emergency).")
    not_said = examples["red-flag"].why_not("gluteus medius:right:weak")
    assert str(not_said).startswith("! Red flag first")
    for format in ("txt", "md", "html"):
        assert "How to look" not in not_said.report(format) + told.report(format)


def test_a_prediction_is_told_link_by_link_from_what_it_rests_on(examples: dict[str, Assessment]) -> None:
    answer = examples["squatter"]
    for p in answer.result.predicted:
        told = next(x for x in answer.why(f"prediction:{p.target.id}:{p.target.side}" if p.target.side != "midline" else
                                          f"prediction:{p.target.id}").predictions if x.target.state == p.target.state)  # fmt: skip
        assert [s.link for s in told.path] == [s.link for s in p.path]
        assert all(s.mechanism and s.sources and s.caution for s in told.path)
        assert told.rests
        assert (told.path[-1].to, told.status) == (told.target, p.status)


def test_a_prediction_by_its_words_and_one_that_was_not_made(examples: dict[str, Assessment]) -> None:
    node = examples["squatter"].knowledge.kb.nodes["heel-eversion"].name
    assert only(examples["squatter"].why(f"prediction:{node}:left").predictions).target.id == "heel-eversion"
    with pytest.raises(UsageError, match=r"nothing is foretold about 'gluteus-medius'; predictions of this case: .*heel-eversion:left"):
        examples["squatter"].why("prediction:gluteus medius")
    with pytest.raises(UsageError, match="this case has no predictions"):
        assess({"findings": []}, examples["squatter"].knowledge, "native").why("prediction:gluteus medius")


# --- what is asked about -------------------------------------------------------------------------------------------------------------


def test_plain_words_find_a_pattern_or_a_flag_where_they_name_no_muscle(runner: Assessment) -> None:
    assert runner.why("cauda equina").flags[0].id == "cauda-equina"
    assert {p.id for p in runner.why("stiff-ankle-knee:left").not_found} == {"stiff-ankle-knee"}


@pytest.mark.parametrize(
    ("about", "says"),
    [
        (("flux capacitor", "left"), "unknown muscle or pattern or flag 'flux capacitor'"), (("gluteus magnus", "left"), "did you mean"),
        (("gluteus medius", "midline"), "no side of a muscle"), (("gluteus medius", "both"), "no side of a muscle"),
        (("gluteus medius", "starboard"), "say left or right"),
        (("gluteus medius", "left", "tight"), "unknown state 'tight'; it is one of"),
        (("gluteus medius:left:weak:now",), "write MUSCLE:SIDE:STATE"), (("gluteus medius:left", "right"), "write MUSCLE:SIDE:STATE"),
        (("pattern:stif ankle nee",), "unknown pattern"), (("flag:gluteus medius",), "unknown flag"),
        (("prediction:heel-eversin",), "unknown prediction 'heel-eversin', did you mean 'heel-eversion'"),
    ],
)  # fmt: skip
def test_what_nobody_can_answer_is_an_error_that_helps(about: tuple[str, ...], says: str, runner: Assessment) -> None:
    with pytest.raises(UsageError, match=says):
        runner.why(*about)


# --- how it reads --------------------------------------------------------------------------------------------------------------------

ASKED = {
    "runner": ("gluteus medius:left", "gluteus medius:right", "pattern:stiff-ankle-knee", "flag:cauda-equina"),
    "squatter": ("gastrocnemius:left", "prediction:heel-eversion:left", "biceps femoris short head:left"),
    "red-flag": ("flag:cauda-equina", "tibialis anterior:right:weak"), "healthy": ("soleus:left",),
}  # fmt: skip


@pytest.mark.parametrize(("example", "about"), [(e, a) for e, asked in ASKED.items() for a in asked])
def test_the_answers_of_the_examples_print_in_every_format(example: str, about: str, examples: dict[str, Assessment]) -> None:
    told = examples[example].why(about)
    text = told.report("txt")
    assert max(map(len, text.splitlines())) <= 80
    assert "<" not in re.sub(r"<-|< ", "", told.report("md").replace("<br>", "").replace("&lt;", ""))
    assert "\\\\" not in told.report("md"), "escaped twice"
    html = told.report("html", fragment=True)
    assert html.count("<ul") == html.count("</ul>")
    assert html.count("<li") == html.count("</li>")
    assert json.loads(told.to_json()) == told.to_dict()


def test_the_printed_proof_names_rule_points_item_and_source(knowledge: Knowledge) -> None:
    text = plain(str(assess({"findings": RUNNER["findings"][:1]}, knowledge, "native").why("gluteus medius:left:underactive")))
    assert "Gluteus medius, left: underactive Possible" in text
    assert "+2.4 A pelvis that drops points at the abductors of the stance leg [hip-drop.stance-abductors]" in text
    assert 'Hip (pelvic) drop, right, running The case says "hip drops" [hip-drop:right:running].' in text
    assert knowledge.kb.sources[knowledge.kb.rules["hip-drop.stance-abductors"].sources[0]].title in text


def test_what_a_case_says_cannot_mark_up_the_answer(knowledge: Knowledge) -> None:
    case = {"findings": [{"name": "<hip> drop", "side": "right", "task": "running"}]}
    told = assess(case, knowledge, "native").why("gluteus medius:left:underactive")
    assert isinstance(told, Why)
    assert "&lt;hip&gt; drop" in told.report("html")
    assert "<hip>" not in told.report("html") + told.report("md")


@settings(max_examples=10)
@given(cases(least=1), st.data())
def test_a_mirrored_case_has_mirrored_proofs(case: CaseDict, data: st.DataObject) -> None:
    answer = assess(case, load_knowledge(), "native")
    if not answer.hypotheses:
        return
    h = data.draw(st.sampled_from(answer.hypotheses[:20]))
    other = assess(mirrored(case), answer.knowledge, "native")
    here = answer.why(h.muscle, h.side, h.state).to_dict()
    there = other.why(h.muscle, mirrored(h.side), h.state).to_dict()
    assert ordered(turned(here)) == ordered(there)


# --- its page ------------------------------------------------------------------------------------------------------------------------

PAGE = (EXAMPLES.parent / "docs" / "why.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```answer ([^\n]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[c for c, _ in SHOWN])
def test_the_answers_of_the_page_are_the_programs(command: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    printed = CliRunner().invoke(app, shlex.split(command)).output
    at = 0
    for piece in shown.split("...\n"):  # what stands between is left out
        assert piece in printed[at:], piece
        at = printed.index(piece, at) + len(piece)
    assert printed.startswith(shown.split("...\n")[0])


ROOMS = (sys.modules["expert.questions.why"], sys.modules["expert.questions.why_not"])  # their names are taken by the functions
SHAPES = {
    name: shape for room in (proof, *ROOMS) for name, shape in vars(room).items()
    if is_dataclass(shape) and getattr(shape, "__module__", "") == room.__name__
}  # fmt: skip


def test_every_key_of_the_data_stands_on_the_page_and_no_other() -> None:
    told = dict(re.findall(r"^### (\w+)\n+\| Key \| What \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE))
    keys = {name: [k for row in text.splitlines() for k in re.findall(r"`(\w+)`", row.split("|")[1])] for name, text in told.items()}
    assert {name: set(found) for name, found in keys.items()} == {
        name: {f.name for f in fields(shape)} for name, shape in SHAPES.items()
    }  # fmt: skip
    assert all(len(found) == len(set(found)) for found in keys.values())
