"""Saved cases: what is kept comes back as it was given, what is deleted is gone from the bytes, and a stranger's file is left alone."""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from expert import assess, case_from_mapping, replay, store
from expert.cases import Case
from expert.errors import CaseError, ExpertError, StoreError, UnknownSaved, UsageError
from expert.model import Knowledge
from expert.store import Imported, Store

HASH = "ab" * 32
ANSWER = {"knowledge": {"sha256": HASH}, "hypotheses": [{"name": "größer", "points": 2.5}]}


def stated(note: str = "", date: str = "") -> Case:
    visit = {"visit": {"date": date}} if date else {}
    return case_from_mapping({**visit, "findings": [{"name": "hip drop", "side": "right", "severity": 0.4}], "notes": note})


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    return Store(tmp_path / "inner" / "cases.sqlite3")


def files_of(kept: Store) -> bytes:
    """Every byte of the database and of what stands beside it."""
    return b"".join(file.read_bytes() for file in sorted(kept.path.parent.iterdir()))


# --- saving and reading -------------------------------------------------------------------------------------------------------------


def test_a_saved_case_comes_back_as_it_was_given_with_the_answer_it_was_given(kept: Store) -> None:
    case = stated(date="2026-11")
    saved = kept.save(case, ANSWER, label="  Anna  B. ")
    visit = kept.visit(saved.id)
    assert visit == saved
    assert (visit.case, visit.date, visit.day, visit.knowledge) == (case.document.data, "2026-11", "2026-11", HASH)
    assert visit.answer == json.dumps(ANSWER, ensure_ascii=False)
    (person,) = kept.persons()
    assert (person.id, person.label, [v.id for v in person.visits]) == (saved.person, "Anna B.", [saved.id])


def test_further_visits_stand_with_their_person_oldest_first_whenever_they_were_saved(kept: Store) -> None:
    late = kept.save(stated(date="2999-11-21"), ANSWER, label="Anna")
    undated = kept.save(stated(), ANSWER, person=late.person)
    early = kept.save(stated(date="2020"), ANSWER, person=late.person)
    kept.save(stated(), ANSWER, label="aaron")
    assert [p.label for p in kept.persons()] == ["aaron", "Anna"]
    assert [v.id for v in kept.person(late.person).visits] == [early.id, undated.id, late.id]
    assert undated.day == undated.saved[:10]


def test_ids_are_random_and_say_nothing(kept: Store) -> None:
    saved = [kept.save(stated(), ANSWER, label="Anna") for _ in range(3)]
    ids = {i for v in saved for i in (v.id, v.person)}
    assert len(ids) == 6
    assert all(len(i) == 16 and set(i) <= set("0123456789abcdef") for i in ids)


def test_looking_makes_no_file(kept: Store) -> None:
    assert kept.persons() == ()
    assert kept.check() == ()
    assert kept.export()["persons"] == []
    kept.tidy()
    for ask in (kept.visit, kept.person):
        with pytest.raises(UnknownSaved):
            ask("0" * 16)
    assert not kept.path.parent.exists()


def test_the_file_is_its_owners_alone(kept: Store) -> None:
    kept.save(stated(), ANSWER, label="Anna")
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert kept.path.parent.stat().st_mode & 0o077 == 0


def test_the_usual_place_is_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Store().path.name == "cases.sqlite3"
    assert Store().path.parent.name == "myologic"


def test_what_is_acknowledged_is_written_in_full_and_keys_are_kept(kept: Store) -> None:
    kept.save(stated(), ANSWER, label="Anna")
    asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "temp_store")
    with kept._connected() as db:
        told = [db.execute(f"PRAGMA {word}").fetchone()[0] for word in asked]
    assert told == ["wal", 2, 1, 1, 2]


@pytest.mark.parametrize(
    "whose",
    [{}, {"label": "  "}, {"label": "Anna", "person": "0" * 16}, {"label": "x" * 121}, {"label": "An\u202ena"}, {"label": "An\x00na"}],
)
def test_a_visit_belongs_to_one_person_with_a_plain_name(whose: dict[str, str], kept: Store) -> None:
    with pytest.raises(ExpertError):
        kept.save(stated(), ANSWER, **whose)
    assert kept.persons() == ()


