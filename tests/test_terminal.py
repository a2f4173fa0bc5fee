"""What every command needs of the terminal: all faults together, files whole or not at all, text without controls."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from expert.errors import CaseError, ExpertError, Fault, KnowledgeError
from expert.terminal import as_yaml, each, out, safe, told


def refuses(thing: Any) -> Any:
    if isinstance(thing, ExpertError):
        raise thing
    return thing


# --- several things at once -----------------------------------------------------------------------------------------------------------


def test_what_is_done_to_each_comes_back_in_order() -> None:
    assert each([3, 1, 2], lambda n: 10 * n) == [30, 10, 20]
    assert each([], refuses) == []


def test_the_faults_of_all_are_told_together_and_nothing_else_comes_back() -> None:
    bad = [CaseError([Fault("a", 1, "first"), Fault("a", 2, "second")]), "good", CaseError([Fault("c", 3, "third")])]
    with pytest.raises(CaseError) as caught:
        each(bad, refuses)
    assert [str(f) for f in caught.value.faults] == ["a:1: first", "a:2: second", "c:3: third"]


def test_what_kind_of_fault_it_was_is_kept() -> None:
    with pytest.raises(KnowledgeError):
        each([KnowledgeError([Fault("k", 1, "x")])], refuses)


def test_what_is_no_mistake_of_the_user_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        each([0], lambda n: 1 / n)


# --- files ------------------------------------------------------------------------------------------------------------------------------


def test_a_file_is_written_whole_in_utf_8_and_nothing_else_is_left(tmp_path: Path) -> None:
    out("ärm ↔ leg\n", tmp_path / "told.txt")
    assert (tmp_path / "told.txt").read_bytes() == "ärm ↔ leg\n".encode()
    assert [p.name for p in tmp_path.iterdir()] == ["told.txt"]


def test_a_file_can_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        out("x", tmp_path / "told.txt")
    finally:
        assert os.umask(before) == 0o027  # and the umask is as it was
    assert stat.S_IMODE((tmp_path / "told.txt").stat().st_mode) == 0o640


def test_where_a_file_cannot_be_written_the_old_one_stays_and_no_half_one_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "told.txt").write_text("old", encoding="utf-8")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExpertError, match="cannot be written: No space left on device"):
        out("new", tmp_path / "told.txt")
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [("told.txt", "old")]


def test_a_pipe_is_written_to_and_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    out("told", pipe)
    assert os.read(reader, 100) == b"told"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    os.close(reader)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match=r"told\.txt: cannot be written: No such file or directory"):
        out("x", tmp_path / "nowhere" / "told.txt")


def test_without_a_file_the_text_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    out("as it is", None)
    assert capsys.readouterr().out == "as it is"


# --- text -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("\x1b[31mred", r"\x1b[31mred"), ("a\rb", r"a\x0db"), ("\u202eback", r"\x202eback"), ("é ↔", "é ↔")],
)
def test_text_moves_no_cursor_and_hides_nothing(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_data_is_printed_as_yaml_that_reads_back() -> None:
    data = {"findings": [{"name": "hip drop: right", "present": "unknown"}], "measurements": []}
    assert YAML(typ="safe").load(as_yaml(data)) == data


# --- mistakes ---------------------------------------------------------------------------------------------------------------------------


def ended(error: Exception) -> int:
    with pytest.raises(SystemExit) as end, told():
        raise error
    assert isinstance(end.value.code, int)
    return end.value.code


def test_a_mistake_is_told_line_by_line_and_ends_with_the_code_of_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(CaseError([Fault("a", 1, "first"), Fault("a", 2, "sec\x1bond")])) == CaseError.exit_code
    assert capsys.readouterr().err == "myologic: a:1: first\nmyologic: a:2: sec\\x1bond\n"
    assert ended(KnowledgeError([Fault("k", 1, "x")])) == KnowledgeError.exit_code == 3
    assert ended(ExpertError("no such thing")) == 1


def test_of_many_faults_the_first_twenty_are_told_and_the_rest_counted(capsys: pytest.CaptureFixture[str]) -> None:
    ended(CaseError([Fault("a", n, "x") for n in range(1, 24)]))
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[19], lines[20]) == (21, "myologic: a:20: x", "myologic: and 3 more")


def test_what_went_well_is_not_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    with told():
        pass
    assert capsys.readouterr().err == ""
