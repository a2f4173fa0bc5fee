"""The hand-written cases that come with the knowledge: read whole, or refused with what is wrong and where."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from expert.errors import KnowledgeError
from expert.stored import StoredCase, stored_cases

CASE = "{name: %s, case: {findings: []}, expected: {plan: none}, source: %s}"


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path) -> list[str]:
    with pytest.raises(KnowledgeError) as caught:
        stored_cases(folder)
    return [str(f) for f in caught.value.faults]


def test_a_case_is_read_with_its_file_what_it_states_what_follows_and_on_whose_word(tmp_path: Path) -> None:
    written(tmp_path, hips="- " + CASE % ("A hip", "[table, study]"))
    assert stored_cases(tmp_path) == (StoredCase("hips", "A hip", {"findings": []}, {"plan": "none"}, ("table", "study")),)


def test_one_case_may_be_a_file_and_one_source_a_word(tmp_path: Path) -> None:
    (case,) = stored_cases(written(tmp_path, one=CASE % ("Alone", "table")))
    assert (case.name, case.source) == ("Alone", ("table",))


def test_cases_come_file_by_file_in_the_order_written(tmp_path: Path) -> None:
    written(tmp_path, b="- " + CASE % ("Third", "t"), a="- " + CASE % ("Second", "t") + "\n- " + CASE % ("First", "t"))
    (tmp_path / "notes.md").write_text("no case", encoding="utf-8")
    assert [(c.file, c.name) for c in stored_cases(tmp_path)] == [("a", "Second"), ("a", "First"), ("b", "Third")]


@pytest.mark.parametrize(
    "text",
    [
        "- {name: A, case: {findings: []}, expected: {}}",
        "- {name: A, case: {findings: []}, expected: {}, source: t, note: more}",
        "- just words",
        "- [a, list]",
    ],
)
def test_an_entry_with_other_keys_than_the_four_is_refused_and_counted(text: str, tmp_path: Path) -> None:
    (fault,) = faults(written(tmp_path, good="- " + CASE % ("Good", "t"), bad="- " + CASE % ("Good", "t") + "\n" + text))
    assert fault.startswith("cases/bad.yaml")
    assert "entry 2: a stored case has the keys name, case, expected, source" in fault


def test_every_file_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, a="- {name: [", b="- {name: A}")
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe")
    told = faults(tmp_path)
    assert [t.split(":")[0] for t in told] == ["cases/a.yaml", "cases/b.yaml", "cases/c.yaml"]
    assert "not UTF-8" in told[2]


def test_the_shipped_cases_have_names_of_their_own() -> None:
    names = Counter(c.name for c in stored_cases())
    assert len(names) > 200
    assert [n for n, count in names.items() if count > 1] == []
