"""The reasoning step by step: its sum is the ledger's, its firings are the trace, its order is the agenda's, and it mirrors."""

from __future__ import annotations

import json
import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from command import run_here
from corpus import CorpusCase, cases
from hypothesis import given
from strategies import CaseDict
from strategies import cases as drawn
from test_laws import mirrored_case, settled, swapped

from expert import Assessment, assess, load_knowledge
from expert.cases import load_case
from expert.contract import decimal
from expert.inference import experta_door
from expert.model import Knowledge, Result
from expert.questions.steps import AGENDA, Step, Steps

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
RUNNER = EXAMPLES / "runner.yaml"
FILES = sorted({c.file for c in cases()})


def of(case: Any, engine: str = "native") -> Assessment:
    return assess(case, load_knowledge(), engine)


@pytest.fixture(scope="module")
def runner() -> Assessment:
    return of(load_case(RUNNER))


@cache
def stored(file: str) -> list[tuple[CorpusCase, Assessment, Steps]]:
    """The cases of a file with their answers and steps, made once for all laws."""
    every = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 6  # all of them take minutes
    answers = [(c, of(c.case)) for c in [c for c in cases() if c.file == file][::every]]
    return [(case, answer, answer.steps()) for case, answer in answers]


def kinds(told: Steps, kind: str) -> list[Step]:
    return [s for s in told.steps if s.kind == kind]


# --- the laws, over every stored case -----------------------------------------------------------------------------------------------


def last_stands(told: Steps) -> dict[str, Any]:
    return {m.key: m.after for step in told.steps for m in step.balance}


def faults(told: Steps, result: Result) -> list[str]:
    """What the steps of one answer say otherwise than the answer itself."""
    ends, wrong = last_stands(told), []
    for h in (*result.hypotheses, *result.contradicted):
        stand = ends.get(h.about.key)
        if stand != (decimal(h.net), decimal(h.points_for), decimal(h.points_against), h.status):
            wrong.append(f"{h.about.key}: {stand}")
    if spoken := {key for key, stand in ends.items() if stand.points_for} - {h.about.key for h in result.hypotheses}:
        wrong.append(f"no hypothesis: {spoken}")
    known: dict[str, Any] = {}
    for step in told.steps:
        for moved in step.balance:
            if moved.key in known and known[moved.key] != moved.before:
                wrong.append(f"step {step.number}: {moved.key} stood otherwise before")
            known[moved.key] = moved.after
    fired = Counter((link.by, link.start, ", ".join(link.end)) for s in told.steps if s.claim for link in s.links)
    if fired != Counter((t.rule, t.premises, t.conclusion) for t in result.trace):
        wrong.append("the firings are not those of the trace")
    return wrong


@pytest.mark.parametrize("file", FILES)
def test_after_the_last_step_every_sheet_stands_as_in_the_answer_and_the_firings_are_the_trace(file: str) -> None:
    missed = [f"{case.name}: {wrong}" for case, answer, told in stored(file) for wrong in faults(told, answer.result)]
    assert not missed, "\n".join(missed)


@pytest.mark.parametrize("file", FILES)
def test_the_first_rule_of_the_agenda_fires_and_rests_on_what_is_known(file: str) -> None:
    for case, _, told in stored(file):
        follow(case, told)


def follow(case: CorpusCase, told: Steps) -> None:
    known: set[str] = set()
    for number, step in enumerate(told.steps):
        assert step.number == number
        if step.claim is not None:
            first = step.agenda[0]
            assert (first.rule, first.absent, first.matches) == (step.claim.rule, step.claim.absent, len(step.links)), case.name
            assert len(step.agenda) == min(step.ready, AGENDA)
            assert {key for link in step.links for key in link.start} <= known, f"{case.name}: step {number} rests on what is not known"
        known = known.difference(step.gone) | {f.key for f in step.facts}


