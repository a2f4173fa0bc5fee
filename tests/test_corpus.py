"""The hand-written cases of cases/: each as it stands and mirrored, on every engine that is there."""

from __future__ import annotations

from collections import Counter

import pytest
from corpus import BESIDE_SOURCES, cases, misses

from expert import assess
from expert.inference import experta_door
from expert.model import Knowledge

ENGINES = ("native", "experta") if experta_door.installed() else ("native",)
FILES = sorted({c.file for c in cases()})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mirror", [False, True], ids=["as it stands", "mirrored"])
@pytest.mark.parametrize("file", FILES)
def test_every_hand_written_case_concludes_what_its_sources_say(file: str, mirror: bool, engine: str, knowledge: Knowledge) -> None:
    """A file at a time: each case as it stands or mirrored, on each engine; every miss of the file is told."""
    chosen = [c.mirrored() if mirror else c for c in cases() if c.file == file]
    wrong = [(c.name, miss) for c in chosen for miss in misses(assess(c.case, knowledge, engine), c.expected)]
    assert not wrong, "\n".join(f"{name}: {miss}" for name, miss in wrong)


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
