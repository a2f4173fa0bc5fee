"""The commands that ask something of one case: why, and what else its reasoning can tell."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from expert.errors import UsageError
from expert.terminal import EngineName, EngineOption, JsonOption, KbOption, RulesOption

CaseArgument = Annotated[str, typer.Argument(help="A case file, or - for standard input.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands of this room on the command line."""
    for command in (why,):
        app.command()(command)


def assessed(case: str, engine: EngineName, kb: Path | None, rules: Path | None) -> Any:
    """The assessment of a case file."""
    from expert import assess, load_case, load_knowledge

    return assess(load_case(case), load_knowledge(kb, rules), engine.value)


def tell(answer: Any, as_json: bool) -> None:
    """Print an answer: JSON, or text in colour where a terminal shows it."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    typer.echo(answer.to_json() if as_json else answer.report("txt", colour=colour).rstrip("\n"))


def why(
    case: CaseArgument,
    about: Annotated[str, typer.Argument(metavar="MUSCLE:SIDE[:STATE]", help="'gluteus medius:left' or 'QL:right:shortened'.")],
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Explain why a muscle is suspected, down to what the case states; or what would be needed where it is not.

    Example: myologic why examples/runner.yaml "gluteus medius:left"
    """
    parts = [p.strip() for p in about.split(":")]
    if len(parts) not in (2, 3):
        raise UsageError(f"'{about}': write MUSCLE:SIDE or MUSCLE:SIDE:STATE, for example 'gluteus medius:left'")
    tell(assessed(case, engine, kb, rules).why(*parts), as_json)
