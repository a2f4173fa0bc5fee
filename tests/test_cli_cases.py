"""The commands about saved cases: what one prints the next one takes, and nothing is deleted unasked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import ROOT, Ran, run_here

from expert.cases import load_case
from expert.model import Knowledge
from expert.store import Store

VISITS = [ROOT / "examples" / "ankle-runner.yaml", ROOT / "examples" / "visits" / "ankle-runner-2.yaml"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, knowledge: Knowledge, tmp_path: Path) -> Any:
    """Runs `myologic cases WORD ...` on a file of the test's own."""
    return lambda word, *args, stdin="": run_here(
        monkeypatch, "cases", word, *map(str, args), "--database", str(tmp_path / "cases.sqlite3"), stdin=stdin
    )


@pytest.fixture
def kept(run: Any, tmp_path: Path) -> Store:
    """A runner with two visits."""
    assert run("save", *VISITS, "--new", "Runner 7", "--engine", "native").code == 0
    return Store(tmp_path / "cases.sqlite3")


def refused(ran: Ran, code: int) -> str:
    assert (ran.code, ran.out) == (code, "")
    assert "Traceback" not in ran.err
    return ran.err


def test_cases_are_saved_as_visits_of_one_person_with_their_answers(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (line.split() for line in run("save", *VISITS, "--new", "Runner 7", "--engine", "native").out.splitlines())
    assert first[0] == second[0]
    third = run("save", VISITS[0], "--person", first[0], "--engine", "native").out.split()
    store = Store(tmp_path / "cases.sqlite3")
    (person,) = store.persons()
    assert (person.label, {v.id for v in person.visits}) == ("Runner 7", {first[1], second[1], third[1]})
    assert store.visit(second[1]).case == load_case(VISITS[1]).document.data
    told = run_here(monkeypatch, "assess", str(VISITS[1]), "--json", "--engine", "native").out
    assert run("show", second[1], "--answer").out == told


def test_whose_a_visit_is_must_be_said_and_known(run: Any, tmp_path: Path) -> None:
    assert "--new LABEL, or --person ID" in refused(run("save", VISITS[0]), 2)
    assert "no person is saved" in refused(run("save", VISITS[0], "--person", "0" * 16, "--engine", "native"), 2)
    refused(run("save", tmp_path / "none.yaml", "--new", "x"), 3)
    assert run("list").out == ""


def test_the_list_names_persons_and_visits_and_prints_as_data(run: Any, kept: Store) -> None:
    (person,) = kept.persons()
    lines = run("list").out.splitlines()
    assert lines[0] == f"{person.id}  Runner 7"
    assert [line.split()[:2] for line in lines[1:]] == [[v.id, v.date] for v in person.visits]
    (told,) = json.loads(run("list", "--json").out)
    assert (told["id"], told["label"], [v["id"] for v in told["visits"]]) == (person.id, "Runner 7", [v.id for v in person.visits])


def test_an_empty_list_is_no_failure(run: Any) -> None:
    ran = run("list")
    assert (ran.code, ran.out, ran.err) == (0, "", "nothing is saved\n")


def test_a_label_cannot_command_the_terminal(run: Any) -> None:
    assert "hidden" in refused(run("save", VISITS[0], "--new", "\x1b]0;gotcha\x07", "--engine", "native"), 3)


def test_what_show_prints_is_assessed(run: Any, kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = kept.persons()[0].visits[0]
    shown = run("show", visit.id).out
    assert json.loads(shown) == visit.case
    assert run_here(monkeypatch, "assess", "-", "--engine", "native", stdin=shown).code == 0
    assert "no visit is saved" in refused(run("show", "0" * 16), 2)


def test_an_export_is_taken_in_elsewhere(run: Any, kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run("export").out
    (person,) = kept.persons()
    assert run("export", person.id).out == whole
    assert json.loads(whole) == kept.export()
    other = str(tmp_path / "other.sqlite3")
    ran = run_here(monkeypatch, "cases", "import", "-", "--database", other, stdin=whole)
    assert ran.out == "new: 1 persons, 2 visits; known already: 0 visits\n"
    assert Store(other).export() == kept.export()
    run("export", "-o", tmp_path / "cases.json")
    assert (tmp_path / "cases.json").read_text(encoding="utf-8") == whole
    assert "cases.json" in refused(run("import", tmp_path / "cases.json.not"), 3)


def test_nothing_is_deleted_unless_it_is_confirmed(run: Any, kept: Store) -> None:
    (person,) = kept.persons()
    for id in (person.id, person.visits[0].id):
        assert "say --yes. Nothing was deleted" in refused(run("delete", id), 2)
    assert len(kept.persons()[0].visits) == 2
    assert run("delete", person.visits[0].id, "--yes").code == 0
    assert [v.id for v in kept.persons()[0].visits] == [person.visits[1].id]
    assert run("delete", person.id, "--yes").err == "deleted for good\n"
    assert kept.persons() == ()
    assert "no visit is saved" in refused(run("delete", person.id, "--yes"), 2)


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
def test_at_a_terminal_it_is_asked_first(answer: str, left: int, run: Any, kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("expert.cli_cases._agreed", lambda question: answer == "y\n" and "Runner 7 with 2 visits" in question)
    run("delete", kept.persons()[0].id)
    assert len(kept.persons()) == left


def test_a_backup_is_made_and_overwrites_nothing(run: Any, kept: Store, tmp_path: Path) -> None:
    assert run("backup", tmp_path / "backup.sqlite3").code == 0
    assert Store(tmp_path / "backup.sqlite3").export() == kept.export()
    assert "overwrites nothing" in refused(run("backup", tmp_path / "backup.sqlite3"), 2)


def test_a_whole_file_is_called_whole_and_a_damaged_one_fails(run: Any, kept: Store) -> None:
    for options in ((), ("--tidy",)):
        ran = run("check", *options)
        assert (ran.code, ran.out) == (0, "")
        assert "whole, 1 persons" in ran.err
    whole = kept.path.read_bytes()
    kept.path.write_bytes(whole.replace(b"hip-drop", b"hip-dorp").replace(b"stiff", b"stuff").replace(b"right", b"tight"))
    ran = run("check")
    assert ran.code == 1
    assert "is not as it was written" in ran.out
    assert "put a backup in its place" in ran.err
