"""The commands that hand something out: the report for another reader, and packs of cases for a class."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from expert.cli_ask import CaseArgument, assessed, tell
from expert.errors import UsageError
from expert.terminal import EngineName, EngineOption, JsonOption, KbOption, RulesOption, out

pack_app = typer.Typer(help="Packs of cases with questions: check them, hand them out.", no_args_is_help=True, rich_markup_mode=None)
_EXIT_FAILED = 1


class Voice(StrEnum):
    """For whom a report is told."""

    clinician = "clinician"
    client = "client"
    teaching = "teaching"
    letter = "letter"


class Part(StrEnum):
    """Which part of the teaching report."""

    full = "full"
    worksheet = "worksheet"
    key = "key"


class PaperFormat(StrEnum):
    """How a report is told, on paper as well."""

    txt = "txt"
    md = "md"
    html = "html"
    pdf = "pdf"


FormatOption = Annotated[PaperFormat, typer.Option("--format", help="pdf needs the extra pdf, and -o or a pipe.")]
OutputOption = Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file, whole or not at all.")]
PackArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with a pack.yaml.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands of this room on the command line."""
    app.command()(report)
    app.add_typer(pack_app, name="pack")


def _colour(output: Path | None) -> bool:
    return output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _refuse_screen(output: Path | None) -> None:
    if output is None and sys.stdout.isatty():
        raise UsageError("a PDF is no text for a terminal: write it to a file with -o report.pdf")


def report(
    case: CaseArgument,
    voice: Annotated[Voice, typer.Option("--voice", help="For whom: clinician, client, teaching or letter.")] = Voice.clinician,
    part: Annotated[Part, typer.Option("--part", help="Of the teaching report: full, worksheet or key.")] = Part.full,
    format: FormatOption = PaperFormat.txt,
    output: OutputOption = None,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Tell the report for a reader: the clinician, the person concerned, a class, or a colleague it is referred to.

    Examples:

      myologic report examples/runner.yaml --voice client

      myologic report examples/runner.yaml --voice teaching --part worksheet

      myologic report examples/red-flag.yaml --voice letter --format pdf -o letter.pdf
    """
    if format is PaperFormat.pdf:
        _refuse_screen(output)
    answer = assessed(case, engine, kb, rules)
    if format is PaperFormat.pdf:
        out(answer.pdf(voice=voice.value, part=part.value), output)
        return
    told = answer.report(format.value, voice=voice.value, part=part.value, colour=_colour(output))
    out(told.rstrip("\n") + "\n", output)


@pack_app.command("check")
def pack_check(folder: PackArgument, as_json: JsonOption = False, kb: KbOption = None, rules: RulesOption = None) -> None:
    """Hold every expected answer of a pack to what is concluded: status and side. Exits with 1 where one is not.

    Example: myologic pack check examples/packs/motion
    """
    from expert import check_pack, load_knowledge, load_pack

    marking = check_pack(load_pack(folder), load_knowledge(kb, rules))
    tell(marking, as_json)
    if not marking.passed:
        raise typer.Exit(_EXIT_FAILED)


@pack_app.command("handout")
def pack_handout(
    folder: PackArgument,
    key: Annotated[bool, typer.Option("--key", help="The marking key with its reasons, in place of the handout.")] = False,
    format: FormatOption = PaperFormat.txt,
    output: OutputOption = None,
    as_json: JsonOption = False,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Print what a class is given: the cases and the questions; or, with --key, the answers with their reasons.

    Example: myologic pack handout examples/packs/motion --key
    """
    from expert import load_knowledge, load_pack, pack_handout

    if format is PaperFormat.pdf:
        _refuse_screen(output)
    told = pack_handout(load_pack(folder), load_knowledge(kb, rules), key)
    if format is PaperFormat.pdf and not as_json:
        from expert.pdf import pdf

        out(pdf(told.report("html")), output)
        return
    text = told.to_json() if as_json else told.report(format.value, colour=_colour(output))
    out(text.rstrip("\n") + "\n", output)
