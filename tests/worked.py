"""Worked examples of the papers: a command in a line of its own, and below it what it prints, with `...` where lines are left out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from expert.cli import app

ROOT = Path(__file__).resolve().parent.parent


def shown(page: str) -> Iterator[tuple[str, str]]:
    """(command, what the page says it prints) of every worked example."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for found in re.finditer(r"^    (myologic [^\n]*)\n\n```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2]


def printed(command: str) -> str:
    """What a chain of commands prints, each taking what the one before it printed."""
    out = ""
    for one in command.split(" | "):
        words = [w for word in shlex.split(one)[1:] for w in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]
        out = CliRunner().invoke(app, words, input=out).stdout
    return out


def is_as_shown(command: str, block: str) -> bool:
    """Whether every part of the block stands in what is printed, in this order; a block without `...` is all of it."""
    out, at = printed(command), 0
    parts = re.split(r"^\.\.\.\n", block, flags=re.MULTILINE)
    if len(parts) == 1:
        return out == block
    for part in parts:
        at = out.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return out.startswith(parts[0]) and (out.endswith(parts[-1]) or not parts[-1])


def told_keys(page: str, heading: str) -> list[str]:
    """The keys in the table under a heading of a page, in order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    section = re.split(rf"^### {re.escape(heading)}$", text, flags=re.MULTILINE)[1]
    return re.findall(r"^\| `(\w+)` \|", re.split(r"^##", section, flags=re.MULTILINE)[0], re.MULTILINE)


def keys(shape: Any) -> list[str]:
    """The fields of an answer or of a part of one."""
    return [f.name for f in fields(shape)]
