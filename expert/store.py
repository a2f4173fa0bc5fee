"""Saved cases: persons and their visits in one SQLite file of the user's own. Nothing is kept unless somebody asks for it.

What is acknowledged is on the disk (WAL, synchronous=FULL). What is deleted is overwritten. Every row carries a digest of what it
holds, so that damage is noticed before anything is read from it. A connection lives as long as one operation: threads and
processes share the file and nothing else. The file is not encrypted.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from expert.cases import Case, case_from_mapping
from expert.errors import CaseError, Fault, StoreError, UnknownSaved, UsageError
from expert.model import Tree
from expert.reading import Document, Unreadable, read_json, refuse_hidden, shaped

LONGEST_LABEL = 120
EXPORT_CAP = 128 * 1024 * 1024
APPLICATION = 0x4D594F4C  # "MYOL": says whose file it is
_PATIENCE = 10  # seconds for which a writer waits for another

# Each step takes the file from the version before it to its own: the first makes version 1. A step that was released never changes.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE persons (id TEXT PRIMARY KEY NOT NULL, label TEXT NOT NULL, created TEXT NOT NULL, digest TEXT NOT NULL)",
        "CREATE TABLE visits (id TEXT PRIMARY KEY NOT NULL, person TEXT NOT NULL REFERENCES persons(id) ON DELETE CASCADE,"
        " date TEXT NOT NULL, saved TEXT NOT NULL, stated TEXT NOT NULL, knowledge TEXT NOT NULL, digest TEXT NOT NULL)",
    ),
    (
        "ALTER TABLE visits ADD COLUMN answer BLOB",  # packed; NULL where none was kept
        "CREATE INDEX visits_of_person ON visits(person)",
    ),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One saved visit. `date`: as the case tells it, or ""; `saved`: when, in UTC; `case`: as it was given.

    `knowledge`: the hash of the knowledge that judged it then; `answer`: the JSON of that judgement, or "" where none was kept.
    """

    id: str
    person: str
    date: str
    saved: str
    case: Tree
    knowledge: str
    answer: str

    @property
    def day(self) -> str:
        """The date of the visit; where the case tells none, the day on which it was saved."""
        return self.date or self.saved[:10]


