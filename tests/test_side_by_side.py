"""Visits as a table: each value stands under its own visit and its own side, in the order of the dates, and a red flag comes first."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from command import run_here
from strategies import CaseDict
from test_compare import FIRST, LATER, hip_drop, run, values
from worked import keys, told_keys

from expert import Assessment, assess, load_case, load_knowledge, side_by_side
from expert.errors import UsageError
from expert.questions.side_by_side import MeasureRow, Reading, Readings, SideBySide, Sides, Standing, SuspicionRow

NONE = Standing("", None, False)
NOT_MEASURED = Reading("", None, False)


@pytest.fixture(scope="module")
def runner() -> list[Assessment]:
    return [run(v) for v in (FIRST, *LATER)]


def test_each_value_stands_under_its_visit_and_side(runner: list[Assessment]) -> None:
    told = side_by_side(runner)
    assert (told.ordered, [v.date for v in told.visits]) == ("date", ["2026-11-22", "2027-01-31", "2027-05-20"])
    wall = next(m for m in told.measures if m.id == "knee-to-wall")
    assert wall.unit == "cm"
    assert [(v.left.amount, v.right.amount, v.midline) for v in wall.visits] == [
        (4, 11, NOT_MEASURED), (9, 11.5, NOT_MEASURED), (10.5, 11, NOT_MEASURED),
    ]  # fmt: skip
    assert [v.left.written for v in wall.visits] == ["4 cm", "9 cm", "10.5 cm"]
    strength = next(m for m in told.measures if m.id == "hip-abduction-strength")
    assert strength.visits[2] == Readings(NOT_MEASURED, NOT_MEASURED, NOT_MEASURED)


def test_each_suspicion_is_the_one_of_that_visits_own_assessment(runner: list[Assessment]) -> None:
    told = side_by_side(runner)
    assert told.suspicions[0].name == "Soleus"
    for row in told.suspicions:
        for visit, sides in zip(runner, row.visits, strict=True):
            for side in ("left", "right"):
                h = visit.hypothesis(row.muscle, side, row.state)
                assert getattr(sides, side) == (Standing(h.status, h.points, h.held) if h else NONE)
        assert {s.status for v in row.visits for s in (v.left, v.right)} - {"", "insufficient"}


def test_visits_stand_in_the_order_of_their_dates_however_they_are_given(runner: list[Assessment]) -> None:
    assert side_by_side(reversed(runner)) == side_by_side(runner)
    undated = [run(hip_drop()), run(hip_drop(severity="mild"))]
    told = side_by_side(undated)
    assert told.ordered == "given"
    pairs = [(v.left.points, u.left.points) for v, u in (row.visits for row in told.suspicions) if v.left.points and u.left.points]
    assert pairs
    assert all(first > second for first, second in pairs)


_OTHER = {"left": "right", "right": "left"}


def mirrored(case: CaseDict) -> CaseDict:
    """The same person in a mirror: every side that is stated."""
    twin = deepcopy(case)
    for entry in [e for section in ("findings", "measurements") for e in twin.get(section, [])]:
        entry["side"] = _OTHER[entry["side"]]
    return twin


def turned(told: SideBySide) -> Any:
    rows = [(r.muscle, r.state, [Sides(v.right, v.left) for v in r.visits]) for r in told.suspicions]
    return sorted(rows, key=str), [(m.id, [Readings(v.right, v.left, v.midline) for v in m.visits]) for m in told.measures]


def test_the_mirrored_visits_give_the_mirrored_table(runner: list[Assessment]) -> None:
    cases = [load_case(path).document.data for path in (FIRST, *LATER)]
    other = side_by_side([run(mirrored(case)) for case in cases])
    assert turned(other) == (
        sorted(((r.muscle, r.state, list(r.visits)) for r in side_by_side(runner).suspicions), key=str),
        [(m.id, list(m.visits)) for m in side_by_side(runner).measures],
    )  # fmt: skip


def test_amounts_are_told_in_the_unit_of_the_last_visit() -> None:
    told = side_by_side([run(values(("knee to wall", "left", 40, "mm"))), run(values(("knee to wall", "left", 0, "cm")))])
    (row,) = told.measures
    assert (row.unit, [v.left.amount for v in row.visits]) == ("cm", [4, 0])
    assert [v.left.written for v in row.visits] == ["40 mm", "0 cm"]


def test_values_of_another_dimension_have_no_common_amount() -> None:
    told = side_by_side([
        run(values(("hip abduction strength", "left", 150, "N"))), run(values(("hip abduction strength", "left", 60, "N.m"))),
    ])  # fmt: skip
    (row,) = told.measures
    assert (row.unit, [v.left.amount for v in row.visits]) == ("", [None, None])


def test_a_red_flag_stands_before_the_table_and_held_suspicions_say_so() -> None:
    red = load_case(FIRST.parent / "red-flag.yaml")
    visit = assess(red, load_knowledge(), "native")
    told = side_by_side([visit])
    assert any(s.held for row in told.suspicions for v in row.visits for s in (v.left, v.right))
    text = " ".join(told.report("txt").split())
    assert text.index("EMERGENCY: act now") < text.index("SUSPICIONS")
    assert "held by a red flag" in text


def test_no_visit_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one visit"):
        side_by_side([])


@pytest.mark.parametrize("format", ["txt", "md", "html"])
def test_it_prints_in_every_format_with_nothing_styled_in_place(format: str, runner: list[Assessment]) -> None:
    told = side_by_side(runner)
    text = told.report(format, fragment=True)
    assert "Soleus, shortened" in text
    assert "style=" not in text
    assert text.count("<svg") == (12 + len(told.measures) if format == "html" else 0)


def test_a_picture_shows_more_higher_up_and_left_as_squares() -> None:
    told = side_by_side([run(values(("knee to wall", "left", 4, "cm"))), run(values(("knee to wall", "left", 9, "cm")))])
    picture = told.report("html", fragment=True).split("<svg")[-1].split("</svg>")[0]
    assert 'x="5" y="33.0"' in picture
    assert 'x="41" y="3.0"' in picture
    assert "<circle" not in picture


def test_the_command_prints_it(runner: list[Assessment], monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(p) for p in (FIRST, *LATER)]
    ran = run_here(monkeypatch, "compare", *paths, "--table", "--json", "--engine", "native")
    assert json.loads(ran.out) == side_by_side(runner).to_dict()


@pytest.mark.parametrize(
    ("heading", "shape"), [("side by side", SideBySide), ("suspicion row", SuspicionRow), ("measure row", MeasureRow)]
)
def test_every_key_has_its_line_on_the_page(heading: str, shape: Any) -> None:
    assert told_keys("compare.md", heading) == keys(shape)