@given(drawn())
def test_a_mirrored_case_takes_the_mirrored_steps(case: CaseDict) -> None:
    plain, twin = (of(c).steps().to_dict()["steps"] for c in (case, mirrored_case(case)))
    assert [s["sentence"] for s in plain] == [turned(s["sentence"]) for s in twin]
    assert [ordered(s) for s in plain] == [ordered(swapped({**s, "sentence": turned(s["sentence"])})) for s in twin]


def turned(text: str) -> str:
    return swapped({"why": text})["why"]


def ordered(step: dict[str, Any]) -> Any:
    """A step with its lists in an order of their own."""
    lit = {"lit": sorted(step.pop("nodes")), "walked": [{**link, "end": sorted(link["end"])} for link in step.pop("links")]}
    return settled(step | lit)


@pytest.mark.parametrize("name", ["desk-worker", "squatter"])
def test_the_steps_are_the_same_bytes_on_both_engines_and_every_time(name: str) -> None:
    case = load_case(EXAMPLES / f"{name}.yaml")
    engines = ("native", "native", *(("experta",) if experta_door.installed() else ()))
    assert len({of(case, engine).steps().to_json() for engine in engines}) == 1


# --- what a step says ------------------------------------------------------------------------------------------------------------------


def test_the_runner_is_told_from_what_is_stated_to_the_answer(runner: Assessment) -> None:
    told = runner.steps()
    assert [k for k, _ in Counter(s.kind for s in told.steps).items()] == [
        "facts", "flags", "rule", "weighed", "pattern", "spread", "drivers", "answer",
    ]  # fmt: skip
    first = told.steps[0]
    assert {f.key for f in first.facts} == {i.key for i in runner.result.stated.items}
    assert first.sentence == "The case states 4 things that are there; nothing else is known."
    assert all(s.sentence.endswith(".") and "\n" not in s.sentence for s in told.steps)


def test_a_rule_says_what_it_rests_on_what_it_adds_and_to_what_status(runner: Assessment) -> None:
    step = next(s for s in kinds(runner.steps(), "rule") if s.claim and s.claim.rule == "hip-drop.stance-abductors")
    moved = next(m for m in step.balance if m.key == "gluteus-medius:left:underactive")
    assert (moved.before.points, moved.before.status, moved.after.points, moved.after.status) == (0, "unmentioned", 2.4, "possible")
    assert moved.counts == 2.4
    assert step.links[0].start == ("hip-drop:right:running",)
    assert "gluteus-medius:left:underactive" in step.links[0].end
    title = "A pelvis that drops points at the abductors of the stance leg"
    assert step.sentence.startswith(f'Hip drop (right, running): the rule "{title}" speaks for')
    assert "(0 to +2.4, now possible)" in step.sentence
    assert step.claim
    assert step.claim.grade
    assert step.claim.sources


def test_suspicions_are_known_only_after_all_that_was_observed_is_on_the_sheets(runner: Assessment) -> None:
    told = runner.steps().steps
    closed = next(s for s in told if s.kind == "weighed")
    assert {f.kind for s in told[: closed.number] for f in s.facts} == {"item"}
    assert {(f.key, f.status) for f in closed.facts} == {
        (h.about.key, h.status) for h in runner.result.observed if h.status in ("possible", "supported")
    }
    assert all(s.stratum == "inferred" for s in told[closed.number + 1 :] if s.kind == "rule")


def test_what_speaks_against_and_what_was_looked_for_and_absent_is_said() -> None:
    told = of({"findings": [{"name": "scapular-winging", "side": "right", "task": "push-up", "present": False}]}).steps()
    fired = kinds(told, "rule")
    assert fired
    assert all(s.claim and s.claim.absent and m.speaks in ("against",) for s in fired for m in s.balance)
    assert all("looked for and absent" in s.sentence and "speaks against" in s.sentence for s in fired)
    assert told.steps[-1].sentence == "The answer: no muscle is suspected."