def test_a_visit_of_nobody_is_refused_and_nothing_is_kept(kept: Store) -> None:
    with pytest.raises(UnknownSaved, match="no person"):
        kept.save(stated(), ANSWER, person="0" * 16)
    assert kept.persons() == ()


def test_many_threads_save_at_once_into_a_file_that_is_not_there_yet(kept: Store) -> None:
    faults: list[BaseException] = []

    def saving(number: int) -> None:
        try:
            for turn in range(6):
                Store(kept.path).save(stated(), ANSWER, label=f"person {number}.{turn}")
                Store(kept.path).persons()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=saving, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(kept.persons()) == 36
    assert kept.check() == ()


def test_a_saved_answer_replays_and_says_whether_it_would_be_the_same_today(kept: Store, knowledge: Knowledge) -> None:
    case = stated(date="2026-11-21")
    given = assess(case, knowledge, engine="native")
    saved = kept.visit(kept.save(case, given.to_dict(), label="Anna").id)
    assert saved.answer == given.to_json()
    assert saved.knowledge == knowledge.kb.sha256
    assert replay(saved.answer, knowledge).same
    assert not replay(saved.answer.replace('"status": "possible"', '"status": "supported"', 1), knowledge).same


# --- deleting for good ---------------------------------------------------------------------------------------------------------------


def test_a_deleted_person_is_gone_from_the_bytes_of_every_file(kept: Store) -> None:
    others = [kept.save(stated(f"other {n} " + "x" * 3000), ANSWER, label=f"Other {n}") for n in range(30)]
    answer = {**ANSWER, "secret": "".join(chr(0x4E00 + n * 7 % 9000) for n in range(900))}
    gone = kept.save(stated("CANARY-NOTE " + "y" * 9000), answer, label="CANARY-LABEL")
    kept.rename(others[3].person, "CANARY-RENAMED")
    kept.rename(others[3].person, "plain")
    kept.save(stated("CANARY-SECOND"), ANSWER, person=gone.person)
    packed = zlib.compress(json.dumps(answer, ensure_ascii=False).encode())
    before = files_of(kept)
    assert b"CANARY-NOTE" in before
    assert packed[100:160] in before
    kept.delete_person(gone.person)
    after = files_of(kept)
    assert b"CANARY" not in after
    assert not [n for n in range(40, len(packed) - 40, 40) if packed[n : n + 40] in after]
    assert gone.id.encode() not in after
    assert len(after) < len(before)  # written anew: no page of it is left to be filled again
    assert len(kept.persons()) == 30
    assert kept.check() == ()
    assert [file.name for file in kept.path.parent.iterdir()] == ["cases.sqlite3"]


def test_a_deleted_visit_leaves_the_others(kept: Store) -> None:
    first = kept.save(stated("CANARY-FIRST"), ANSWER, label="Anna")
    second = kept.save(stated("second"), ANSWER, person=first.person)
    kept.delete_visit(first.id)
    assert [v.id for v in kept.person(first.person).visits] == [second.id]
    assert b"CANARY" not in files_of(kept)
    with pytest.raises(UnknownSaved):
        kept.visit(first.id)


@pytest.mark.parametrize("act", ["delete_visit", "delete_person"])
def test_what_is_not_there_cannot_be_deleted(act: str, kept: Store) -> None:
    kept.save(stated(), ANSWER, label="Anna")
    with pytest.raises(UnknownSaved, match="nothing is saved under the id"):
        getattr(kept, act)("' OR 1=1 --")
    assert len(kept.persons()) == 1