@dataclass(frozen=True, slots=True)
class Person:
    """One person: a random id, and the label that the user gave."""

    id: str
    label: str
    created: str
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought in. `known`: visits that were there already."""

    persons: int
    visits: int
    known: int


class Store:
    """The saved cases of one file. Raises StoreError where the file or the disk fails, with what to do."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path) if path is not None else usual_path()

    # --- reading ------------------------------------------------------------------------------------------------------------------

    def persons(self) -> tuple[Person, ...]:
        """Everybody, by label; with the visits, oldest first. No answers are read: a visit of a list has none."""
        with self._reading() as db:
            return _gathered(db.execute(_PERSONS), map(_head, db.execute(_HEADS))) if db else ()

    def person(self, id: str) -> Person:
        """One person, each visit with its answer."""
        with self._reading() as db:
            found = _whole(db, id) if db else ()
        if not found:
            raise UnknownSaved(f"no person is saved under the id '{_shown(id)}'")
        return found[0]

    def visit(self, id: str) -> Visit:
        """One visit, with its answer."""
        with self._reading() as db:
            row = db.execute(_VISITS + " WHERE id = ?", (id,)).fetchone() if db else None
            if row is None:
                raise UnknownSaved(f"no visit is saved under the id '{_shown(id)}'")
            return _visit(row)

    def export(self, person: str = "") -> Tree:
        """One person, or everybody, as plain data: what `import_` reads."""
        if person:
            people: tuple[Person, ...] = (self.person(person),)
        else:
            with self._reading() as db:
                people = _whole(db) if db else ()
        return {"format": "myologic-cases", "schema_version": 1, "persons": [_exported(p) for p in people]}

    def check(self) -> tuple[str, ...]:
        """What is wrong with the file: nothing, or a line for each fault. Every row is read."""
        with self._reading() as db:
            if db is None:
                return ()
            faults = [str(row[0]) for row in db.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
            faults += [f"a visit belongs to nobody: {row[0]}" for row in db.execute("PRAGMA foreign_key_check")]
            faults += _damaged(db)
        return tuple(faults)

    # --- writing ------------------------------------------------------------------------------------------------------------------

    def save(self, case: Case, answer: Tree, *, person: str = "", label: str = "") -> Visit:
        """Keep a case with the answer that it was given, for a new person (`label`) or as a further visit of one who is there.

        When this returns, it is on the disk.
        """
        if bool(person) == bool(label.strip()):
            raise UsageError("say whose visit it is: a new person's name or number, or one who is saved already")
        date = case.shape.visit.date if case.shape.visit else None
        visit = Visit(_new_id(), person, date or "", _now(), case.document.data, answer["knowledge"]["sha256"], _json(answer))
        with self._writing() as db:
            if not person:
                visit = replace(visit, person=_new_id())
                _add_person(db, Person(visit.person, _label(label), visit.saved, ()))
            elif not db.execute("SELECT 1 FROM persons WHERE id = ?", (person,)).fetchone():
                raise UnknownSaved(f"no person is saved under the id '{_shown(person)}'")
            _add_visit(db, visit)
        return visit

    def rename(self, person: str, label: str) -> None:
        """Give a person another label; the old one is overwritten."""
        label = _label(label)
        with self._writing() as db:
            row = db.execute(_PERSONS + " WHERE id = ?", (person,)).fetchone()
            if row is None:
                raise UnknownSaved(f"no person is saved under the id '{_shown(person)}'")
            digest = _digest(person, label, _person(row).created)
            db.execute("UPDATE persons SET label = ?, digest = ? WHERE id = ?", (label, digest, person))
        self._forget()

    def delete_visit(self, id: str) -> None:
        """Delete one visit for good. A person without visits stays."""
        self._delete("visits", id)

    def delete_person(self, id: str) -> None:
        """Delete a person with all visits for good."""
        self._delete("persons", id)

    def tidy(self) -> None:
        """Write the file anew, so that nothing of what was deleted is left in it."""
        if self.path.exists():
            with self._connected() as db:
                db.execute("VACUUM")
                blocked, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if blocked:
                raise StoreError(f"{self.path}: another program is using it; close that and try again")

    def import_(self, text: str, where: str = "import") -> Imported:
        """Take in what `export` gave: all of it or, where anything is wrong with it, nothing. What is here already stays as it is."""
        people = _read_export(text, where)
        with self._writing() as db:
            told = [_take_in(db, person, where) for person in people]
        return Imported(sum(t[0] for t in told), sum(t[1] for t in told), sum(t[2] for t in told))

    def backup(self, target: str | os.PathLike[str]) -> None:
        """Copy everything to a new file, whole or not at all, while others read and write. The copy is a file of saved cases."""
        goal = Path(target)
        with self._reading() as db:
            if db is None:
                raise UsageError(f"{self.path}: nothing is saved, so there is nothing to back up")
            if goal.exists():
                raise UsageError(f"{goal}: is there already; a backup overwrites nothing")
            try:
                _copy(db, goal)
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"{goal}: the backup was not made: {_reason(error)}. The saved cases are as they were.") from None

    # --- one operation, one connection ------------------------------------------------------------------------------------------------

    def _delete(self, table: Literal["persons", "visits"], id: str) -> None:
        with self._writing() as db:
            if not db.execute(f"DELETE FROM {table} WHERE id = ?", (id,)).rowcount:  # noqa: S608 - one of two words of ours
                raise UnknownSaved(f"nothing is saved under the id '{_shown(id)}'")
        self._forget()

    def _forget(self) -> None:
        try:
            self.tidy()
        except StoreError as error:
            traces = "It is deleted, but traces of it may be left in the file until you run `myologic cases check --tidy`."
            raise StoreError(f"{traces} {error}") from None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection, within one view of the data; None where no file is there: looking makes none."""
        if not self.path.exists():
            yield None
            return
        with self._connected() as db:
            db.execute("BEGIN")
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which nothing can come between: all of it is on the disk at the end, or none of it."""
        with self._connected() as db, _transaction(db):
            yield db

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            _make(self.path)
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as db:
                _open(db, self.path)
                yield db
        except (sqlite3.Error, OSError, _Damaged) as error:
            raise StoreError(f"{self.path}: {_reason(error)}. What was saved before and acknowledged is not touched.") from None


def usual_path() -> Path:
    """Where saved cases are kept unless another file is named."""
    return platformdirs.user_data_path("myologic") / "cases.sqlite3"


# --- opening -------------------------------------------------------------------------------------------------------------------------


