"""Why not: the rules that could have said so, clause by clause, and what they say about the case is true when it is tried out."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from corpus import mirrored
from hypothesis import given, settings
from hypothesis import strategies as st
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases

from expert import Assessment, UsageError, assess, load_knowledge
from expert.model import AXIS_OF, About, Knowledge
from expert.questions.why_not import Asker, Clause, Considered, NotSaid, WhyNot

RUNNER = {
    "findings": [
        {"name": "hip drop", "side": "right", "task": "running"},
        {"name": "knees cave in", "side": "left", "task": "single-leg squat"},
    ]
}
WEAK = "{muscle: puller, state: weak, points: 4}"
_PLACE = {"finding": "findings", "symptom": "symptoms", "history": "history"}


@pytest.fixture(scope="module")
def runner(knowledge: Knowledge) -> Assessment:
    return assess(RUNNER, knowledge, "native")


def asked(findings: list[CaseDict], *texts: str, side: str = "left", state: str = "weak") -> NotSaid:
    (told,) = assess({"findings": findings}, small_knowledge(*texts), "native").why_not("puller", side, state).states
    return told


def of_rule(told: NotSaid, name: str) -> Considered:
    return next(c for c in told.considered if c.rule == name)


def clauses(findings: list[CaseDict], *texts: str, side: str = "left") -> list[tuple[str, str, str, tuple[str, ...]]]:
    """(finding, needed side, status, because) of the one rule `r`."""
    return [(c.id, c.side, c.status, c.because) for c in of_rule(asked(findings, *texts, side=side), "r").clauses]


# --- which rules, in which order -----------------------------------------------------------------------------------------------------


def test_every_rule_that_could_say_it_is_considered_and_no_other() -> None:
    told = asked(
        [],
        rules(
            rule("could", "{finding: dip}", WEAK), rule("other-muscle", "{finding: dip}", "{muscle: pusher, state: weak, points: 4}"),
            rule("other-state", "{finding: dip}", "{muscle: puller, state: strong, points: 4}"),
            rule("against", "{finding: dip}", "{muscle: puller, state: weak, points: 4, against: true}"),
            rule("by-group", "{finding: lift}", "{muscle: movers, state: weak, points: 4}"),
            rule("linked", "{hypothesis: {muscle: any, state: lengthened}}", "{muscle: matched, state: weak, points: 1}", grade="D"),
        ),
    )  # fmt: skip
    assert {c.rule for c in told.considered} == {"could", "by-group", "linked"}
    assert [c.rule for c in told.could_deny] == ["against"]
    assert of_rule(told, "by-group").via is not None


def test_the_nearest_miss_comes_first_unknown_before_contradicted_then_points() -> None:
    text = rules(
        rule("two-unknown", "{all: [{finding: lift}, {finding: bow}]}", WEAK), rule("contradicted", "{finding: dip}", WEAK),
        rule("one-unknown", "{finding: lift}", "{muscle: puller, state: weak, points: 1}"),
        rule("one-unknown-more", "{finding: bow}", "{muscle: puller, side: both, state: weak, points: 2}"),
    )  # fmt: skip
    told = asked([{"name": "dip", "side": "left", "present": False}], text)
    assert [c.rule for c in told.considered] == ["one-unknown-more", "one-unknown", "contradicted", "two-unknown"]
    assert [c.wanting for c in told.considered] == [1, 1, 1, 2]


def test_the_nearest_of_several_ways_is_shown_and_their_number_told() -> None:
    text = rules(rule("r", "{any: [{all: [{finding: dip}, {finding: lift}]}, {finding: bow}]}", WEAK))
    told = of_rule(asked([{"name": "bow", "present": False}, {"name": "dip", "side": "left"}], text), "r")
    assert [(c.id, c.status) for c in told.clauses] == [("dip", "met"), ("lift", "unknown")]
    assert (told.variants, told.wanting) == (2, 1)


# --- clauses -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relative", "side", "wanted"), [("same", "left", "left"), ("opposite", "left", "right"), ("opposite", "right", "left")]
)
def test_a_clause_asks_for_the_side_that_would_speak_for_this_muscle(relative: str, side: str, wanted: str) -> None:
    text = rules(rule("r", "{finding: dip}", f"{{muscle: puller, side: {relative}, state: weak, points: 4}}"))
    assert clauses([], text, side=side) == [("dip", wanted, "unknown", ("not-asked",))]


@pytest.mark.parametrize(
    ("told", "status", "because"),
    [
        ({"side": "left", "task": "walking", "severity": "severe"}, "met", ()),
        ({"side": "left", "task": "walking", "severity": "moderate"}, "contradicted", ("too-mild",)),
        ({"side": "left", "task": "walking", "present": False}, "contradicted", ("absent",)),
        ({"side": "right", "task": "walking", "severity": "severe"}, "contradicted", ("other-side",)),
        ({"side": "left", "task": "squat", "severity": "severe"}, "contradicted", ("other-task",)),
        ({"side": "left", "severity": "severe"}, "contradicted", ("no-task",)),
        ({"side": "right", "task": "squat", "severity": "severe"}, "contradicted", ("other-side", "other-task")),
        ({"side": "right", "task": "walking", "present": False}, "unknown", ("not-asked",)),
        ({"side": "left", "task": "squat", "present": False}, "unknown", ("not-asked",)),
        ({"side": "left", "task": "walking", "present": "unknown"}, "unknown", ("said-unknown",)),
    ],
)
def test_a_clause_says_what_the_case_says_of_it(told: CaseDict, status: str, because: tuple[str, ...]) -> None:
    text = rules(rule("r", "{finding: dip, task: walking, severity: severe}", WEAK))
    if status == "met":
        assert [g.rule for g in asked([{"name": "dip", **told}], text).speaks] == ["r"]
    else:
        assert clauses([{"name": "dip", **told}], text) == [("dip", "left", status, because)]


def test_what_is_told_without_a_side_is_no_evidence_of_one_side_but_its_absence_counts() -> None:
    tilt = "findings:\n- {id: tilt, name: Tilt, sides: [midline, left, right], side_optional: true}\n"
    text = rules(rule("r", "{all: [{finding: tilt}, {finding: dip}]}", WEAK))
    known = {"name": "dip", "side": "left"}
    assert clauses([{"name": "tilt", "side": "right"}, known], tilt, text)[0][3] == ("other-side",)
    assert clauses([{"name": "tilt", "present": False}, known], tilt, text)[0][3] == ("absent",)


def test_what_must_not_be_there_and_is_contradicts() -> None:
    text = rules(rule("r", "{all: [{finding: dip}, {none: [{finding: lift}]}]}", WEAK))
    told = of_rule(asked([{"name": "dip", "side": "left"}, {"name": "lift", "side": "left"}], text), "r")
    assert [(c.id, c.must_not, c.status, c.because) for c in told.clauses] == [
        ("dip", False, "met", ()), ("lift", True, "contradicted", ("there",)),
    ]  # fmt: skip
    assert [i.key for i in told.clauses[1].by] == ["lift:left"]
    spared = of_rule(asked([{"name": "lift", "side": "right"}], text), "r")
    assert [(c.id, c.status) for c in spared.clauses] == [("dip", "unknown"), ("lift", "met")]


@pytest.mark.parametrize(
    ("points", "at_least", "because"),
    [(4, "supported", ("too-weak",)), (1, "possible", ("too-weak",)), (0, "possible", ("not-suspected",))],
)
def test_a_rule_about_a_hypothesis_says_how_that_one_stands(points: int, at_least: str, because: tuple[str, ...]) -> None:
    text = rules(
        rule("r", f"{{hypothesis: {{muscle: pusher, state: shortened, at_least: {at_least}}}}}", WEAK.replace("4", "1"), grade="D"),
        rule("seen", "{finding: dip}", f"{{muscle: pusher, state: shortened, points: {points or 1}}}"),
    )  # fmt: skip
    (clause,) = of_rule(asked([{"name": "dip", "side": "left"}] if points else [], text), "r").clauses
    assert (clause.of, clause.id, clause.side, clause.state, clause.because) == ("hypothesis", "pusher", "left", "shortened", because)
    assert [n.status for n in clause.near] == ([] if not points else ["possible" if points == 4 else "insufficient"])


# --- rules that fired and say nothing ------------------------------------------------------------------------------------------------


def test_pain_that_took_the_points_away_is_named() -> None:
    told = asked([{"name": "dip", "side": "left", "pain": 4}], rules(rule("r", "{finding: dip}", WEAK)))
    assert [(c.outcome, c.silenced, c.wanting) for c in told.considered] == [("silenced", "pain", 0)]


def test_a_better_source_that_silences_a_default_link_is_named() -> None:
    text = rules(
        rule("link", "{hypothesis: {muscle: any, state: lengthened}}", "{muscle: matched, state: weak, points: 1}", grade="D"),
        rule("r", "{finding: dip}", "{muscle: puller, state: lengthened, points: 4}, {muscle: puller, state: strong, points: 2}"),
    )
    told = asked([{"name": "dip", "side": "left"}], text)
    assert [(c.rule, c.silenced) for c in told.considered] == [("link", "better-source")]
    assert [(g.rule, g.speaks) for g in told.outweighs] == [("r", "opposite")]
    assert told.standing.opposite == 1.2


def test_what_repeats_another_rule_and_counts_nothing_is_named() -> None:
    text = rules(rule("first", "{finding: dip}", WEAK), rule("copy", "{finding: dip}", WEAK, source="copy-of-table"))
    assert [c.silenced for c in asked([{"name": "dip", "side": "left"}], text).considered] == ["repeat"]


# --- how it stands -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "decides", "short"),
    [
        ([], "nothing", 1.0),
        ([{"name": "lift", "side": "left"}], "below", 0.4),
        ([{"name": "dip", "side": "left"}], "below", 0.6),
        ([{"name": "dip", "side": "left", "severity": "severe"}], "one-look", 0.0),
        ([{"name": "dip", "side": "left", "severity": "mild"}, {"name": "bow", "severity": "mild"}], "all-mild", 0.0),
        ([{"name": "dip", "side": "left"}, {"name": "lift", "side": "left"}], "two-looks", 0.0),
        ([{"name": "lift", "side": "left"}, {"name": "turn", "side": "left"}], "outweighed", 1.6),
        ([{"name": "dip", "side": "left"}, {"name": "turn", "side": "left"}, {"name": "turn2", "side": "left"}], "contested", 0.0),
    ],
)
def test_what_decides_how_a_state_stands_is_named(findings: list[CaseDict], decides: str, short: float) -> None:
    more = "findings:\n- {id: turn, name: Turn, side_means: the side}\n- {id: turn2, name: Other turn, side_means: the side}\n"
    text = rules(
        rule("r", "{finding: dip}", WEAK), rule("few", "{finding: lift}", "{muscle: puller, state: weak, points: 1}"),
        rule("bow", "{finding: bow}", "{muscle: puller, side: both, state: weak, points: 6}", grade="B"),
        rule("t", "{finding: turn}", "{muscle: puller, state: strong, points: 2}"),
        rule("t2", "{finding: turn2}", "{muscle: puller, state: strong, points: 1}"),
    )  # fmt: skip
    told = asked(findings, more, text).standing
    assert told.decides == decides
    if decides not in ("contested",):
        assert told.short == pytest.approx(short)


def test_the_other_side_is_told_where_something_speaks_for_it(runner: Assessment) -> None:
    (told,) = runner.why_not("gluteus medius", "right", "underactive").states
    assert told.other_side is not None
    assert (told.other_side.side, told.other_side.status) == ("left", "supported")
    first = told.considered[[c.touched for c in told.considered].index(True)]
    assert (first.rule, first.clauses[0].because) == ("hip-drop.stance-abductors", ("other-side",))
    assert [i.key for i in first.clauses[0].by] == ["hip-drop:right:running"]


def test_what_was_seen_against_a_state_of_which_nothing_speaks_is_told(knowledge: Knowledge) -> None:
    absent = {"findings": [{"name": "hip abduction weak", "side": "left", "present": False}]}
    (told,) = assess(absent, knowledge, "native").why_not("gluteus medius", "left", "weak").states
    assert told.standing.status == ""
    assert [(g.rule, g.absent) for g in told.outweighs] == [("hip-abduction-weak.abductors", True)]
    assert told.standing.points_against == pytest.approx(-sum(g.points for g in told.outweighs))


# --- patterns ------------------------------------------------------------------------------------------------------------------------


def test_a_pattern_that_was_not_found_shows_its_nearest_way(runner: Assessment) -> None:
    (left,) = runner.why_not("pattern:stiff-ankle-knee:left").patterns
    assert [(c.id, c.side, c.status) for c in left.considered.clauses if c.status != "met"] == [("dorsiflexion-limited", "left", "unknown")]
    both = runner.why_not("pattern:stiff-ankle-knee").patterns
    assert [p.side for p in both] == ["left", "right"]


def test_a_pattern_that_rests_on_mild_signs_alone_says_so(knowledge: Knowledge) -> None:
    mild = [
        {"name": "knee-valgus", "side": "left", "task": "squat", "severity": "mild"},
        {"name": "dorsiflexion-limited", "side": "left", "severity": "mild"},
    ]
    (told,) = assess({"findings": mild}, knowledge, "native").why_not("pattern:stiff-ankle-knee:left").patterns
    assert (told.found, told.mild, told.considered.silenced) == (False, True, "all-mild")


# --- laws: what why-not says is true -------------------------------------------------------------------------------------------------

MUSCLES = st.sampled_from(sorted(load_knowledge().kb.muscles))
STATES = st.sampled_from(sorted(AXIS_OF))


def touched_muscles(answer: Assessment) -> list[str]:
    return sorted({h.muscle for h in answer.hypotheses}) or ["gluteus-medius"]


def abouts(answer: Assessment, data: st.DataObject) -> About:
    muscle = data.draw(st.one_of(st.sampled_from(touched_muscles(answer)), MUSCLES))
    state = data.draw(STATES)
    return About(muscle, data.draw(st.sampled_from(["left", "right"])), AXIS_OF[state], state)


def concluded(answer: Assessment, rule_id: str, conclusion: str) -> bool:
    return any(line.rule == rule_id and conclusion in line.conclusion.split(", ") for line in answer.result.trace)


@given(cases(), st.data())
def test_a_rule_lacks_no_clause_exactly_where_it_fired(case: CaseDict, data: st.DataObject) -> None:
    answer = assess(case, load_knowledge(), "native")
    about = abouts(answer, data)
    asker = Asker(answer.result, answer.knowledge)
    for against in (False, True):
        for c in asker.considered(about, against):
            key = f"not {about.key}" if against else about.key
            assert (c.wanting == 0) is concluded(answer, c.rule, key), c.rule
            assert (c.outcome == "missing") is (c.wanting > 0)
            assert c.silenced != "better-source" or c.stage == "inferred"
            assert c.silenced != "pain" or about.axis != "length"


@given(cases(), st.data())
def test_no_clause_is_called_unknown_that_the_case_states(case: CaseDict, data: st.DataObject) -> None:
    answer = assess(case, load_knowledge(), "native")
    for c in Asker(answer.result, answer.knowledge).considered(abouts(answer, data)):
        for clause in c.clauses:
            if clause.status == "unknown" and clause.of in _PLACE:
                assert not [i for i in answer.result.stated.items if states(i, clause)]
            assert clause.status != "contradicted" or clause.by or clause.near
            assert (clause.status == "met") is (not clause.because)


def states(item: Any, clause: Clause) -> bool:
    """Whether an item of the case speaks of what a clause asks for: the same finding, on its side, in one of its tasks."""
    tasks = {t.id for t in clause.tasks}
    return item.finding == clause.id and clause.side in ("any", item.side) and (not tasks or item.task in tasks)


def with_clause(case: CaseDict, clause: Clause) -> CaseDict:
    """The case with exactly what a clause asks for: that finding, on that side, in that task, as severe."""
    kind = load_knowledge().kb.findings[clause.id]
    side = clause.side if clause.side != "any" else next((s for s in ("left", "right") if s in kind.sides), "midline")
    entry = {"name": clause.id, "task": clause.tasks[0].id if clause.tasks else None}
    entry["side"] = None if side == "midline" and kind.needs_no_side else side
    entry["severity"] = {0.5: "mild", 1.0: "moderate", 1.25: "severe"}.get(clause.severity or 1.0)
    grown = deepcopy(case)
    place = grown[_PLACE[clause.of]]
    place[:] = [e for e in place if not (e["name"] == clause.id and e["present"] == "unknown")]
    place.append({k: v for k, v in entry.items() if v is not None})
    return grown


ADDABLE = {"not-asked", "said-unknown", "other-side", "other-task", "no-task", "no-side"}


@given(cases(), st.data())
def test_the_one_clause_that_is_missing_makes_the_rule_fire_once_it_is_added(case: CaseDict, data: st.DataObject) -> None:
    answer = assess(case, load_knowledge(), "native")
    about = abouts(answer, data)
    asker = Asker(answer.result, answer.knowledge)
    against = data.draw(st.booleans())
    near = [c for c in asker.considered(about, against) if c.wanting == 1 and c.stage == "direct"]
    lacking = [(c, clause) for c in near for clause in c.clauses if clause.status != "met" and not clause.must_not]
    lacking = [(c, clause) for c, clause in lacking if set(clause.because) <= ADDABLE]
    for c, clause in sorted(lacking, key=lambda entry: -len(entry[0].clauses))[:6]:
        grown = assess(with_clause(case, clause), answer.knowledge, "native")
        assert concluded(grown, c.rule, f"not {about.key}" if against else about.key), (c.rule, clause)


@given(cases(), st.data())
def test_the_one_clause_that_a_pattern_misses_makes_it_once_it_is_added(case: CaseDict, data: st.DataObject) -> None:
    answer = assess(case, load_knowledge(), "native")
    asker = Asker(answer.result, answer.knowledge)
    for name in data.draw(st.lists(st.sampled_from(sorted(answer.knowledge.kb.patterns)), min_size=4, max_size=4, unique=True)):
        for side in asker.pattern_sides(name, ("left", "right")):
            told = asker.pattern(name, side)
            lacking = [c for c in told.considered.clauses if c.status != "met"]
            if len(lacking) == 1 and lacking[0].status == "unknown" and lacking[0].of in _PLACE:
                grown = assess(with_clause(case, lacking[0]), answer.knowledge, "native")
                keys = {f"pattern:{name}", f"pattern:{name}:{side}"}
                assert {t.conclusion for t in grown.result.trace} & keys, (name, side)


def turned(value: Any) -> Any:
    """An answer's data in the mirror: the sides of things and the keys that name them."""
    if isinstance(value, dict):
        return {k: mirrored(v) if k in ("side", "key") else turned(v) for k, v in value.items()}
    return [turned(v) for v in value] if isinstance(value, list) else value


