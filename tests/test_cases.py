"""A case from a file, a pipe, a mapping or a command line: read whole, or every reason why not."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expert.cases import Case, case_from_mapping, case_from_quick, case_from_text, load_case
from expert.errors import CaseError

VALID = """\
case_id: runner-01
patient: {age: 34, sex: female}
findings:
  - {name: hip drop, side: right, task: running, severity: mild}
  - {name: knee valgus, side: left, present: false}
symptoms: [night pain]
"""
AS_DATA = {
    "case_id": "runner-01",
    "patient": {"age": 34, "sex": "female"},
    "findings": [
        {"name": "hip drop", "side": "right", "task": "running", "severity": "mild"},
        {"name": "knee valgus", "side": "left", "present": False},
    ],
    "symptoms": ["night pain"],
}


def told(error: CaseError) -> str:
    """Its exit code checked, its text."""
    assert error.exit_code == 3
    assert error.faults
    return str(error)


def refused(path: Path | str) -> str:
    with pytest.raises(CaseError) as caught:
        load_case(path)
    return told(caught.value)


# --- the ways in ----------------------------------------------------------------------------------------------------------------


def test_yaml_json_a_pipe_and_a_mapping_give_the_same_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yaml_file, json_file = tmp_path / "a.yaml", tmp_path / "a.json"
    yaml_file.write_text(VALID, encoding="utf-8")
    json_file.write_text(json.dumps(AS_DATA), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(VALID.encode())))
    found = [load_case(yaml_file), load_case(str(json_file)), load_case("-"), case_from_mapping(AS_DATA), case_from_text(VALID)]
    assert all(case.shape == found[0].shape for case in found)
    assert found[0].shape.findings[1].present is False
    assert found[0].shape.symptoms[0].name == "night pain"


def test_json_is_known_by_its_brace_and_not_by_the_name_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "case.txt"
    file.write_text("\ufeff \n" + json.dumps(AS_DATA), encoding="utf-8")
    assert load_case(file).shape == case_from_text(VALID).shape


def test_lines_may_end_as_on_any_system() -> None:
    assert case_from_text(VALID.replace("\n", "\r\n")).shape == case_from_text(VALID).shape


def test_a_mapping_that_is_given_is_left_as_it_was() -> None:
    given_data: dict[str, Any] = {"findings": [{"name": "hip drop", "side": "left"}]}
    case_from_mapping(given_data)
    assert given_data == {"findings": [{"name": "hip drop", "side": "left"}]}


def test_findings_alone_are_needed_and_may_be_none() -> None:
    assert case_from_text("findings: []").shape.findings == ()
    with pytest.raises(CaseError, match="'findings' is missing"):
        case_from_mapping({})


def test_a_name_alone_stands_for_a_present_finding() -> None:
    entry = case_from_text("findings: [night pain]").shape.findings[0]
    assert (entry.name, entry.present, entry.severity, entry.side) == ("night pain", True, "moderate", None)


@pytest.mark.parametrize("case_id", ["a", "runner-01", "A.b_c-9", "x" * 64])
def test_an_id_of_the_contract_is_taken(case_id: str) -> None:
    assert case_from_mapping({"case_id": case_id, "findings": []}).shape.case_id == case_id


# --- quick entry ------------------------------------------------------------------------------------------------------------------


def quick(text: str) -> dict[str, Any]:
    return case_from_quick([text]).shape.findings[0].model_dump(exclude_unset=True, exclude={"present"})


def test_the_parts_of_a_quick_entry_come_in_any_order_after_the_name() -> None:
    wanted = {"name": "hip drop", "side": "right", "task": "running", "severity": "severe"}
    for text in ("hip drop:right:running:severe", "hip drop:running:severe:right", " hip drop : severe : R : running "):
        assert quick(text) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("pain", {"limited_by": "pain"}), ("Painful", {"limited_by": "pain"}), ("pain 6", {"pain": 6}), ("pain10/10", {"pain": 10})],
)
def test_a_quick_entry_says_that_it_hurt_or_how_much(said: str, wanted: dict[str, Any]) -> None:
    assert quick(f"hip abduction weak:left:{said}") == quick(f"hip abduction weak:{said}:left")
    assert quick(f"hip abduction weak:left:{said}") == {"name": "hip abduction weak", "side": "left", **wanted}


def test_a_quick_entry_may_be_a_name_alone() -> None:
    assert quick("night pain") == quick("night pain::") == {"name": "night pain"}


def test_quick_entries_are_present_absent_or_unknown() -> None:
    case = case_from_quick(["hip drop:right"], ["knee valgus:left"], ["dorsiflexion limited:both"])
    assert [(f.name, f.side, f.present) for f in case.shape.findings] == [
        ("hip drop", "right", True), ("knee valgus", "left", False), ("dorsiflexion limited", "bilateral", "unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hip drop:right:left", "two readings of its side: 'right' and 'left'"),
        ("hip drop:right:running:walking", "two readings of its task"),
        ("hip drop:right:mild:severe", "two readings of its severity"),
        ("hip drop:right:pain 3:pain 4", "two readings of its pain"),
        (":right", "the name is missing"),
        ("", "the name is missing"),
        ("x" * 121, "120"),
        ("hip\x1b]0;x\x07 drop:right", "U+001B"),
        ("hip drop:right:run\u202ening", "U+202E"),
        ("hip\udcff drop:right", "U+DCFF"),
    ],
)
def test_a_quick_entry_that_cannot_be_read_is_told_as_such(text: str, says: str) -> None:
    with pytest.raises(CaseError) as caught:
        case_from_quick([text])
    assert told(caught.value).startswith("quick entry")
    assert says in str(caught.value)


def test_all_quick_entries_are_read_before_the_first_fault_is_told() -> None:
    with pytest.raises(CaseError) as caught:
        case_from_quick(["a:left:right", ":left"], ["b:mild:severe"])
    assert len(caught.value.faults) == 3


# --- files that are none ------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.yaml") == f"{tmp_path / 'none.yaml'}: there is no such file"


def test_a_folder_is_no_case(tmp_path: Path) -> None:
    assert "not a file" in refused(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_with_a_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a file" in refused(tmp_path / "pipe")


def test_a_link_to_nowhere_is_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert "no such file" in refused(tmp_path / "link")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have_is_a_fault_of_the_case(name: str) -> None:
    refused(name)


def test_a_file_that_may_not_be_read_is_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text(VALID, encoding="utf-8")

    def barred(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", barred)
    assert refused(file) == f"{file}: cannot be read: Permission denied"


def test_text_that_is_not_utf_8_is_refused_with_the_line_where_it_stops_being_it(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"findings: []\nnotes: caf\xe9\n")
    assert refused(file) == f"{file}:2: this is not UTF-8 text"
    file.write_bytes("findings: []".encode("utf-16"))
    assert "not UTF-8" in refused(file)


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    for content in ("", "\n\n", "# nothing but a remark\n", "---\n", "null"):
        file.write_text(content, encoding="utf-8")
        assert "empty" in refused(file)


def test_files_over_the_caps_are_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_text("findings: []\nnotes: " + "x" * (128 * 1024), encoding="utf-8")
    assert "128 kB" in refused(file)
    file.write_text('{"findings": [],\n"notes": "' + "x" * (1024 * 1024) + '"}', encoding="utf-8")
    assert "1024 kB" in refused(file)


def test_json_may_be_larger_than_yaml_and_still_tells_where_it_is_wrong() -> None:
    entries = [{"name": "hip drop", "side": "right", "note": "x" * 1900} for _ in range(100)]
    assert len(case_from_text(json.dumps({"findings": entries})).shape.findings) == 100
    entries[70]["side"] = "rihgt"
    with pytest.raises(CaseError, match=r"findings\[70\]\.side"):
        case_from_text(json.dumps({"findings": entries}))


# --- anything at all --------------------------------------------------------------------------------------------------------------------


def tried(text: str | bytes) -> Case | None:
    """The case, or None where it is refused as a case error that says where."""
    try:
        return case_from_text(text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text, "f")
    except CaseError as error:
        assert told(error).startswith("f")  # noqa: PT017
        return None


@given(st.text(max_size=120) | st.binary(max_size=120))
def test_any_text_is_a_case_or_a_case_error(text: str | bytes) -> None:
    tried(text)


@given(st.integers(0, len(VALID)), st.integers(0, 12), st.text(max_size=6), st.booleans())
def test_a_valid_case_with_a_piece_cut_out_or_put_in_is_a_case_or_a_case_error(at: int, cut: int, put: str, as_json: bool) -> None:
    text = json.dumps(AS_DATA, indent=1) if as_json else VALID
    tried(text[:at] + put + text[at + cut :])


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["left", "hip drop", "mild"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "side", "age", "x"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["findings", "patient", "history", "symptoms", "surgery", "measurements", "visit", "notes", "case_id"]), _anything)
def test_a_mapping_with_anything_under_a_key_is_a_case_or_a_case_error(key: str, value: Any) -> None:
    try:
        case_from_mapping({"findings": [], key: value})
    except CaseError as error:
        assert key in told(error) or "hidden" in str(error)  # noqa: PT017


@given(st.lists(st.text(max_size=30), max_size=3))
def test_any_quick_entry_is_a_case_or_a_case_error(entries: list[str]) -> None:
    try:
        assert len(case_from_quick(entries).shape.findings) == len(entries)
    except CaseError as error:
        assert told(error).startswith("quick entry")  # noqa: PT017


# --- measured values, entered quickly ---------------------------------------------------------------------------------------------


def measured(*texts: str) -> list[dict[str, Any]]:
    return [m.model_dump(exclude_unset=True) for m in case_from_quick(measured=texts).shape.measurements]


def test_the_parts_of_a_measured_value_come_in_any_order_after_the_name() -> None:
    wanted = [{"name": "knee to wall", "side": "left", "value": 4, "unit": "cm"}]
    for text in ("knee to wall:left:4 cm", "knee to wall:4 cm:left", "knee to wall : L : 4cm", "knee to wall:4.0 cm:left"):
        assert measured(text) == wanted


@pytest.mark.parametrize(
    ("amount", "value", "unit"),
    [("148 N", 148, "N"), ("14.5 kg", 14.5, "kg"), ("-5 deg", -5, "deg"), ("+5 deg", 5, "deg"), ("4 /5", 4, "/5"), ("1.2 N.m", 1.2, "N.m")],
)
def test_a_value_is_a_number_and_what_follows_is_its_unit(amount: str, value: float, unit: str) -> None:
    ((entry),) = measured(f"x:left:{amount}")
    assert (entry["value"], entry["unit"]) == (value, unit)
    assert type(entry["value"]) is type(value)


def test_a_measured_value_says_how_much_it_hurt() -> None:
    for text in ("x:left:120 N:pain 6", "x:pain 6/10:left:120 N"):
        assert measured(text) == [{"name": "x", "side": "left", "value": 120, "unit": "N", "pain": 6}]


def test_a_value_may_be_told_without_a_side_and_for_both() -> None:
    assert measured("slump:30 deg", "push:both:20 kg") == [
        {"name": "slump", "value": 30, "unit": "deg"}, {"name": "push", "side": "bilateral", "value": 20, "unit": "kg"},
    ]  # fmt: skip


def test_what_is_seen_and_what_is_measured_may_be_entered_together() -> None:
    case = case_from_quick(["hip drop:right"], measured=["knee to wall:left:4 cm"])
    assert (len(case.shape.findings), len(case.shape.measurements)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("knee to wall:left:4", "'4' has no unit"),
        ("knee to wall:left:4 cm:pain", "'pain' is neither"),
        ("knee to wall:left:far", "'far' is neither a side nor a value with its unit"),
        ("knee to wall:left:right:4 cm", "two readings of its side: 'left' and 'right'"),
        ("knee to wall:left:4 cm:5 cm", "two readings of its value: '4' and '5'"),
        ("knee to wall:left", "write name:side:value unit"),
        ("knee to wall", "write name:side:value unit"),
        (":left:4 cm", "write name:side:value unit"),
    ],
)
def test_a_measured_value_that_cannot_be_read_is_told_as_such(text: str, says: str) -> None:
    with pytest.raises(CaseError) as caught:
        case_from_quick(measured=[text])
    assert told(caught.value).startswith("quick entry")
    assert says in told(caught.value)


@given(st.lists(st.text(st.sampled_from("ab :4.,cm-left"), max_size=20), min_size=1, max_size=3))
def test_any_measured_entry_is_a_case_or_a_case_error(texts: list[str]) -> None:
    try:
        assert len(case_from_quick(measured=texts).shape.measurements) == len(texts)
    except CaseError as error:
        assert told(error).startswith("quick entry")  # noqa: PT017


@pytest.mark.parametrize(
    "told",
    [
        {"patient": {"name": ["CANARY"]}}, {"patient": {"name": "CANARY" * 400}}, {"patient": "CANARY"}, {"notes": "CANARY" * 4000},
        {"visit": {"examiner": "CANARY" * 400}}, {"visit": {"date": "CANARY"}}, {"visit": "CANARY"}, {"notes": {"CANARY": 1}},
        {"findings": [{"name": "hip drop", "note": "CANARY" * 400}]}, {"findings": [{"name": "hip drop", "onset": "CANARY" * 400}]},
        {"measurements": [{"name": "knee to wall", "value": 1, "unit": "cm", "note": "CANARY" * 400}]},
    ],
)  # fmt: skip
def test_a_refusal_never_repeats_names_and_free_text(told: dict[str, Any]) -> None:
    with pytest.raises(CaseError) as refused:
        case_from_text(json.dumps({"findings": [], **told}))
    assert "CANARY" not in str(refused.value)
    assert refused.value.faults[0].pointer.startswith(f"/{next(iter(told))}")
