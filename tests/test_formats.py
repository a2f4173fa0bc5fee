"""The shapes of files: what the schemas say, what the models take, and that both are the same."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import ROOT
from pydantic import BaseModel, ValidationError

from expert import formats, resources
from expert.cases import load_case
from expert.formats import CaseFile, CaseFinding, Condition, KnowledgeFile, Rule
from expert.reading import KNOWLEDGE_CAP, read_yaml, shaped

EXAMPLES = sorted(ROOT.glob("examples/*.yaml")) + sorted(ROOT.glob("examples/*.json"))
FILES = [
    (where, content.decode("utf-8"))
    for name in ("kb", "rules")
    for where, content in resources.knowledge_files(resources.root() / name, name)
]
MODELS = sorted(
    (m for m in vars(formats).values() if isinstance(m, type) and issubclass(m, formats.Shape)), key=lambda m: m.__name__
)


read_once = functools.lru_cache(256)(read_yaml)  # what is shipped is read once for all that is asked of it


@functools.cache
def schema_of_knowledge() -> dict[str, Any]:
    return KnowledgeFile.model_json_schema(by_alias=True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_every_example_has_the_shape_of_a_case(path: Path) -> None:
    case = load_case(path)
    assert case.shape.case_id != "case", "an example has an id of its own"


@pytest.mark.parametrize(("name", "text"), FILES, ids=[n for n, _ in FILES])
def test_every_shipped_file_has_the_shape_of_knowledge(name: str, text: str) -> None:
    model, faults = shaped(KnowledgeFile, read_once(text, name, KNOWLEDGE_CAP))
    assert faults == []
    assert model is not None
    assert "schema_version" in model.model_fields_set, f"{name} does not say its schema version"


@pytest.mark.parametrize("model", [CaseFile, KnowledgeFile])
def test_a_schema_names_every_key_and_refuses_others(model: type[BaseModel]) -> None:
    schema = json.loads(json.dumps(model.model_json_schema(by_alias=True)))
    assert set(schema["properties"]) == set(model.model_fields)
    assert schema["additionalProperties"] is False
    for name, shape in schema["$defs"].items():
        for part in (shape, *shape.get("anyOf", ())):
            if part.get("type") == "object":
                assert part["additionalProperties"] is False, name


def test_the_schema_of_a_case_asks_for_findings_alone() -> None:
    assert CaseFile.model_json_schema()["required"] == ["findings"]


def test_the_schema_of_a_finding_tells_its_three_values_and_its_severities() -> None:
    (finding,) = (p for p in CaseFile.model_json_schema()["$defs"]["CaseFinding"]["anyOf"] if p.get("type") == "object")
    part = finding["properties"]
    assert part["present"]["enum"] == [True, False, "unknown"]
    assert {"enum": ["mild", "moderate", "severe"]} in part["severity"]["anyOf"]


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float),
    "null": (type(None),),
}  # fmt: skip
_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound, "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound, "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound, "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound, "enum": lambda value, allowed: value in allowed,
    "const": lambda value, only: value == only, "pattern": lambda value, pattern: re.search(pattern, value) is not None,
}  # fmt: skip


def problems(schema: dict[str, Any], value: Any, whole: dict[str, Any], at: str = "") -> list[str]:
    """Where a value does not fit a JSON Schema, as far as our schemas use that language."""
    if "$ref" in schema:
        return problems(whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, whole, at)
    for several in ("anyOf", "oneOf"):
        if several in schema and all(problems(part, value, whole, at) for part in schema[several]):
            return [f"{at}: none of the alternatives"]
    said = schema.get("type", [])
    kinds = tuple(k for name in ([said] if isinstance(said, str) else said) for k in _TYPES[name])
    if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        return [f"{at}: {value!r} is no {said}"]
    found = [f"{at}: {value!r} breaks {k} {schema[k]}" for k, holds in _BOUNDS.items() if k in schema and not holds(value, schema[k])]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties", True)
        found += [f"{at}: '{k}' is missing" for k in schema.get("required", ()) if k not in value]
        for key, part in value.items():
            inner = known.get(key, rest)
            if inner is False:
                found.append(f"{at}: unknown key '{key}'")
            elif isinstance(inner, dict):
                found += problems(inner, part, whole, f"{at}.{key}")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        found += [p for n, part in enumerate(value) for p in problems(schema["items"], part, whole, f"{at}[{n}]")]
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_every_example_fits_the_schema_that_editors_are_given(path: Path) -> None:
    schema = CaseFile.model_json_schema(by_alias=True)
    assert problems(schema, read_yaml(path.read_text(encoding="utf-8"), path.name).data, schema) == []


@pytest.mark.parametrize(("name", "text"), FILES, ids=[n for n, _ in FILES])
def test_every_shipped_file_fits_the_schema_that_editors_are_given(name: str, text: str) -> None:
    schema = schema_of_knowledge()
    assert problems(schema, read_once(text, name, KNOWLEDGE_CAP).data, schema)[:5] == []


@pytest.mark.parametrize(
    "case",
    [{}, {"findings": {}}, {"findings": [], "x": 1}, {"findings": [{"side": "left"}]}, {"findings": [{"name": "x", "side": "LEFT"}]},
     {"findings": [{"name": "x", "present": "false"}]}, {"findings": [{"name": "x", "severity": 2}]}, {"findings": [], "case_id": "a/b"},
     {"findings": [], "patient": {"age": 200}}, {"findings": [], "patient": {"sex": "f"}}, {"findings": [7]},
     {"findings": [""]}, {"findings": "hip drop"}],
    ids=str,
)  # fmt: skip
def test_what_the_reader_refuses_the_schema_refuses(case: dict[str, Any]) -> None:
    schema = CaseFile.model_json_schema(by_alias=True)
    assert problems(schema, case, schema)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_shape_is_frozen_and_refuses_unknown_keys(model: type[BaseModel]) -> None:
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"
    assert model.__doc__


def test_what_was_read_cannot_be_changed() -> None:
    case = CaseFile(findings=())
    with pytest.raises(ValidationError, match="frozen"):
        case.case_id = "other"  # type: ignore[misc]


# --- nothing is converted on the quiet ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"schema_version": True}, {"schema_version": 1.0}, {"schema_version": "1"}, {"schema_version": 2}, {"case_id": 7},
        {"case_id": b"x"},
        {"notes": 7}, {"notes": b"x"}, {"patient": {"age": "34"}}, {"patient": {"age": 34.0}}, {"patient": {"age": True}},
        {"patient": {"age": -1}}, {"patient": {"age": 131}}, {"patient": {"pregnancy": 1}}, {"patient": {"pregnancy": "true"}},
        {"patient": {"mass_kg": "61"}}, {"patient": {"mass_kg": 0}}, {"patient": {"mass_kg": float("nan")}}, {"patient": {"name": ""}},
        {"patient": {"conditions": "asthma"}}, {"patient": {"conditions": [3]}}, {"patient": {"postpartum_weeks": 1.5}},
        {"patient": {"sex": "f"}}, {"patient": {"dominant_hand": "r"}}, {"patient": []}, {"visit": {"date": 2026}},
        {"visit": {"date": "21.11.2026"}}, {"visit": {"date": "2026-13-01"}}, {"visit": {"date": "2026-02-29"}},
        {"visit": {"date": "0000"}},
        {"visit": {"date": "٢٠٢٦"}}, {"visit": {"date": "2026-11-21\n"}}, {"visit": "today"}, {"surgery": [{"side": "left"}]},
        {"measurements": [{"name": "x", "value": True, "unit": "N"}]}, {"measurements": [{"name": "x", "value": "3", "unit": "N"}]},
        {"measurements": [{"name": "x", "value": float("inf"), "unit": "N"}]}, {"measurements": [{"name": "x", "value": 3}]},
        {"symptoms": {"name": "x"}}, {"history": "x"}, {"unknown": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_a_fault_and_not_converted(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CaseFile.model_validate({"findings": [], **more})


@pytest.mark.parametrize("date", ["2026", "2026-11", "2026-11-21", "2024-02-29"])
def test_a_date_may_be_a_year_a_month_or_a_day(date: str) -> None:
    assert CaseFile.model_validate({"findings": [], "visit": {"date": date}}).visit.date == date  # type: ignore[union-attr]


@pytest.mark.parametrize("present", ["true", "false", "yes", "no", 0, 1, 1.0, None, [], "Unknown"])
def test_present_is_true_false_or_unknown_and_nothing_like_it(present: Any) -> None:
    with pytest.raises(ValidationError, match="present is true, false or unknown"):
        CaseFinding.model_validate({"name": "x", "present": present})


@pytest.mark.parametrize("severity", [True, False, -0.1, 1.01, 2, "0.5", "Mild", "", None, float("nan"), float("inf"), [], 10**400])
def test_severity_is_a_word_or_a_number_from_0_to_1(severity: Any) -> None:
    with pytest.raises(ValidationError, match="severity is mild, moderate, severe or a number"):
        CaseFinding.model_validate({"name": "x", "severity": severity})


@pytest.mark.parametrize("pain", [-1, 10.1, True, "3", float("nan"), float("inf")])
def test_pain_is_a_number_from_0_to_10(pain: Any) -> None:
    with pytest.raises(ValidationError):
        CaseFinding.model_validate({"name": "x", "pain": pain})


# --- conditions and rules -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({}, "says none"),
        ({"finding": "a", "symptom": "b"}, "says finding and symptom"),
        ({"finding": "a", "any": [{"finding": "b"}]}, "says finding and any"),
        ({"all": []}, "'all' is empty"),
        ({"none": []}, "'none' is empty"),
        ({"at_least": 2, "of": [{"finding": "a"}]}, "at least n conditions"),
        ({"at_least": 1}, "at least n conditions"),
        ({"of": [{"finding": "a"}]}, "says none"),
        ({"finding": "a", "of": [{"finding": "b"}]}, "goes with 'of:'"),
        ({"age": {"at_least": 50}, "task": "running"}, "'task', 'severity' and 'present' belong to"),
        ({"pattern": "a", "severity": "mild"}, "'task', 'severity' and 'present' belong to"),
        ({"finding": "Not An Id"}, "pattern"),
        ({"finding": "a", "code": "1+1"}, "Extra inputs"),
        ({"finding": "a", "side": "left"}, "'same', 'opposite' or 'any'"),
    ],
)
def test_a_condition_says_exactly_one_thing(condition: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Condition.model_validate(condition)


def test_a_condition_tells_what_must_be_asked_each_once_in_the_order_written() -> None:
    condition = Condition.model_validate(
        {"all": [{"any": [{"symptom": "b"}, {"finding": "a"}]}, {"none": [{"history": "c"}, {"finding": "a"}]}, {"age": {"at_least": 50}},
                 {"at_least": 1, "of": [{"sex": "female"}]}]}
    )  # fmt: skip
    assert condition.term == "all"
    assert condition.asks == ("b", "a", "c", "age", "sex")


def test_one_task_may_stand_without_brackets() -> None:
    assert Condition.model_validate({"finding": "a", "task": "running"}).task == ("running",)
    assert Condition.model_validate({"finding": "a", "task": ["running", "walking"]}).task == ("running", "walking")


GOOD = {
    "id": "a.b", "title": "t", "when": {"finding": "a"}, "then": [{"muscle": "m", "state": "weak", "points": 1}], "because": "b",
    "grade": "C", "sources": ["s"],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"then": []}, {"sources": []}, {"grade": "E"}, {"because": ""}, {"id": "A"}, {"id": "a..b"}, {"id": "../a"}, {"overrides": "yes"},
     {"then": [{"muscle": "m", "state": "tight", "points": 1}]}, {"then": [{"muscle": "m", "state": "weak"}]},
     {"then": [{"muscle": "m", "state": "weak", "points": 1, "side": "left"}]}],
    ids=str,
)  # fmt: skip
def test_a_rule_carries_everything_needed_to_believe_or_dismiss_it(change: dict[str, Any]) -> None:
    assert Rule.model_validate(GOOD)
    with pytest.raises(ValidationError):
        Rule.model_validate({**GOOD, **change})


@pytest.mark.parametrize("key", [k for k in GOOD if k != "id"])
def test_no_part_of_a_rule_may_be_left_out(key: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        Rule.model_validate({k: v for k, v in GOOD.items() if k != key})


def test_a_synonym_is_words_alone_or_words_with_a_side_and_a_task() -> None:
    plain = formats.Synonym.model_validate("hip drops")
    assert (plain.words, plain.side, plain.task) == ("hip drops", "same", None)
    assert formats.Synonym.model_validate({"words": "x", "side": "opposite"}).side == "opposite"
    with pytest.raises(ValidationError):
        formats.Synonym.model_validate({"words": "x", "side": "left"})
