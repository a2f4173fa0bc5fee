"""What befalls a file of saved cases: killed writers, full and read-only disks, locks, flipped bytes. Nothing acknowledged is lost."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from expert import case_from_mapping, store
from expert.errors import StoreError
from expert.store import Store
from tests.command import ROOT, environment

forks = pytest.mark.skipif(sys.platform == "win32", reason="the harness forks")
ANSWER = {"knowledge": {"sha256": "ab" * 32}, "told": ["a sentence of the answer"] * 20}
CASE = case_from_mapping({"findings": [{"name": "hip drop", "side": "right"}], "notes": "what was said " * 1000})


def saver(*args: str) -> dict[str, Any]:
    """What tests/saver.py tells."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "saver.py"), *args], capture_output=True, env=environment(), timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    """A file with three persons and five visits."""
    made = Store(tmp_path / "cases.sqlite3")
    people = [made.save(CASE, ANSWER, label=f"person {n}").person for n in range(3)]
    for person in people[:2]:
        made.save(CASE, ANSWER, person=person)
    return made


# --- killed -----------------------------------------------------------------------------------------------------------------------------


@forks
def test_of_a_hundred_writers_that_are_killed_none_loses_a_case_that_it_acknowledged(tmp_path: Path) -> None:
    told = saver("kill", str(tmp_path / "cases.sqlite3"), "100")
    assert (told["kills"], told["lost"], told["faults"]) == (100, [], [])
    assert told["acknowledged"] > 100


# --- no room ----------------------------------------------------------------------------------------------------------------------------


@forks
@pytest.mark.parametrize("limit", [90_000, 400_000])
def test_where_the_disk_is_full_the_message_says_so_and_the_file_is_whole(limit: int, tmp_path: Path) -> None:
    told = saver("fill", str(tmp_path / "cases.sqlite3"), str(limit))
    assert "make room" in told["said"]
    assert "What was saved before and acknowledged is not touched" in told["said"]
    assert told["there"] == len(told["acknowledged"]) >= 1
    kept = Store(tmp_path / "cases.sqlite3")
    assert kept.check() == ()
    assert {v.id for p in kept.persons() for v in p.visits} == set(told["acknowledged"])
    assert kept.visit(kept.save(CASE, ANSWER, label="now there is room").id).case == CASE.document.data


@pytest.mark.parametrize(
    ("pragma", "said"),
    [
        ("max_page_count = 1", "the disk is full: make room and try again"),
        ("query_only = ON", "the file, its folder or the disk is read-only"),
    ],
)
def test_sqlites_own_refusals_are_told_in_plain_words(pragma: str, said: str, kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept.export()
    opened = store._open

    def hindered(db: sqlite3.Connection, path: Path) -> None:
        opened(db, path)
        db.execute(f"PRAGMA {pragma}")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_open", hindered)
        with pytest.raises(StoreError, match=said):
            kept.save(CASE, ANSWER, label="one more")
    assert kept.check() == ()
    assert kept.export() == before


def test_a_backup_that_finds_no_room_leaves_nothing_half_made(kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    monkeypatch.setattr(store.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match=r"the backup was not made: .*No space left on device"):
        kept.backup(folder / "backup.sqlite3")
    assert list(folder.iterdir()) == []


# --- locked, missing, in the way --------------------------------------------------------------------------------------------------------


def test_who_finds_it_locked_is_told_to_try_again(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PATIENCE", 0.05)
    with kept._connected() as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(kept.persons()) == 3
        with pytest.raises(StoreError, match="another program is writing to it: try again"):
            kept.save(CASE, ANSWER, label="waiting")
    assert len(kept.persons()) == 3


def test_a_folder_in_its_place_and_a_file_in_its_folders_place_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "file" / "cases.sqlite3"):
        with pytest.raises(StoreError, match="cannot be opened"):
            Store(path).save(CASE, ANSWER, label="Anna")
    assert (tmp_path / "file").read_text() == "mine"


# --- damaged ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", [b"no database at all, but long enough to look like one" * 20, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_database_is_refused_and_left_alone(held: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cases.sqlite3"
    path.write_bytes(held)
    with pytest.raises(StoreError, match="put a backup in its place"):
        Store(path).persons()
    assert path.read_bytes() == held


def faults_of(path: Path) -> tuple[str, ...]:
    try:
        return Store(path).check()
    except StoreError as error:
        return (str(error),)


def test_no_flipped_byte_goes_unnoticed_where_it_changes_what_is_read(kept: Store, tmp_path: Path) -> None:
    whole, told = kept.path.read_bytes(), kept.export()
    chance, path, noticed = random.Random(11), tmp_path / "flipped.sqlite3", 0  # noqa: S311 - any bytes will do
    for _ in range(300):
        place, bit = chance.randrange(len(whole)), chance.randrange(8)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        if faults_of(path):
            noticed += 1
        else:
            assert Store(path).export() == told, f"byte {place}, bit {bit}"
    assert noticed > 100


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_was_cut_is_noticed(share: float, kept: Store) -> None:
    whole = kept.path.read_bytes()
    kept.path.write_bytes(whole[: int(len(whole) * share)])
    assert faults_of(kept.path)


def test_a_changed_case_is_not_handed_out(kept: Store) -> None:
    with closing(sqlite3.connect(kept.path)) as db:
        db.execute("UPDATE visits SET stated = replace(stated, 'right', 'left ')")
        db.commit()
    visit = kept.persons()[0].visits[0].id
    for ask in (lambda: kept.visit(visit), kept.export, lambda: kept.person(kept.persons()[0].id)):
        with pytest.raises(StoreError, match="the file is damaged: keep a copy of it, and put a backup in its place"):
            ask()
    assert len(kept.check()) == 5
    assert visit in " ".join(kept.check())


def test_a_visit_of_nobody_is_noticed(kept: Store) -> None:
    with closing(sqlite3.connect(kept.path)) as db:
        db.execute("DELETE FROM persons WHERE label = 'person 2'")
        db.commit()
    assert [fault for fault in kept.check() if "belongs to nobody" in fault]
