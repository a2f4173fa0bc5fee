"""What the source documents ask for: a row is covered when something serves it and a case shows it, and every name in it exists."""

from __future__ import annotations

import pytest
from small import rule, rules, small_kb

from expert.coverage import Row, coverage, missing_rows
from expert.formats import Served

KNOWN = {"cases": ["A case"], "commands": ["assess", "kb lint"], "answers": ["plan"]}
RULES = rules(rule("dipping", "{finding: dip}", "{muscle: puller, state: weak, points: 2}"))


def row(served: str = "{rules: [dipping]}", cases: str = "[A case]", number: int = 1) -> str:
    return f"- {{id: row-{number}, row: {number}, title: Row {number}, seeds: [table], served: {served}, cases: {cases}}}\n"


def covered(*texts: str) -> tuple[Row, ...]:
    kb = small_kb(RULES, "coverage:\n" + "".join(texts))
    return coverage(kb, KNOWN["cases"], KNOWN["commands"], KNOWN["answers"])


def gaps(text: str) -> tuple[str, ...]:
    (one,) = covered(text)
    return one.gaps


def test_a_row_that_something_serves_and_a_case_shows_has_no_gap() -> None:
    (one,) = covered(row())
    assert one.gaps == ()
    assert one.served == (("rules", ("dipping",)),)


def test_a_row_that_nothing_serves_is_a_gap() -> None:
    assert gaps(row(served="{}")) == ("nothing serves it",)


def test_a_row_that_no_case_shows_is_a_gap() -> None:
    assert gaps(row(cases="[]")) == ("no case shows it",)


def test_both_gaps_are_told_together() -> None:
    assert gaps(row(served="{}", cases="[]")) == ("nothing serves it", "no case shows it")


@pytest.mark.parametrize("shelf", [name for name in Served.model_fields if name not in ("commands", "answers", "phases")])
def test_an_id_that_nothing_has_is_a_gap_on_every_shelf(shelf: str) -> None:
    (gap,) = gaps(row(served=f"{{{shelf}: [no-such-thing]}}"))
    assert f"there is no 'no-such-thing' among the {shelf}" in gap


def test_a_near_miss_says_what_may_be_meant() -> None:
    assert gaps(row(served="{rules: [diping]}")) == ("there is no 'diping' among the rules, did you mean 'dipping'?",)


@pytest.mark.parametrize(
    ("served", "gap"),
    [
        ("{commands: [assess]}", ""), ("{commands: [kb lint]}", ""), ("{commands: [kb]}", "there is no 'kb' among the commands"),
        ("{answers: [plan]}", ""), ("{answers: [plans]}", "there is no 'plans' among the answers"),
        ("{phases: [mobility]}", "there is no 'mobility' among the phases"),
    ],
)  # fmt: skip
def test_commands_answers_and_phases_are_checked_too(served: str, gap: str) -> None:
    found = gaps(row(served=served))
    assert len(found) == bool(gap)
    assert all(f.startswith(gap) for f in found)


def test_a_case_that_is_not_stored_shows_nothing() -> None:
    (gap,) = gaps(row(cases="[A case, Another case]"))
    assert gap.startswith("there is no 'Another case' among the cases")


def test_rows_come_in_order_of_their_numbers() -> None:
    assert [r.entry.row for r in covered(row(number=3), row(number=1), row(number=2))] == [1, 2, 3]


def test_numbers_that_no_row_carries_are_missing() -> None:
    assert missing_rows(covered(row(number=3), row(number=1)), 4) == (2, 4)
    assert missing_rows(covered(row(number=1), row(number=2)), 2) == ()