def test_pain_takes_points_and_the_step_says_so() -> None:
    told = of({"findings": [{"name": "lower-trapezius-weak", "side": "right", "pain": 5}]}).steps()
    fired = kinds(told, "rule")
    assert next((x.key, x.because) for s in fired for x in s.silent if x.state == "weak") == ("lower-trapezius:right:weak", "pain")
    assert any("since it hurt" in s.sentence for s in fired)


def test_an_emergency_stands_in_the_second_step_and_in_the_last() -> None:
    told = of(load_case(EXAMPLES / "red-flag.yaml")).steps()
    assert told.steps[1].tells[0].detail == "emergency"
    assert told.steps[1].sentence.startswith("Red flags come first. EMERGENCY: act now.")
    assert told.steps[-1].sentence == "The answer: EMERGENCY: act now. Whatever else is suspected waits."
    held = {(t.id, t.side, t.state) for t in kinds(told, "weighed")[-1].tells}
    assert ("tibialis-anterior", "right", "weak") in held


def test_a_case_that_says_nothing_has_its_steps_all_the_same() -> None:
    told = of({"findings": []}).steps()
    assert [s.kind for s in told.steps] == ["facts", "flags", "weighed", "weighed", "spread", "drivers", "answer"]
    assert told.steps[0].sentence == "The case states 0 things that are there; nothing else is known."


def test_a_pattern_of_mild_signs_alone_is_said_not_to_be_shown() -> None:
    findings = [{"name": n, "side": "bilateral" if n == "rounded-shoulders" else "midline", "task": "standing", "severity": "mild"}
                for n in ("forward-head", "rounded-shoulders")]  # fmt: skip
    answer = of({"findings": findings})
    told = kinds(answer.steps(), "pattern")
    assert told
    assert not answer.result.patterns
    assert all("all of them mild, so it is not shown" in s.sentence for s in told)


def test_a_pattern_that_rests_on_another_waits_for_it(knowledge: Knowledge) -> None:
    resting = {v.rule: {t.name for t in v.terms if t.kind == "pattern"} for v in knowledge.rulebase.programs["patterns"].variants}
    assert any(resting.values()), "no pattern of the knowledge rests on another"
    seen = 0
    for told in (told for file in FILES for _, _, told in stored(file)):
        order = [s.claim.rule for s in kinds(told, "pattern") if s.claim]
        for at, rule in enumerate(order):
            waits = resting[rule] & set(order)
            seen += bool(waits)
            assert waits <= set(order[:at])
    assert seen


def test_a_state_whose_opposite_gains_loses_and_is_said_to() -> None:
    told = of(load_case(EXAMPLES / "overhead-athlete.yaml")).steps()
    against = [m for s in told.steps for m in s.balance if m.speaks == "opposite"]
    assert against
    for m in against:
        assert m.after.points < m.before.points
        assert m.counts == 0


# --- as text, as data, on the command line ----------------------------------------------------------------------------------------------


def test_the_steps_print_in_every_format(runner: Assessment) -> None:
    told = runner.steps()
    for format in ("txt", "md", "html"):
        text = told.report(format)
        assert "How it was reasoned, step by step" in text
        assert "Why this order?" in text
    assert json.loads(told.to_json())["steps"][0]["kind"] == "facts"


def test_a_name_with_markup_or_control_characters_cannot_reach_a_sentence() -> None:
    noted = [{"name": "hip-drop", "side": "left", "note": "<script>"}]
    told = of({"case_id": "x", "patient": {"name": "<b>\u00e9"}, "findings": noted}).steps()
    assert "<" not in told.to_json()


def test_the_command_prints_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    text, data = run_here(monkeypatch, "steps", str(RUNNER)), run_here(monkeypatch, "steps", str(RUNNER), "--json")
    assert text.code == data.code == 0
    assert "Gluteus medius, left, underactive: +2.4 to +3.6 (possible to supported)" in text.out
    assert json.loads(data.out)["case_id"] == "runner"