def ordered(value: Any) -> Any:
    """Items that say one thing together in an order that is the same in the mirror."""
    if isinstance(value, dict):
        return {k: ordered(v) for k, v in value.items()}
    if isinstance(value, list):
        told = [ordered(v) for v in value]
        return sorted(told, key=json.dumps) if told and all(isinstance(v, dict) and v.get("kind") == "item" for v in told) else told
    return value


@settings(max_examples=30)
@given(cases(), st.data())
def test_a_mirrored_case_has_mirrored_answers(case: CaseDict, data: st.DataObject) -> None:
    answer = assess(case, load_knowledge(), "native")
    about = abouts(answer, data)
    other = assess(mirrored(case), answer.knowledge, "native")
    here = answer.why_not(about.muscle, about.side, about.state).to_dict()
    there = other.why_not(about.muscle, mirrored(about.side), about.state).to_dict()
    assert ordered(turned(here)) == ordered(there)


# --- faces -----------------------------------------------------------------------------------------------------------------------------


def test_without_a_state_every_state_that_a_rule_could_say_is_answered(runner: Assessment) -> None:
    told = runner.why_not("gluteus medius", "right")
    assert {s.state for s in told.states} >= {"overactive", "underactive", "shortened", "lengthened", "weak"}
    assert {s.side for s in told.states} == {"right"}


