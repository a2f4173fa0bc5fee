"""A case as a link and back: the same findings, nothing that anybody typed, and garbage refused kindly."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import CaseDict
from strategies import cases as drawn

from expert import load_knowledge
from expert.cases import case_from_mapping
from expert.errors import ExpertError, UsageError
from expert.model import Item, Stated
from expert.normalise import normalise
from expert.sharing import MOST, share, shared

KB = load_knowledge().kb


def stated(case: CaseDict) -> Stated:
    return normalise(case_from_mapping(case), KB)


def told(item: Item) -> tuple[object, ...]:
    return item.key, item.present, item.severity, item.reliability, item.instrumented, item.painful, item.settles


@given(drawn())
def test_what_was_found_comes_back_as_it_was(case: CaseDict) -> None:
    once = stated(case)
    again = normalise(shared(share(once), KB), KB)
    assert [told(i) for i in again.items] == [told(i) for i in once.items]
    assert again.ruled_out == once.ruled_out
    assert share(again) == share(once)


def test_a_link_holds_ids_and_marks_and_nothing_that_was_typed() -> None:
    case = {
        "case_id": "Canary-1", "patient": {"name": "Canary Two", "age": 77}, "visit": {"examiner": "Canary Three"}, "notes": "canary",
        "findings": [
            {"name": "Trendelenburg", "side": "left", "task": "running", "severity": 0.4, "note": "canary"},
            {"name": "knees cave in", "side": "left", "task": "squat", "present": False},
            {"name": "hip abduction weak", "side": "left", "seen_by": "instrument", "pain": 3},
        ],
        "symptoms": [{"name": "cauda equina syndrome", "present": False, "region": "canary"}],
    }  # fmt: skip
    text = share(stated(case))
    assert text == (
        "hip-abduction-weak:l::instrument.pain,hip-drop:r:running:s600,knee-valgus:l:squat:absent,cauda-equina:::absent"
    )
    assert re.fullmatch(r"[a-z0-9:,.-]*", text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hip drop", "cannot be read"), ("hip-drop:x", "cannot be read"), ("hip-drop:r:running:loud", "cannot be read"),
        ("hip-drop:r:running:s9999", "cannot be read"), ("hip-drop,,", "part 2"), ("no-such-thing", "does not have"),
        ("hip-drop:r:flying", "a task"), ("trendelenburg:r:running", "does not have"), ("<script>alert(1)</script>", "cannot be read"),
        ("a" * (MOST + 1), "too long"), ("hip-drop:r:running:absent:more", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_link_of_ours_is_refused_and_not_repeated(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as refused:
        shared(text, KB)
    assert text[:20] not in str(refused.value)


@given(st.text(alphabet="abhip-drop:lr.,s01 <", max_size=40))
def test_garbage_is_either_refused_or_a_case(text: str) -> None:
    try:
        normalise(shared(text, KB), KB)
    except ExpertError:
        return


def test_an_empty_link_is_an_empty_case() -> None:
    assert share(stated({"findings": []})) == ""
    assert stated({"findings": []}).items == normalise(shared("", KB), KB).items
