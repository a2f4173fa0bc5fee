"""Faults: told with their place, once each, in order; each kind of error with its exit code."""

from __future__ import annotations

import pytest

from expert.errors import CaseError, EngineError, ExpertError, Fault, KnowledgeError, RuleError, UsageError


def test_a_fault_is_told_as_file_line_and_message() -> None:
    assert str(Fault("case.yaml", 7, "a side is missing")) == "case.yaml:7: a side is missing"


def test_a_fault_without_a_line_is_told_without_one() -> None:
    assert str(Fault("case.yaml", 0, "the file is empty")) == "case.yaml: the file is empty"


def test_faults_come_in_order_of_their_place_and_each_once() -> None:
    late, early, other = Fault("b.yaml", 2, "x"), Fault("b.yaml", 1, "y"), Fault("a.yaml", 9, "z")
    error = CaseError([late, early, other, late])
    assert error.faults == (other, early, late)
    assert str(error).splitlines() == ["a.yaml:9: z", "b.yaml:1: y", "b.yaml:2: x"]


def test_lines_are_ordered_as_numbers_and_not_as_text() -> None:
    assert [f.line for f in KnowledgeError([Fault("a", 10, "x"), Fault("a", 9, "x")]).faults] == [9, 10]


def test_an_error_without_a_place_is_told_without_a_colon_in_front() -> None:
    assert str(EngineError("there is no engine 'x'")) == "there is no engine 'x'"


@pytest.mark.parametrize(
    ("kind", "code"), [(ExpertError, 1), (EngineError, 1), (UsageError, 2), (CaseError, 3), (KnowledgeError, 3), (RuleError, 3)]
)
def test_each_kind_of_error_has_the_exit_code_of_its_kind(kind: type[ExpertError], code: int) -> None:
    assert kind("x").exit_code == code


def test_one_except_clause_catches_every_mistake_of_a_user() -> None:
    assert all(issubclass(kind, ExpertError) for kind in (CaseError, KnowledgeError, RuleError, EngineError, UsageError))
    assert issubclass(RuleError, KnowledgeError)