def test_a_group_is_answered_muscle_by_muscle(runner: Assessment, knowledge: Knowledge) -> None:
    told = runner.why_not("adductors:left:weak")
    assert [s.muscle for s in told.states] == list(knowledge.kb.groups["adductor-complex"].members)


def test_top_limits_what_is_printed_and_not_what_is_there(runner: Assessment) -> None:
    few, all_ = (runner.why_not("gluteus medius:right:underactive", top=top) for top in (1, 500))
    assert few.states == all_.states
    assert len(str(few)) < len(str(all_))
    assert "And " in str(few)
    assert "rules more" not in str(all_)


def test_the_printed_answer_fits_eighty_columns_and_names_sides(runner: Assessment) -> None:
    text = str(runner.why_not("gluteus medius:right:underactive"))
    assert max(map(len, text.splitlines())) <= 80
    assert "seen on the right, this needs the left" in re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("format", ["txt", "md", "html"])
def test_every_format_tells_every_rule_that_is_shown(format: str, runner: Assessment) -> None:
    told = runner.why_not("gluteus medius:right:underactive", top=3)
    text = re.sub(r"\s+", " ", told.report(format)).replace("\\", "")
    assert all(c.rule in text for c in told.states[0].considered[:3])


def test_the_data_reads_back(runner: Assessment) -> None:
    told = runner.why_not("gluteus medius:right:underactive")
    assert isinstance(told, WhyNot)
    assert json.loads(told.to_json()) == told.to_dict()


def test_what_cannot_be_asked_helps(runner: Assessment) -> None:
    with pytest.raises(UsageError, match="this question is about muscle or pattern"):
        runner.why_not("flag:cauda-equina")
    with pytest.raises(UsageError, match="did you mean"):
        runner.why_not("gluteus magnus", "left")
