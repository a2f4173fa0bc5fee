"""Text into plain data: strict, with the line of every value, and no exception but `Unreadable`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from expert.errors import CaseError, Fault
from expert.reading import (
    DEPTH_CAP,
    JSON_CAP,
    YAML_CAP,
    Document,
    Unreadable,
    did_you_mean,
    read_json,
    read_yaml,
    refuse_hidden,
    shaped,
    spell,
)


def refused(text: str, *, as_json: bool = False) -> tuple[int, str]:
    """Line and message of the one fault of a text."""
    with pytest.raises(Unreadable) as caught:
        refuse_hidden((read_json if as_json else read_yaml)(text, "f"))
    assert len(caught.value.faults) == 1, caught.value.faults
    fault = caught.value.faults[0]
    assert fault.where == "f"
    return fault.line, fault.message


# --- what is read -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("12", 12), ("-3", -3), ("010", 10), ("1.5", 1.5), ("1e3", 1000.0),
        (".5", 0.5), ("yes", "yes"), ("no", "no"), ("on", "on"), ("0x1F", "0x1F"), ("1_000", "1_000"), ("12:30", "12:30"),
        ("2026-11-21", "2026-11-21"), ('"true"', "true"), ("'12'", "12"), ("right", "right"),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_what_yaml_1_2_says_and_a_quoted_one_is_text(text: str, value: Any) -> None:
    found = read_yaml(f"a: {text}", "f").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_every_value_has_its_line() -> None:
    document = read_yaml("a: 1\nb:\n  - c: 2\n    d: 3\n  - e\n", "f")
    assert document.data == {"a": 1, "b": [{"c": 2, "d": 3}, "e"]}
    assert [document.lines[p] for p in (("a",), ("b",), ("b", 0), ("b", 0, "d"), ("b", 1))] == [1, 2, 3, 4, 5]


def test_json_values_have_lines_too() -> None:
    document = read_json('{"a": 1,\n "b": [\n {"c": 2}]}', "f")
    assert document.data == {"a": 1, "b": [{"c": 2}]}
    assert document.fault(("b", 0, "c"), "x").line == 3
    assert document.fault(("b", 0, "gone"), "x").line == 3
    assert document.fault(("a",), "x").line == 1


def test_a_fault_stands_at_the_nearest_place_whose_line_is_known() -> None:
    document = read_yaml("a:\n  b: 1\n", "f")
    assert document.fault(("a", "b", "missing"), "x").line == 2
    assert document.fault(("z",), "x").line == 1


def test_a_fault_of_data_without_lines_names_the_path() -> None:
    fault = Document("program", {}).fault(("findings", 2, "side"), "wrong")
    assert str(fault) == "program: findings[2].side: wrong"


def test_a_byte_order_mark_in_front_is_no_part_of_the_text() -> None:
    assert read_yaml("\ufeffa: 1", "f").data == read_json('\ufeff{"a": 1}', "f").data == {"a": 1}


def test_an_empty_text_has_no_data() -> None:
    assert read_yaml("", "f").data is None
    assert read_yaml("# a remark\n", "f").data is None


# --- what is refused ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: 2\na: 3", 3, "'a' stands here twice"),
        ("a: 1\nb: {c: 1, c: 2}", 2, "'c' stands here twice"),
        ("a: &x 1", 1, "anchor '&x'"),
        ("a: 1\nb: *x", 2, "alias '*x'"),
        ("a: 1\nb: !!python/object:os.system x", 2, "tag"),
        ("a: 1\nb: !!str 5", 2, "tag"),
        ("a: !local {b: 1}", 1, "tag"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a: 1\n<<: {b: 2}", 2, "merge keys"),
        ("a: 1\n? [b]\n: 2", 2, "key must be a plain word"),
        ("a: 1\nb: .nan", 2, "'.nan'"),
        ("a: 1\nb: -.inf", 2, "'-.inf'"),
        ("a: 1\nb: 1e999", 2, "too large"),
        ("a: 1\nb: " + "9" * 19, 2, "long"),
        ("a: 1\nb: [", 2, "not YAML"),
        ("a: 1\n\tb: 2", 2, "not YAML"),
        ("a: 1\nb: \x1b[31m", 2, "U+001B"),
        ("a: 1\nb: x\x00", 2, "U+0000"),
        ("a: 1\nb: x\x9b", 2, "U+009B"),
        ("a: 1\nb: x\u202e", 2, "U+202E"),
        ("a: 1\nb: x\u200b", 2, "U+200B"),
        ("a: 1\nb: x\u2066", 2, "U+2066"),
        ("a: 1\nb: x\ufeff", 2, "U+FEFF"),
        ("a: 1\nb: x\ud800", 2, "U+D800"),
        ('a: 1\nb: "x\\x1b[31m"', 2, "U+001B"),
        ('a: 1\nb: "x\\u202e"', 2, "U+202E"),
        ('a: 1\n"b\\u200b": 2', 2, "hidden"),
    ],
)  # fmt: skip
def test_what_yaml_would_settle_on_the_quiet_is_a_fault_with_its_line(text: str, line: int, says: str) -> None:
    found, message = refused(text)
    assert found == line
    assert says in message


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('{"a": 1,\n"b": 2,\n"a": 3}', 3, "'a' stands here twice"),
        ('{"a": 1,\n"b": NaN}', 2, "'NaN'"),
        ('{"a": 1,\n"b": -Infinity}', 2, "'-Infinity'"),
        ('{"a": 1,\n"b": 1e999}', 2, "too large"),
        ('{"a": 1,\n"b": ' + "9" * 400 + "}", 2, "long"),
        ('{"a": 1,\n"b": ' + "9" * 9000 + "}", 2, "long"),
        ('{"a": 1,\n"b": ]}', 2, "not JSON"),
        ('{"a": 1}\n{"b": 2}', 2, "not JSON"),
        ("{'a': 1}", 1, "not JSON"),
        ('{"a": 1,\n"b": "\\ud800"}', 2, "U+D800"),
        ('{"a": 1,\n"b": ["\\u202e"]}', 2, "U+202E"),
        ('{"a": 1,\n"b": "\\ufeffx"}', 2, "U+FEFF"),
        ('{"a": 1,\n"\\u0007": 1}', 2, "U+0007"),
    ],
)
def test_what_json_readers_let_through_is_a_fault_with_its_line(text: str, line: int, says: str) -> None:
    found, message = refused(text, as_json=True)
    assert found == line
    assert says in message


def test_no_message_is_one_of_the_machine() -> None:
    for text in ('{"a": ' + "9" * 9000 + "}", '{"a": 1e999}'):
        assert "sys." not in refused(text, as_json=True)[1]


def test_hidden_characters_are_found_wherever_they_stand_in_plain_data() -> None:
    data = {"a": ["x", ("y\x1b", {"\u202e": 1})], "b": "fine"}
    with pytest.raises(Unreadable) as caught:
        refuse_hidden(Document("program", data))
    assert sorted(f.message.split("U+")[1][:4] for f in caught.value.faults) == ["001B", "202E"]
    refuse_hidden(Document("program", {"a": ["é\t\n", None, 3, True]}))


def test_several_faults_of_one_text_come_together() -> None:
    with pytest.raises(Unreadable) as caught:
        read_yaml("a: &x 1\na: 2\nb: .inf\n", "f")
    assert [f.line for f in caught.value.faults] == [1, 2, 3]


@pytest.mark.parametrize("depth", [DEPTH_CAP + 1, 5_000])
def test_depth_over_the_cap_is_refused_with_its_line_and_costs_no_stack(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    for line, message in (refused(f"\n{nested}"), refused(f'{{"a":\n{nested[:-1]}]}}', as_json=True)):
        assert line == 2
        assert f"{DEPTH_CAP} levels" in message
    block = "\n".join(" " * n + "a:" for n in range(min(depth, 200)))
    assert f"{DEPTH_CAP} levels" in refused(block)[1]


def test_depth_at_the_cap_is_read() -> None:
    nested = "[" * DEPTH_CAP + "]" * DEPTH_CAP
    read_yaml(nested, "f")
    read_json(nested, "f")


def test_brackets_within_quotes_are_no_depth() -> None:
    assert read_json('{"a": "' + "[{" * 40 + '\\"["}', "f").data["a"].startswith("[{")


def test_sizes_are_counted_in_bytes_and_the_cap_itself_is_allowed() -> None:
    assert len(read_yaml("a" * YAML_CAP, "f").data) == YAML_CAP
    assert "128 kB" in refused("a" * (YAML_CAP + 1))[1]
    assert "128 kB" in refused("é" * (YAML_CAP // 2 + 1))[1]
    text = '"' + "a" * (JSON_CAP - 2) + '"'
    assert len(read_json(text, "f").data) == JSON_CAP - 2
    assert "1024 kB" in refused(text + " ", as_json=True)[1]


def names_given(read: Callable[[str, str], Document], text: str) -> set[str]:
    """The names by which a reader calls the text, whether it reads it or refuses it."""
    try:
        return {read(text, "f").where}
    except Unreadable as unreadable:
        return {f.where for f in unreadable.faults}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_its_name(text: str) -> None:
    assert names_given(read_yaml, text) == names_given(read_json, text) == {"f"}


@given(st.text(alphabet="ab01 .:,-?&*!|>'\"%@`#[]{}\n\t~<\\", max_size=60))
def test_any_jumble_of_markup_is_read_or_refused_with_its_name(text: str) -> None:
    assert names_given(read_yaml, text) == names_given(read_json, text) == {"f"}


_scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
_plain = st.text(alphabet="abc éß-:#'\"", max_size=8)


@given(st.recursive(_scalars | _plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_plain, inner, max_size=3)))
def test_json_means_the_same_to_both_readers(value: Any) -> None:
    text = json.dumps({"top": value}, ensure_ascii=False)
    assert read_json(text, "f").data == read_yaml(text, "f").data == {"top": value}


# --- shapes ---------------------------------------------------------------------------------------------------------------------------


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    side: str
    year: int | None = None


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    entries: tuple[Inner, ...] = ()


def faults_of(text: str) -> list[tuple[int, str]]:
    model, faults = shaped(Outer, read_yaml(text, "f"))
    assert model is None
    return [(f.line, f.message) for f in faults]


def test_data_of_the_right_shape_becomes_the_model() -> None:
    model, faults = shaped(Outer, read_yaml("name: x\nentries: [{side: left}]", "f"))
    assert model == Outer(name="x", entries=(Inner(side="left"),))
    assert faults == []


def test_every_fault_of_shape_comes_at_once_each_with_its_line() -> None:
    found = faults_of("nane: x\nentries:\n  - {side: 3}\n  - {}\n  - side: left\n    sid: left\n")
    assert sorted(line for line, _ in found) == [1, 1, 3, 4, 6]


def test_an_unknown_key_brings_near_keys_of_the_place_where_it_stands() -> None:
    assert "unknown key 'sid', did you mean 'side'?" in dict(faults_of("name: x\nentries:\n - side: left\n   sid: x"))[4]
    assert "did you mean 'name'" in next(m for _, m in faults_of("nam: x") if "unknown" in m)


def test_a_missing_key_is_told_at_the_entry_that_lacks_it() -> None:
    assert faults_of("name: x\nentries:\n  - side: left\n  - year: 3\n") == [(4, "'side' is missing")]


@pytest.mark.parametrize(("text", "says"), [("", "empty"), ("~", "empty"), ("- a", "a map"), ("word", "a map"), ("3", "a map")])
def test_a_top_that_is_no_map_is_told_as_that(text: str, says: str) -> None:
    assert says in faults_of(text)[0][1]


def test_a_wrong_value_is_shown_and_a_long_one_is_cut() -> None:
    message = faults_of("name: [1]\n")[0][1]
    assert "'name'" in message
    assert len(faults_of("name: x\nentries: " + "y" * 5000)[0][1]) < 300


def test_a_path_is_spelt_as_in_programs() -> None:
    assert spell(("findings", 2, "side")) == "findings[2].side"


def test_nothing_near_means_no_suggestion() -> None:
    assert did_you_mean("qqq", ["findings"]) == ""
    assert did_you_mean("findigns", ["findings", "patient"]) == ", did you mean 'findings'?"


# --- places for programs ------------------------------------------------------------------------------------------------------------


def test_a_fault_knows_its_pointer_in_yaml_in_json_and_in_data_alone() -> None:
    told = '{"a": [{"b/c": {"~": 1}}]}'
    for document in (read_yaml(told, "f"), read_json(told, "f"), Document("program", json.loads(told))):
        assert document.fault(("a", 0, "b/c", "~"), "x").pointer == "/a/0/b~1c/~0"
        assert document.fault((), "x").pointer == ""


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        (("a", "b"), "/a"), (("a", 0), "/a"), (("c", 1), "/c/1"), (("c", 2, "d"), "/c"), (("c", "d"), "/c"), (("e",), ""),
        (("c", 0, 0), "/c/0"),
    ],
)  # fmt: skip
def test_a_pointer_leads_only_to_what_is_there(path: tuple[str | int, ...], pointer: str) -> None:
    assert Document("f", {"a": "text", "c": ["text", 2]}).fault(path, "x").pointer == pointer


def test_a_part_of_a_document_keeps_its_line_and_its_pointer() -> None:
    document = read_json('{"case":\n{"findings":\n[{"name": 1}]}}', "f")
    part = document.part("case", "findings")
    assert part.data == [{"name": 1}]
    assert part.fault((0, "name"), "x") == document.fault(("case", "findings", 0, "name"), "x")
    assert part.part(0).fault(("name",), "x").pointer == "/case/findings/0/name"


def test_two_faults_of_one_line_are_both_there_and_told_once() -> None:
    found = [Fault("f", 1, "wrong", pointer=p) for p in ("/b", "/a", "/a")]
    error = CaseError(found)
    assert [f.pointer for f in error.faults] == ["/a", "/b"]
    assert str(error) == "f:1: wrong"


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: StrictStr = Field("", max_length=3, repr=False)
    age: StrictInt = 0


class Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid")
    person: Person = Person()
    size: StrictInt = 0


@pytest.mark.parametrize(
    ("text", "pointer", "repeated"),
    [
        ('{"person": {"name": "CANARY"}}', "/person/name", False),
        ('{"person": {"name": 7}}', "/person/name", False),
        ('{"person": "CANARY"}', "/person", False),
        ('{"person": {"age": "CANARY"}}', "/person/age", True),
        ('{"size": "CANARY"}', "/size", True),
    ],
)
def test_a_message_repeats_nothing_of_a_field_that_is_not_to_be_shown(text: str, pointer: str, repeated: bool) -> None:
    _, (fault,) = shaped(Sheet, read_json(text, "f"))
    assert fault.pointer == pointer
    assert ("(here: " in fault.message) is repeated


def test_what_may_have_been_meant_is_told_to_programs_as_well() -> None:
    _, (fault,) = shaped(Sheet, read_json('{"person": {"agee": 1}}', "f"))
    assert (fault.pointer, fault.meant) == ("/person/agee", ("age",))
    assert fault.message == "unknown key 'agee', did you mean 'age'?"
