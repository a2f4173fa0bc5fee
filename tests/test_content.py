"""What the shipped knowledge must hold: every row of the sources, every kind of entry, and a hand-written case for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from command import run_here
from corpus import CorpusCase, cases

from expert import anatomy, mechanics
from expert.cases import case_from_mapping
from expert.model import Knowledge
from expert.normalise import normalise
from expert.stored import stored_cases

DOCS = Path(__file__).resolve().parent.parent / "docs"
ROWS = 110


@pytest.fixture(scope="module")
def stated(knowledge: Knowledge) -> Mapping[str, frozenset[str]]:
    """The ids of everything that each case states, present or absent, by the case's name."""
    return {c.name: frozenset(i.finding for i in normalise(case_from_mapping(c.case), knowledge.kb).items) for c in cases()}


def test_every_row_of_the_source_documents_is_there_once(knowledge: Knowledge) -> None:
    assert sorted(row.row for row in knowledge.kb.coverage.values()) == list(range(1, ROWS + 1))


@pytest.mark.parametrize("page", ["coverage", "mechanics", "anatomy", "glossary"])
def test_the_page_is_what_the_command_prints_and_the_command_finds_no_gap(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = run_here(monkeypatch, "kb", page)
    assert printed.code == 0, printed.err
    assert (DOCS / f"{page}.md").read_text(encoding="utf-8") == printed.out, f"docs/{page}.md is stale: make pages"


def test_textbook_and_measurement_agree_on_nearly_all_directions_and_every_other_has_its_reason(knowledge: Knowledge) -> None:
    found = anatomy.comparisons(knowledge.kb)
    assert len(found) >= 400
    assert sum(c.agrees for c in found) >= 0.97 * len(found)
    assert not list(anatomy.unexplained(found, knowledge.kb))


def test_no_rule_contradicts_the_position_it_speaks_of_without_saying_so(knowledge: Knowledge) -> None:
    assert not list(mechanics.unexplained(mechanics.compared(knowledge), knowledge))


def test_there_are_as_many_as_were_asked_for(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    assert len(kb.muscles) >= 150
    assert sum(kind == "finding" for kind in kb.kinds.values()) >= 150
    assert len([link for link in kb.links.values() if joins_two_places(link.start, link.to)]) >= 150
    assert {"overhead-squat", "single-leg-squat", "gait", "reach"} <= set(kb.batteries)


def joins_two_places(start: Any, end: Any) -> bool:
    return (start.muscle, start.node) != (end.muscle, end.node)


@pytest.mark.parametrize("field", ["origin", "insertion", "nerve", "levels", "role", "reach", "sources"])
def test_every_muscle_is_told_whole(field: str, knowledge: Knowledge) -> None:
    assert [m.id for m in knowledge.kb.muscles.values() if not getattr(m, field)] == []


@pytest.mark.parametrize("field", ["how", "synonyms"])
def test_every_finding_is_told_whole(field: str, knowledge: Knowledge) -> None:
    kb = knowledge.kb
    assert [f.id for f in kb.findings.values() if kb.kinds[f.id] == "finding" and not getattr(f, field)] == []


def test_every_finding_that_is_observed_says_in_which_tasks_and_from_where(knowledge: Knowledge) -> None:
    seen = [f for f in knowledge.kb.findings.values() if f.method == "observation"]
    assert [f.id for f in seen if not f.tasks] == []
    assert [f.id for f in seen if f.view is None] == []


def test_strength_tests_speak_to_strength_and_length_tests_to_length(knowledge: Knowledge) -> None:
    speaks = {"strength-test": {"weak", "strong"}, "length-test": {"shortened", "lengthened"}}
    wrong = {
        (rule.id, claim.state)
        for rule in knowledge.kb.rules.values()
        if rule.when.finding and knowledge.kb.findings[rule.when.finding].method in speaks and rule.grade != "D"
        for claim in rule.then
        if claim.state not in speaks[knowledge.kb.findings[rule.when.finding].method] and not claim.against
        and claim.state not in ("overactive", "underactive")
    }  # fmt: skip
    assert wrong == set()


# --- cases -----------------------------------------------------------------------------------------------------------------------


def told(case: CorpusCase, *keys: str) -> Iterator[str]:
    for key in keys:
        yield from case.expected.get(key, ())


def test_every_rule_has_a_case_that_says_exactly_what_it_concludes(knowledge: Knowledge) -> None:
    spoken = {rule for case in cases() for rule in told(case, "says")}
    assert set(knowledge.kb.rules) - spoken == set()


def test_every_finding_type_stands_in_a_case(knowledge: Knowledge, stated: Mapping[str, frozenset[str]]) -> None:
    kinds = knowledge.kb.kinds
    assert {f for f in kinds if kinds[f] == "finding"} - {f for ids in stated.values() for f in ids} == set()


def test_every_pattern_is_found_in_a_case_and_every_red_flag_raised(knowledge: Knowledge) -> None:
    flags = {flag for case in cases() for flag in told(case, "flags")}
    assert set(knowledge.kb.flags) - flags == set()
    lines = {line.replace(" left", "").replace(" right", "").replace(" ", "-") for case in cases() for line in told(case, "patterns")}
    assert set(knowledge.kb.patterns) - lines == set()


def test_every_measure_stands_in_a_case(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    measured = {kb.words.look_up("measure", m["name"]).reading.id for c in cases() for m in c.case.get("measurements", ())}  # type: ignore[union-attr]
    assert set(kb.measures) - measured == set()


def test_healthy_people_and_people_with_other_troubles_have_cases_enough() -> None:
    quiet = [c for c in stored_cases() if c.expected.get("nothing_supported") == [] and c.file == "healthy"]
    assert len(quiet) >= 40
    present = [c for c in quiet if any(is_present(f) for f in c.case["findings"])]
    assert len(present) >= 25


def is_present(finding: Any) -> bool:
    return isinstance(finding, str) or finding.get("present", True) is True



def test_every_source_says_how_much_of_it_was_read_and_where_it_is(knowledge: Knowledge) -> None:
    assert [s.id for s in knowledge.kb.sources.values() if not s.where or not s.read] == []
