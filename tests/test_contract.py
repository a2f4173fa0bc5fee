"""The JSON that other programs build on: its keys, its kinds, its numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from small import small_knowledge
from strategies import CaseDict, cases

from expert import assess, load_knowledge
from expert.contract import SCHEMA_VERSION, decimal, state_key
from expert.model import AXES, AXIS_OF, Knowledge, State

Json = dict[str, Any]

TOP = [
    "schema_version", "case_id", "engine", "knowledge", "inputs", "measured", "referral", "hypotheses", "contradicted",
    "patterns", "predicted", "drivers", "driver_sets", "loops", "causes", "risks", "outlook", "next", "next_tests", "conflicts",
    "uncertainty", "plan", "unused", "trace", "warnings",
]  # fmt: skip
WITHIN = {
    "engine": {"name", "version"},
    "knowledge": {"version", "sha256", "rules", "findings", "muscles"},
    "inputs": {"used", "missing", "case"},
    "measured": {"measures", "name", "side", "values", "finding", "shows", "verdict", "severe", "because", "cautions", "sources"},
    "referral": {"level", "asked", "not_asked", "flags"},
    "referral.flags": {"id", "title", "level", "because", "sources", "findings", "explains"},
    "hypotheses": {
        "muscle", "name", "side", "axis", "state", "status", "held", "points", "points_for", "points_against", "confidence", "evidence",
    },
    "hypotheses.evidence": {"rule", "channel", "points", "grade", "sources", "because", "via", "findings"},
    "patterns": {"id", "name", "side", "points", "confidence", "core", "missing"},
    "predicted": {"kind", "id", "name", "side", "state", "strength", "status", "check", "path"},
    "predicted.path": {"kind", "id", "side", "state", "link", "mechanism", "grade", "sources"},
    "drivers": {"kind", "id", "side", "state", "explains", "leaves"},
    "driver_sets": {"drivers", "explains", "leaves", "support", "instead"},
    "next": {"should_stop", "because"},
    "next_tests": {"finding", "side", "task", "why", "changes"},
    "next_tests.changes": {"muscle", "side", "state", "now", "if_present", "if_absent"},
    "loops": {"nodes", "because", "also"},
    "causes": {"id", "title", "because", "sources", "from"},
    "risks": {"id", "title", "because", "grade", "sources", "from"},
    "outlook": {"id", "text", "because", "grade", "sources", "from"},
    "conflicts": {"between", "because", "sources"},
    "plan": {"withheld", "provisional", "because", "phases", "left_out"},
    "plan.phases": {"name", "goal", "items"},
    "plan.phases.items": {"muscle", "side", "strategy", "because"},
    "unused": {"finding", "because"},
    "trace": {"stratum", "rule", "premises", "conclusion"},
}  # fmt: skip


def objects(value: Any, path: list[str]) -> list[Json]:
    """Every object at a path, lists walked through."""
    if isinstance(value, list):
        return [o for v in value for o in objects(v, path)]
    return [value] if not path else objects(value[path[0]], path[1:])


def plain(value: Any) -> bool:
    """Plain JSON throughout: no tuple, no enum, no subclass that another program would meet as something else."""
    if type(value) is dict:
        return all(type(k) is str and plain(v) for k, v in value.items())
    return all(map(plain, value)) if type(value) is list else type(value) in (str, int, float, bool, type(None))


@given(cases())
def test_every_answer_has_the_keys_of_the_contract_in_their_order(case: CaseDict) -> None:
    result = assess(case, load_knowledge(), "native").to_dict()
    assert list(result) == TOP
    for path, keys in WITHIN.items():
        for found in objects(result, path.split(".")):
            assert keys <= set(found), path
    assert plain(result)


@given(cases())
def test_every_word_that_a_program_may_switch_on_is_one_of_those_promised(case: CaseDict) -> None:
    kb = load_knowledge().kb
    result = assess(case, load_knowledge(), "native").to_dict()
    assert result["schema_version"] == SCHEMA_VERSION == 1
    assert result["referral"]["level"] in ("emergency", "urgent", "soon", "routine", "none", "not_screened")
    told = [flag for kind in ("asked", "not_asked", "not_applicable") for flag in result["referral"][kind]]
    assert sorted(told) == sorted(kb.flags)  # each flag is in one of the three, and in one only
    for h in result["hypotheses"]:
        assert h["muscle"] in kb.muscles
        assert h["side"] in ("left", "right")
        assert h["axis"] in AXES
        assert AXIS_OF[h["state"]] == h["axis"]
        assert h["status"] in ("supported", "possible", "contested", "insufficient")
        assert h["confidence"] in ("hint", "low", "moderate", "high")
        assert {e["channel"] for e in h["evidence"]} <= {"direct", "inferred"}
    for p in result["predicted"]:
        assert p["status"] in ("unchecked", "confirmed", "refuted", "undetermined")
        assert p["side"] in ("left", "right", "midline")
    for s in objects(result, ["hypotheses", "evidence"]) + result["causes"] + result["referral"]["flags"]:
        assert set(s["sources"]) <= set(kb.sources)
    assert [t["stratum"] for t in result["trace"]] == sorted(t["stratum"] for t in result["trace"])
    assert [h["points"] for h in result["hypotheses"]] == sorted((h["points"] for h in result["hypotheses"]), reverse=True)


@given(cases())
def test_the_json_is_one_line_that_reads_back_as_the_same_data(case: CaseDict) -> None:
    assessment = assess(case, load_knowledge(), "native")
    text = assessment.to_json()
    assert "\n" not in text
    assert json.loads(text) == assessment.to_dict()


@given(cases(least=1))
def test_amounts_are_decimals_of_whole_thousandths(case: CaseDict) -> None:
    result = assess(case, load_knowledge(), "native").to_dict()
    amounts = [x for h in result["hypotheses"] for x in (h["points"], h["points_for"], h["points_against"])]
    amounts += [e["points"] for e in objects(result, ["hypotheses", "evidence"])] + [p["strength"] for p in result["predicted"]]
    assert all(x == round(1000 * x) / 1000 for x in amounts)
    assert all(0.05 <= p["strength"] < 1 for p in result["predicted"])


def test_the_result_says_which_knowledge_it_rests_on(knowledge: Knowledge) -> None:
    told = assess({"findings": []}, knowledge, "native").to_dict()["knowledge"]
    assert (told["version"], told["sha256"]) == (knowledge.kb.version, knowledge.kb.sha256)
    assert len(told["sha256"]) == 64
    assert (told["rules"], told["findings"], told["muscles"]) == (
        len(knowledge.rulebase.rules), len(knowledge.kb.findings), len(knowledge.kb.muscles),
    )  # fmt: skip


def test_what_a_case_gives_no_reason_to_say_is_there_and_empty(knowledge: Knowledge) -> None:
    result = assess({"findings": []}, knowledge, "native").to_dict()
    assert result["measured"] == result["risks"] == result["causes"] == []
    assert result["outlook"] == {"id": None, "text": "", "because": "", "grade": None, "sources": [], "from": []}


def test_a_risk_tells_how_strong_its_evidence_is_and_what_it_rests_on() -> None:
    (told,) = _answered()["risks"]
    assert told == {
        "id": "falls", "title": "Falls", "kind": "risk", "because": "a count", "grade": "C", "sources": ["table"], "from": ["dip:left"],
    }  # fmt: skip


def test_an_outlook_tells_its_words_why_and_what_it_rests_on() -> None:
    assert _answered()["outlook"] == {
        "id": "mends", "text": "It mends.", "because": "it did", "grade": "D", "sources": ["study"], "from": ["dip:left"],
    }  # fmt: skip


def test_a_measured_verdict_tells_the_values_the_bound_and_its_source() -> None:
    (left,) = _answered()["measured"]  # of the higher side a difference tells nothing
    wanted = {
        "measures": ["push"], "name": "Push", "side": "left", "values": "left 50 N, right 100 N", "finding": "dip", "shows": "Dip",
        "verdict": "present", "because": "The sides measure 50 % apart. so it is", "sources": ["study"],
    }  # fmt: skip
    assert {key: left[key] for key in wanted} == wanted


def _answered() -> Json:
    """What is told of a small case with a measured dip."""
    text = """\
