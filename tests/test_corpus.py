"""The hand-written cases of cases/: each as it stands and mirrored, on every engine that is there.

All that an engine gives to an answer are its firings. So each case is assessed on our own engine, and every question that is put to it on
the way is put to the other one too: the same firings at every step are the same answer, without all of it being worked out again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from corpus import BESIDE_SOURCES, cases, misses

from expert import assess, inference
from expert.inference import experta_door
from expert.model import Fact, Firing, Knowledge, Program

INFER = inference.infer
FILES = sorted({c.file for c in cases()})
Asked = list[tuple[Program, Sequence[Fact], tuple[Firing, ...]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What our own engine is asked, with its answers."""
    told: Asked = []

    def noted(program: Program, facts: Sequence[Fact], engine: inference.Engine) -> tuple[Firing, ...]:
        fired = INFER(program, facts, engine)
        told.append((program, facts, fired))
        return fired

    monkeypatch.setattr(inference, "infer", noted)
    return told


@pytest.mark.parametrize("mirror", [False, True], ids=["as it stands", "mirrored"])
@pytest.mark.parametrize("file", FILES)
def test_every_hand_written_case_concludes_what_its_sources_say(file: str, mirror: bool, asked: Asked, knowledge: Knowledge) -> None:
    """A file at a time: each case as it stands or mirrored; every miss of the file is told, and where engines part."""
    other = inference.choose("experta") if experta_door.installed() else None
    wrong: list[tuple[str, str]] = []
    for case in [c.mirrored() if mirror else c for c in cases() if c.file == file]:
        asked.clear()
        wrong += [(case.name, miss) for miss in misses(assess(case.case, knowledge, "native"), case.expected)]
        assert len(asked) == 3, "the firings of all three strata are seen"
        if other:
            wrong += [(case.name, "the engines part") for program, facts, fired in asked if INFER(program, facts, other) != fired]
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
