"""What every command needs of the terminal: faults as lines and exit codes, files written whole, text without controls."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from expert.errors import CaseError, ExpertError, Fault

KbOption = Annotated[Path | None, typer.Option("--kb", help="Your own knowledge folder, laid over the shipped one.")]
RulesOption = Annotated[Path | None, typer.Option("--rules", help="Your own rules folder, laid over the shipped one.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as one line of JSON.")]


class EngineName(StrEnum):
    """Which engine reasons."""

    auto = "auto"
    experta = "experta"
    native = "native"


EngineOption = Annotated[EngineName, typer.Option("--engine", help="auto takes experta where it is installed.")]


def each(things: list[Any], do: Callable[[Any], Any]) -> list[Any]:
    """Do it to all of them, and report the faults of all of them together."""
    done: list[Any] = []
    faults: list[Fault] = []
    kind: type[ExpertError] = ExpertError
    for thing in things:
        try:
            done.append(do(thing))
        except ExpertError as error:
            faults += error.faults
            kind = CaseError if isinstance(error, CaseError) else type(error)
    if faults:
        raise kind(faults)
    return done


def out(text: str | bytes, path: Path | None) -> None:
    """Print text, or bytes as they are; or write a file whole and say so."""
    if path is None:
        if isinstance(text, bytes):
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
        return
    write_whole(text, path)
    typer.echo(safe(f"wrote {path}"), err=True)


def write_whole(text: str | bytes, path: Path) -> None:
    """Write a file whole or not at all: first beside it, then in its place. A device or a pipe is written to."""
    data = text.encode() if isinstance(text, str) else text
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # putting a file in its place would destroy it
        else:
            _replace(path, data)
    except OSError as error:
        raise ExpertError(f"{path}: cannot be written: {error.strerror}") from None


def _replace(target: Path, data: bytes) -> None:
    import tempfile

    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def as_yaml(data: Any) -> str:
    import io

    from ruamel.yaml import YAML

    yaml, text = YAML(), io.StringIO()
    yaml.width = 100
    yaml.dump(data, text)
    return text.getvalue()


@contextmanager
def told() -> Iterator[None]:
    """A user's mistake as lines on stderr and its kind's exit code; a closed pipe as silence."""
    try:
        yield
    except ExpertError as error:
        lines = str(error).splitlines()
        for line in lines[:20]:
            typer.echo(f"myologic: {safe(line)}", err=True)
        if len(lines) > 20:
            typer.echo(f"myologic: and {len(lines) - 20} more", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _drop_stdout()
        sys.exit(0)
    except OSError as error:
        _drop_stdout()
        typer.echo(f"myologic: cannot write: {error.strerror}", err=True)
        sys.exit(ExpertError.exit_code)


def _drop_stdout() -> None:
    """Whatever is still to be flushed goes nowhere, so that the interpreter ends quietly."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def safe(text: str) -> str:
    """Text without terminal controls."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
