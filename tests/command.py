"""The `myologic` command, run in this process or as one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ran:
    """What a command gave back."""

    code: int
    out: str
    err: str


def run_here(monkeypatch: pytest.MonkeyPatch, *args: str, stdin: str | bytes = b"") -> Ran:
    """Run `main()` with streams of its own: as the command is run, without the cost of a process."""
    from expert import cli

    streams = {"stdout": TextIOWrapper(BytesIO(), encoding="utf-8"), "stderr": TextIOWrapper(BytesIO(), encoding="utf-8")}
    given = TextIOWrapper(BytesIO(stdin.encode() if isinstance(stdin, str) else stdin), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["myologic", *args])
        patch.setattr(sys, "stdin", given)
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        code: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
    for stream in streams.values():
        stream.flush()
    out, err = (s.buffer.getvalue().decode("utf-8") for s in streams.values())  # type: ignore[attr-defined]
    return Ran(code, out, err)


def environment(**more: str) -> dict[str, str]:
    """This process's own, with the checkout on the path."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more}


def start(*args: str, stdin: bytes = b"", cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "expert.cli", *args], input=stdin, capture_output=True, cwd=cwd, env=environment(**env), timeout=60,
        check=False,
    )  # fmt: skip