def test_deleting_while_somebody_reads_says_that_traces_may_be_left(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = kept.save(stated("CANARY-READ"), ANSWER, label="Anna")
    monkeypatch.setattr(store, "_PATIENCE", 0.05)
    with kept._connected() as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM persons").fetchone()
        with pytest.raises(StoreError, match=r"It is deleted, but traces of it may be left .* check --tidy"):
            kept.delete_person(gone.person)
    assert kept.persons() == ()
    kept.tidy()
    assert b"CANARY" not in files_of(kept)


def test_a_renamed_person_keeps_id_and_visits(kept: Store) -> None:
    saved = kept.save(stated(), ANSWER, label="Anna")
    kept.rename(saved.person, "  Number   7 ")
    (person,) = kept.persons()
    assert (person.id, person.label, len(person.visits)) == (saved.person, "Number 7", 1)
    with pytest.raises(UsageError):
        kept.rename(saved.person, " ")
    with pytest.raises(UnknownSaved):
        kept.rename("0" * 16, "Bert")


# --- export, import, backup -----------------------------------------------------------------------------------------------------------


def exported(kept: Store) -> dict[str, Any]:
    anna = kept.save(stated("first", "2026-09-01"), ANSWER, label="Anna")
    kept.save(stated("second", "2026-11-21"), ANSWER, person=anna.person)
    kept.save(stated("third"), ANSWER, label="Bert")
    told: dict[str, Any] = kept.export()
    return told


def test_an_export_comes_back_whole_and_coming_twice_changes_nothing(kept: Store, tmp_path: Path) -> None:
    told = exported(kept)
    other = Store(tmp_path / "other.sqlite3")
    text = json.dumps(told, ensure_ascii=False)
    assert other.import_(text) == Imported(persons=2, visits=3, known=0)
    assert other.import_(text) == Imported(persons=0, visits=0, known=3)
    assert other.export() == told
    assert other.check() == ()


def test_one_person_is_exported_alone(kept: Store) -> None:
    told = exported(kept)
    anna = told["persons"][0]
    assert kept.export(anna["id"]) == {**told, "persons": [anna]}
    assert [v["date"] for v in anna["visits"]] == ["2026-09-01", "2026-11-21"]
    assert anna["visits"][0]["answer"] == ANSWER
    with pytest.raises(UnknownSaved):
        kept.export("0" * 16)


def _spoil(told: dict[str, Any], path: tuple[Any, ...], value: Any) -> str:
    spoilt = here = json.loads(json.dumps(told))
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return json.dumps(spoilt)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("format",), "other", "format"),
        (("schema_version",), 2, "schema_version"),
        (("persons", 0, "id"), "../../etc", "persons"),
        (("persons", 0, "label"), "", "label"),
        (("persons", 0, "visits", 0, "saved"), "yesterday", "saved"),
        (("persons", 0, "visits", 0, "date"), "'; DROP TABLE visits", "date"),
        (("persons", 0, "visits", 0, "case"), {"findings": [{"nom": "hip drop"}]}, "nom"),
        (("persons", 0, "visits", 0, "secret"), 1, "unknown key 'secret'"),
        (("persons", 0, "visits", 1, "knowledge"), "x", "knowledge"),
        (("persons", 1, "visits", 0, "case", "notes"), "left\u202eright", "hidden"),
    ],
)
def test_an_import_with_one_fault_takes_in_nothing(path: tuple[Any, ...], value: Any, said: str, kept: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other.sqlite3")
    with pytest.raises(CaseError, match=said):
        other.import_(_spoil(exported(kept), path, value), "given.json")
    assert other.persons() == ()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": "myologic-cases"}', "\x00", "null"])
def test_what_is_no_export_is_refused(text: str, kept: Store) -> None:
    with pytest.raises(CaseError):
        kept.import_(text)
    assert not kept.path.exists()


def test_an_import_never_overwrites_a_visit(kept: Store) -> None:
    told = exported(kept)
    with pytest.raises(CaseError, match="saved here already, and is another one; nothing was taken in"):
        kept.import_(_spoil(told, ("persons", 0, "visits", 0, "case", "notes"), "altered"))
    assert kept.export() == told


def test_a_label_that_changed_here_stays(kept: Store) -> None:
    told = exported(kept)
    kept.rename(told["persons"][0]["id"], "Zoe")
    assert kept.import_(json.dumps(told)) == Imported(0, 0, 3)
    assert sorted(p.label for p in kept.persons()) == ["Bert", "Zoe"]


def test_a_backup_is_one_whole_file_of_saved_cases_made_while_others_write(kept: Store, tmp_path: Path) -> None:
    told = exported(kept)
    with kept._connected() as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM visits")
        kept.backup(tmp_path / "backup.sqlite3")
        other.execute("ROLLBACK")
    assert [f.name for f in tmp_path.iterdir() if f.is_file()] == ["backup.sqlite3"]
    assert (tmp_path / "backup.sqlite3").stat().st_mode & 0o777 == 0o600
    copy = Store(tmp_path / "backup.sqlite3")
    assert copy.check() == ()
    assert copy.export() == told == kept.export()


def test_a_backup_overwrites_nothing_and_needs_something_to_copy(kept: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to back up"):
        kept.backup(tmp_path / "backup.sqlite3")
    exported(kept)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="overwrites nothing"):
        kept.backup(tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "mine"
    with pytest.raises(StoreError, match=r"backup was not made: .*\. The saved cases are as they were"):
        kept.backup(tmp_path / "no such folder" / "backup.sqlite3")


# --- versions of the file -----------------------------------------------------------------------------------------------------------------

WHEN = "2026-01-02T03:04:05.678+00:00"
_PERSON = ("00000000000000aa", "Anna", WHEN)
_VISIT = ("00000000000000bb", "00000000000000aa", "2026-01-02", WHEN, HASH, '{"findings": []}')


def old_file(path: Path, version: int) -> None:
    """A file as that version left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        if version:
            store.migrate(db, version)
        if version == 1:
            db.execute("INSERT INTO persons (id, label, created, digest) VALUES (?, ?, ?, ?)", (*_PERSON, store._digest(*_PERSON)))
            db.execute(
                "INSERT INTO visits (id, person, date, saved, knowledge, stated, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*_VISIT, store._digest(*_VISIT)),
            )


@pytest.mark.parametrize("version", range(len(store.MIGRATIONS)))
def test_a_file_of_every_older_version_opens_as_one_of_ours_and_keeps_what_it_held(version: int, tmp_path: Path) -> None:
    old_file(tmp_path / "old.sqlite3", version)
    kept = Store(tmp_path / "old.sqlite3")
    held = [(p.label, [(v.day, v.case, v.answer) for v in kept.person(p.id).visits]) for p in kept.persons()]
    assert held == ([("Anna", [("2026-01-02", {"findings": []}, "")])] if version else [])
    assert kept.check() == ()
    kept.save(stated(), ANSWER, label="Bert")
    with kept._connected() as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(store.MIGRATIONS)
        assert db.execute("PRAGMA application_id").fetchone()[0] == store.APPLICATION
        shape = db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    fresh = Store(tmp_path / "fresh.sqlite3")
    fresh.save(stated(), ANSWER, label="Bert")
    with fresh._connected() as db:
        assert shape == db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_visit_without_an_answer_goes_out_and_comes_in(tmp_path: Path) -> None:
    old_file(tmp_path / "old.sqlite3", 1)
    told = Store(tmp_path / "old.sqlite3").export()
    assert told["persons"][0]["visits"][0]["answer"] is None
    other = Store(tmp_path / "other.sqlite3")
    other.import_(json.dumps(told))
    assert other.export() == told


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_file(tmp_path / "old.sqlite3", 1)
    with monkeypatch.context() as patch:
        patch.setattr(store, "MIGRATIONS", (*store.MIGRATIONS, ("CREATE TABLE further (id TEXT)", "this is no SQL")))
        with pytest.raises(StoreError):
            Store(tmp_path / "old.sqlite3").persons()
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 1
        assert {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} == {"persons", "visits"}
    assert Store(tmp_path / "old.sqlite3").persons()[0].label == "Anna"


def test_a_file_of_a_newer_version_is_refused_and_left_alone(kept: Store) -> None:
    exported(kept)
    with kept._connected() as db:
        db.execute(f"PRAGMA user_version = {len(store.MIGRATIONS) + 1}")
    before = files_of(kept)
    for ask in (kept.persons, kept.export, kept.check, lambda: kept.save(stated(), ANSWER, label="x")):
        with pytest.raises(StoreError, match=r"a newer Myologic wrote this .* update it"):
            ask()
    assert files_of(kept) == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "browser.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    for ask in (Store(path).persons, lambda: Store(path).save(stated(), ANSWER, label="x"), Store(path).tidy):
        with pytest.raises(StoreError, match="no file of saved cases"):
            ask()
    assert path.read_bytes() == before