units: [{id: newton, symbol: N, dimension: force}]
measures:
- id: push
  name: Push
  how: push
  dimensions: [force]
  most: 900
  judgements:
  - {by: side-difference, finding: dip, present: 40, absent: 15, unit: "%", because: so it is, source: study}
  - {by: norm, finding: dip, sex: female, present: 60, absent: 70, unit: N, because: a norm of women, source: table}
  sources: [study]
risks: [{id: falls, title: Falls, when: {finding: dip, side: any}, because: a count, grade: C, sources: [table]}]
outlooks: [{id: mends, title: Mends, when: {finding: dip, side: any}, text: It mends., because: it did, grade: D, sources: [study]}]
"""
    measured = [{"name": "push", "side": side, "value": value, "unit": "N"} for side, value in (("left", 50), ("right", 100))]
    return assess({"findings": [], "measurements": measured}, small_knowledge(text), "native").to_dict()


def test_what_was_not_said_and_bears_on_safety_is_missing(knowledge: Knowledge) -> None:
    def missing(**patient: Any) -> set[str]:
        case = {"patient": patient, "findings": [{"name": "hip drop", "side": "right", "present": "unknown"}]}
        return {m["what"] for m in assess(case, knowledge, "native").to_dict()["inputs"]["missing"]}

    assert missing() == {"hip-drop:right", "findings", "patient.age", "patient.sex", "patient.pregnancy"}
    assert missing(age=30, sex="female") == {"hip-drop:right", "findings", "patient.pregnancy"}
    assert missing(age=30, sex="male") == {"hip-drop:right", "findings"}


def test_words_of_a_case_come_back_untouched_whatever_they_hold(knowledge: Knowledge) -> None:
    case = {"case_id": "a.b-C_1", "findings": [{"name": "Hip DROP", "side": "right", "task": "running", "note": "<b>\"é\" & 'x'"}]}
    text = assess(case, knowledge, "native").to_json()
    (used,) = json.loads(text)["inputs"]["used"]
    assert (used["key"], used["written"]) == ("hip-drop:right:running", "Hip DROP")
    assert json.loads(text)["case_id"] == "a.b-C_1"


@pytest.mark.parametrize(
    ("state", "key"),
    [
        (State("muscle", "gluteus-medius", "weak", "left"), "gluteus-medius:left:weak"),
        (State("joint", "pelvis-drop", "present", "right"), "pelvis-drop:right"),
        (State("habit", "sitting", "present", "midline"), "sitting"),
    ],
)
def test_nodes_are_named_by_id_side_and_state(state: State, key: str) -> None:
    assert state_key(state) == key


def test_what_is_concluded_can_be_had_without_what_to_look_at_next(knowledge: Knowledge) -> None:
    answer = assess({"findings": [{"name": "hip-drop", "side": "right", "task": "running"}]}, knowledge)
    whole, quick = answer.to_dict(), answer.concluded()
    assert list(quick) == list(whole)
    assert {key for key in whole if whole[key] != quick[key]} == {"next", "next_tests"}
    assert (quick["next"], quick["next_tests"]) == ({}, [])


def test_thousandths_become_decimals() -> None:
    assert [decimal(n) for n in (0, 1, -600, 2400, 30_000)] == [0.0, 0.001, -0.6, 2.4, 30.0]
