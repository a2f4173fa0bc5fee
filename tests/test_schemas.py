"""The JSON Schemas say what is really read and told: real answers keep to them, and the papers list the same keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from expert import assess, load_case, schemas
from expert.assessment import compare
from expert.cli import app
from expert.cli_kb import Subject
from expert.model import Knowledge

jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="it comes with schemathesis: the extra 'dev'")

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
HEADINGS = {
    "result": schemas.Assessment, "engine": schemas.Engine, "knowledge": schemas.Knowledge, "inputs": schemas.Inputs,
    "item": schemas.Item, "missing": schemas.Missing, "measured": schemas.Measured, "referral": schemas.Referral, "half": schemas.Half,
    "flag": schemas.Flag, "hypothesis": schemas.Hypothesis, "evidence": schemas.Evidence, "pattern": schemas.Pattern,
    "prediction": schemas.Prediction, "step": schemas.Step, "check": schemas.Check, "driver": schemas.Driver, "account": schemas.Account,
    "driver set": schemas.DriverSet, "instead": schemas.Instead, "loop": schemas.Loop, "cause": schemas.Cause,
    "outlook": schemas.Outlook, "conflict": schemas.Conflict, "claim": schemas.Claim, "plan": schemas.Plan, "guidance": schemas.Guidance,
    "look again": schemas.Again, "order": schemas.Order, "left-out exercise": schemas.LeftOut, "phase": schemas.Phase,
    "plan item": schemas.PlanItem, "exercise": schemas.Exercise, "dose": schemas.Dose, "next": schemas.Next, "unused": schemas.Unused,
    "trace": schemas.TraceLine,
}  # fmt: skip


def validator(name: str) -> Any:
    return jsonschema_rs.validator_for(schemas.schema(name))


@pytest.fixture(scope="module")
def answers(knowledge: Knowledge) -> list[Any]:
    return [assess(load_case(path), knowledge, "native") for path in EXAMPLES]


@pytest.mark.parametrize("name", schemas.NAMES)
def test_every_schema_is_one_and_stands_alone(name: str) -> None:
    made = schemas.schema(name)
    jsonschema_rs.meta.validate(made)
    assert {ref.rpartition("/")[2] for ref in re.findall(r'"\$ref": "([^"]+)"', json.dumps(made))} <= set(made.get("$defs", {}))


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_shape_of_the_assessment_has_the_keys_that_the_papers_list(heading: str) -> None:
    parts = re.split(r"^## (.+)$", (ROOT / "docs" / "json.md").read_text(), flags=re.MULTILINE)
    told = re.findall(r"^\| `(\w+)` \|", dict(zip(parts[1::2], parts[2::2], strict=True))[heading], re.MULTILINE)
    assert sorted(told) == sorted(HEADINGS[heading].__annotations__)


def test_every_assessment_keeps_to_its_schema(answers: list[Any]) -> None:
    holds = validator("assessment")
    for answer in answers:
        holds.validate(json.loads(answer.to_json()))


@pytest.mark.parametrize("name", ["why", "why-not", "what-if", "overturn", "next", "drivers", "uncertainty", "chain", "steps", "compare"])
def test_every_answer_keeps_to_its_schema(name: str, answers: list[Any]) -> None:
    ask = {
        "why": lambda a: a.why("flag:cauda-equina"), "why-not": lambda a: a.why_not("gluteus medius"),
        "what-if": lambda a: a.what_if(add=["ankle dorsiflexion limited:left", "night pain"]),
        "overturn": lambda a: a.overturn(a.hypotheses[0].about.key), "next": lambda a: a.next_tests(), "drivers": lambda a: a.drivers(),
        "uncertainty": lambda a: a.uncertainty(), "chain": lambda a: a.chain(), "steps": lambda a: a.steps(),
        "compare": lambda a: compare([a, answers[0]]),
    }[name]  # fmt: skip
    holds = validator(name)
    for answer in answers:
        if name != "overturn" or answer.hypotheses[0].status != "insufficient":
            holds.validate(json.loads(ask(answer).to_json()))


def test_the_command_prints_every_schema_there_is() -> None:
    assert [subject.value for subject in Subject] == list(schemas.NAMES)
    printed = CliRunner().invoke(app, ["kb", "schema", "assessment"]).stdout
    assert json.loads(printed) == schemas.schema("assessment")


def test_a_schema_says_no_to_a_key_that_is_missing_or_too_much(answers: list[Any]) -> None:
    told, holds = answers[0].to_dict(), validator("assessment")
    assert holds.is_valid(told)
    assert not holds.is_valid({**told, "more": 1})
    assert not holds.is_valid({key: part for key, part in told.items() if key != "referral"})


def test_the_schema_of_a_case_knows_the_bounds_of_its_numbers() -> None:
    holds = validator("case")
    assert holds.is_valid({"findings": [{"name": "hip drop", "pain": 10}]})
    assert not holds.is_valid({"findings": [{"name": "hip drop", "pain": 10.5}]})
    assert not holds.is_valid({"findings": [], "patient": {"mass_kg": 0}})


def test_named_tuples_are_told_as_objects_and_no_field_of_an_answer_is_left_out() -> None:
    made = schemas.schema("drivers")
    assert made["$defs"]["Urgent"]["type"] == "object"
    assert made["required"] == list(made["properties"])
