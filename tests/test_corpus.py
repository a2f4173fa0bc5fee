"""The hand-written cases of cases/: each as it stands and mirrored, on every engine that is there."""

from __future__ import annotations

from collections import Counter

import pytest
from corpus import BESIDE_SOURCES, CorpusCase, cases, misses

from expert import assess
from expert.inference import experta_door
from expert.model import Knowledge

ENGINES = ("native", "experta") if experta_door.installed() else ("native",)
BOTH_SIDES = [c for case in cases() for c in (case, case.mirrored())]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", BOTH_SIDES, ids=lambda c: f"{c.file}: {c.name}")
def test_a_hand_written_case_concludes_what_its_sources_say(case: CorpusCase, engine: str, knowledge: Knowledge) -> None:
    found = misses(assess(case.case, knowledge, engine), case.expected)
    assert not found, "\n".join((case.name, *found))


def test_every_case_has_a_name_of_its_own_that_is_a_sentence() -> None:
    names = Counter(c.name for c in cases())
    assert [n for n, times in names.items() if times > 1] == []
    assert [n for n in names if len(n.split()) < 5] == []


def test_every_case_expects_something_and_names_a_source_that_is_known(knowledge: Knowledge) -> None:
    assert [c.name for c in cases() if not c.expected or not c.source] == []
    unknown = {s for c in cases() for s in c.source if s not in knowledge.kb.sources and not BESIDE_SOURCES.match(s)}
    assert unknown == set()


def test_all_rows_of_the_check_list_of_sides_are_covered_by_cases() -> None:
    told = {s.removeprefix("sides-and-chains 2.") for c in cases() for s in c.source if s.startswith("sides-and-chains 2.")}
    assert {str(row) for row in range(1, 26)} <= told


def test_mirroring_a_case_twice_gives_it_back() -> None:
    for case in cases():
        again = case.mirrored().mirrored()
        assert (again.case, again.expected) == (dict(case.case), dict(case.expected)), case.name