def _make(path: Path) -> None:
    """An empty file that only its owner can read, where there is none yet."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _open(db: sqlite3.Connection, path: Path) -> None:
    """Make sure that it is ours and of this version, before anything is changed in it."""
    db.execute("BEGIN")  # all that is asked here is of one moment: another process may just be making the file
    application, version = (db.execute(f"PRAGMA {word}").fetchone()[0] for word in ("application_id", "user_version"))
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    db.execute("COMMIT")
    if application != APPLICATION and (application or version or tables):
        raise StoreError(f"{path}: this is no file of saved cases; nothing was changed in it")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: a newer Myologic wrote this (schema {version}; this one knows {len(MIGRATIONS)}): update it. Nothing was changed."
        )
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", "temp_store = MEMORY"):
        db.execute(f"PRAGMA {setting}")
    if version < len(MIGRATIONS):
        migrate(db)


def migrate(db: sqlite3.Connection, to: int | None = None) -> None:
    """Take the file step by step to a version (the newest), all steps or none."""
    with _transaction(db):
        steps = MIGRATIONS[db.execute("PRAGMA user_version").fetchone()[0] : to]  # read again: another process may have been faster
        for statement in (s for step in steps for s in step):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {to or len(MIGRATIONS)}")


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some failures have rolled back already
            db.execute("ROLLBACK")
        raise


_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full: make room and try again",
    sqlite3.SQLITE_IOERR: "the disk could not be read or written (full, or failing): make room or check it, and try again",
    sqlite3.SQLITE_READONLY: "it cannot be written: the file, its folder or the disk is read-only",
    sqlite3.SQLITE_PERM: "you may not read or write it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened or made: check its folder, and that you may write there",
    sqlite3.SQLITE_BUSY: "another program is writing to it: try again in a moment",
    sqlite3.SQLITE_LOCKED: "another program is writing to it: try again in a moment",
    sqlite3.SQLITE_NOTADB: "this is no file of saved cases, or its beginning is damaged: put a backup in its place",
}
_DAMAGED = "the file is damaged: keep a copy of it, and put a backup in its place (`myologic cases check` tells what is wrong)"


def _reason(error: Exception) -> str:
    """A failure in plain words, without its place."""
    if isinstance(error, OSError):
        return f"it cannot be opened or written: {error.strerror or type(error).__name__}"
    return _REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _DAMAGED)


# --- rows ------------------------------------------------------------------------------------------------------------------------------

_PERSONS = "SELECT id, label, created, digest FROM persons"
_HEADS = "SELECT id, person, date, saved, knowledge, stated FROM visits"
_VISITS = "SELECT id, person, date, saved, knowledge, stated, answer, digest FROM visits"
_Row = Sequence[Any]


class _Damaged(Exception):
    """A row is not as it was written."""


def _person(row: _Row) -> Person:
    id, label, created, digest = row
    if digest != _digest(id, label, created):
        raise _Damaged
    return Person(id, label, created, ())


def _head(row: _Row) -> Visit:
    id, person, date, saved, knowledge, stated = row
    try:
        return Visit(id, person, date, saved, json.loads(stated), knowledge, "")
    except (ValueError, TypeError):
        raise _Damaged from None


def _visit(row: _Row) -> Visit:
    *told, packed, digest = row
    try:
        answer = zlib.decompress(packed).decode() if packed is not None else ""
        if digest != _digest(*told, answer=answer):
            raise _Damaged
    except (ValueError, TypeError, zlib.error):
        raise _Damaged from None
    return replace(_head(told), answer=answer)


def _whole(db: sqlite3.Connection, person: str = "") -> tuple[Person, ...]:
    """One person or everybody, with whole visits."""
    if not person:
        return _gathered(db.execute(_PERSONS), map(_visit, db.execute(_VISITS)))
    return _gathered(
        db.execute(_PERSONS + " WHERE id = ?", (person,)), map(_visit, db.execute(_VISITS + " WHERE person = ?", (person,)))
    )


def _gathered(people: Iterable[_Row], visits: Iterable[Visit]) -> tuple[Person, ...]:
    """Persons by label, each with the visits that are theirs, oldest first."""
    told: dict[str, list[Visit]] = {}
    for visit in sorted(visits, key=lambda v: (v.day, v.saved, v.id)):
        told.setdefault(visit.person, []).append(visit)
    found = (replace(p, visits=tuple(told.get(p.id, ()))) for p in map(_person, people))
    return tuple(sorted(found, key=lambda p: (p.label.casefold(), p.id)))


def _add_person(db: sqlite3.Connection, p: Person) -> None:
    told = (p.id, p.label, p.created)
    db.execute("INSERT INTO persons (id, label, created, digest) VALUES (?, ?, ?, ?)", (*told, _digest(*told)))


_ADD_VISIT = "INSERT INTO visits (id, person, date, saved, knowledge, stated, answer, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def _add_visit(db: sqlite3.Connection, v: Visit) -> None:
    told = (v.id, v.person, v.date, v.saved, v.knowledge, _json(v.case))
    packed = zlib.compress(v.answer.encode()) if v.answer else None
    db.execute(_ADD_VISIT, (*told, packed, _digest(*told, answer=v.answer)))


def _damaged(db: sqlite3.Connection) -> Iterator[str]:
    """Rows that are not as they were written."""
    readers: tuple[tuple[str, str, Callable[[_Row], object]], ...] = (("person", _PERSONS, _person), ("visit", _VISITS, _visit))
    for what, rows, read in readers:
        for row in db.execute(rows):
            try:
                read(row)
            except _Damaged:
                yield f"this {what} is not as it was written: {_shown(str(row[0]))}"


def _digest(*values: str, answer: str = "") -> str:
    """Of everything that a row holds. An answer that was not kept adds nothing, so that a file of version 1 keeps its digests."""
    return sha256(_json([*values, answer] if answer else values).encode()).hexdigest()


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def _new_id() -> str:
    return secrets.token_hex(8)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _shown(id: str) -> str:
    return id[:40]


def _label(words: str) -> str:
    """A label as it is kept: one line, nothing hidden in it."""
    told = " ".join(words.split())
    if not told or len(told) > LONGEST_LABEL:
        raise UsageError(f"a name or number for the person is wanted, of at most {LONGEST_LABEL} characters")
    try:
        refuse_hidden(Document("name", told))
    except Unreadable as unreadable:
        raise CaseError(unreadable.faults) from None
    return told


# --- copies ----------------------------------------------------------------------------------------------------------------------------


def _copy(db: sqlite3.Connection, goal: Path) -> None:
    """First beside its place, then in it; one file, with no journal that belongs to it."""
    handle, name = tempfile.mkstemp(dir=goal.parent, prefix=f".{goal.name}.")
    os.close(handle)
    try:
        with closing(sqlite3.connect(name, isolation_level=None)) as copy:
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        with open(name, "rb+") as file:
            os.fsync(file.fileno())
        os.rename(name, goal)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


# --- export and import --------------------------------------------------------------------------------------------------------------

_Id = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{16}$")]
_Date = Annotated[str, StringConstraints(strict=True, pattern=r"^([0-9]{4}(-[0-9]{2}){0,2})?$")]
_Moment = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}\+00:00$")]
_Hash = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _ExportedVisit(_Shape):
    id: _Id
    date: _Date
    saved: _Moment
    knowledge: _Hash
    case: dict[str, Any]
    answer: dict[str, Any] | None = None


class _ExportedPerson(_Shape):
    id: _Id
    label: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=LONGEST_LABEL)]
    created: _Moment
    visits: tuple[_ExportedVisit, ...]


class _Exported(_Shape):
    format: Literal["myologic-cases"]
    schema_version: Annotated[StrictInt, Field(ge=1, le=1)]
    persons: tuple[_ExportedPerson, ...]


def _exported(person: Person) -> Tree:
    visits = [
        {"id": v.id, "date": v.date, "saved": v.saved, "knowledge": v.knowledge, "case": v.case, "answer": json.loads(v.answer or "null")}
        for v in person.visits
    ]
    return {"id": person.id, "label": person.label, "created": person.created, "visits": visits}


def _read_export(text: str, where: str) -> tuple[Person, ...]:
    """The persons of an export, each case checked for its shape. Raises CaseError with every fault."""
    try:
        document = read_json(text, where, EXPORT_CAP)
    except Unreadable as unreadable:
        raise CaseError(unreadable.faults) from None
    shape, faults = shaped(_Exported, document)
    if shape is None:
        raise CaseError(faults)
    people = tuple(
        Person(p.id, _label(p.label), p.created, tuple(
            Visit(v.id, p.id, v.date, v.saved, v.case, v.knowledge, _json(v.answer) if v.answer else "") for v in p.visits
        )) for p in shape.persons
    )  # fmt: skip
    faults = [fault for p in people for v in p.visits for fault in _faults(v, where)]
    if faults:
        raise CaseError(faults)
    return people


def _faults(visit: Visit, where: str) -> tuple[Fault, ...]:
    try:
        case_from_mapping(visit.case, f"{where}, visit {visit.id}")
    except CaseError as error:
        return error.faults
    return ()


def _take_in(db: sqlite3.Connection, person: Person, where: str) -> tuple[int, int, int]:
    """One person of an export into the file: how many persons and visits came, and how many visits were there."""
    new = not db.execute("SELECT 1 FROM persons WHERE id = ?", (person.id,)).fetchone()
    if new:
        _add_person(db, person)
    came = known = 0
    for visit in person.visits:
        row = db.execute(_VISITS + " WHERE id = ?", (visit.id,)).fetchone()
        if row is None:
            _add_visit(db, visit)
            came += 1
        elif _visit(row) == visit:
            known += 1
        else:
            raise CaseError([Fault(where, 0, f"the visit {visit.id} is saved here already, and is another one; nothing was taken in")])
    return int(new), came, known
