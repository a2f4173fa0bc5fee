"""The command line: a doorway. Read arguments, call, print; a user's mistake becomes a few lines and an exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from expert import cli_ask, cli_cases, cli_interview, cli_report, cli_serve, cli_visits
from expert.cli_kb import battery_app, kb_app
from expert.errors import ExpertError, UsageError
from expert.terminal import EngineName, EngineOption, KbOption, RulesOption, each, out, safe, told

_HELP = """Reasons about muscle imbalance from what a clinician sees. Hypotheses for professionals, never a diagnosis."""
_EXIT_RED_FLAG = 4

app = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=True, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(kb_app, name="kb")
app.add_typer(battery_app, name="battery")


class Sex(StrEnum):
    """As norms and red flags ask for it."""

    female = "female"
    male = "male"
    other = "other"


class Format(StrEnum):
    """How a report is told."""

    text = "text"
    md = "md"
    html = "html"
    json = "json"


CasesArgument = Annotated[list[str] | None, typer.Argument(help="Case files (YAML or JSON); - reads standard input.")]


@app.command()
def assess(
    cases: CasesArgument = None,
    present: Annotated[list[str] | None, typer.Option("-f", "--finding", help="Present: 'hip drop:right:running'.")] = None,
    absent: Annotated[list[str] | None, typer.Option("-x", "--absent", help="Looked for and absent: 'knee valgus:left'.")] = None,
    unknown: Annotated[list[str] | None, typer.Option("-u", "--unknown", help="Not known: counts as not asked.")] = None,
    measured: Annotated[list[str] | None, typer.Option("-m", "--measured", help="Measured: 'hip abduction strength:left:148 N'.")] = None,
    age: Annotated[int | None, typer.Option("--age", min=0, max=130, help="Of the person, for findings given right here.")] = None,
    sex: Annotated[Sex | None, typer.Option("--sex", help="Of the person, for findings given right here.")] = None,
    format: Annotated[Format, typer.Option("--format", help="How the report is told.")] = Format.text,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the report here, whole or not at all.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=500, help="How many hypotheses each list shows.")] = 10,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
    fail_on_red_flag: Annotated[bool, typer.Option("--fail-on-red-flag", help="Exit with 4 when a red flag is raised.")] = False,
) -> None:
    """Assess cases, or findings given right here.

    Examples:

      myologic assess examples/runner.yaml

      myologic assess -f "hip drop:right:running" -x "knee valgus:left" -u "ankle dorsiflexion limited:right"

      myologic assess -m "hip abduction strength:left:148 N" -m "hip abduction strength:right:181 N"

      myologic assess case.yaml --format html -o report.html
    """
    from expert import assess as reason
    from expert import load_knowledge

    person = {key: value for key, value in (("age", age), ("sex", sex.value if sex else None)) if value is not None}
    loaded = _cases(cases or [], (present or [], absent or [], unknown or [], measured or []), person)
    knowledge = load_knowledge(kb, rules)
    chosen = "json" if as_json else "txt" if format is Format.text else format.value
    answers = each(loaded, lambda case: reason(case, knowledge, engine.value))
    colour = chosen == "txt" and output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    texts = [a.to_json() if chosen == "json" else a.report(chosen, top=top, colour=colour) for a in answers]
    if chosen == "html" and len(texts) > 1:
        raise UsageError("one HTML report holds one case; give one case at a time")
    out("\n".join(t.rstrip("\n") for t in texts) + "\n", output)
    if fail_on_red_flag and any(a.referral.flags for a in answers):
        raise typer.Exit(_EXIT_RED_FLAG)


@app.command()
def validate(cases: CasesArgument = None, kb: KbOption = None, rules: RulesOption = None) -> None:
    """Check cases without reasoning about them: every fault, with file and line.

    Example: myologic validate examples/*.yaml
    """
    from expert.normalise import normalise
    from expert.pipeline import load_knowledge

    loaded = _cases(cases or [])
    base = load_knowledge(kb, rules).kb
    for case, stated in zip(loaded, each(loaded, lambda case: normalise(case, base)), strict=True):
        typer.echo(safe(f"{case.document.where}: valid, {len(stated.items)} items"))
        for warning in stated.warnings:
            typer.echo(safe(f"{case.document.where}: {warning}"), err=True)


@app.command()
def search(words: Annotated[list[str], typer.Argument(help="Words for a finding, a symptom, a muscle or a task.")]) -> None:
    """Find the ids behind words: findings, symptoms, history, muscles, measures, batteries, patterns, tasks, red flags.

    Example: myologic search knees cave
    """
    from expert.pipeline import load_knowledge
    from expert.words import Found

    asked, base = " ".join(words), load_knowledge().kb
    read_first = lambda subject: not isinstance(base.words.look_up(subject, asked), Found)  # noqa: E731
    subjects = sorted(("finding", "muscle", "measure", "battery", "pattern", "task", "flag"), key=read_first)
    found = [(subject, *entry) for subject in subjects for entry in base.words.search(subject, asked)]
    for subject, name, matched in found:
        typer.echo(f"{base.kinds.get(name, subject):9} {name:34} {matched}")
    if not found:
        raise ExpertError(f"nothing in the vocabulary is near '{asked}'")


@app.command()
def trace(
    case: Annotated[str, typer.Argument(help="A case file, or - for standard input.")],
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Show what fired, in order, and where the compensation may travel.

    Example: myologic trace examples/runner.yaml
    """
    from expert import assess as reason
    from expert import load_case, load_knowledge, render

    knowledge = load_knowledge(kb, rules)
    answer = reason(load_case(case), knowledge, engine.value)
    typer.echo(render(answer.to_dict(), knowledge.kb, "trace").rstrip("\n"))


for room in (cli_ask, cli_interview, cli_visits, cli_cases, cli_report, cli_serve):
    room.add_to(app)  # after the commands above: help lists them in this order


_Quick = tuple[list[str], list[str], list[str], list[str]]


def _cases(paths: list[str], quick: _Quick = ([], [], [], []), person: dict[str, Any] | None = None) -> list[Any]:
    """The cases of all files, and the one that is typed on the command line: present, absent, unknown, measured, and of whom."""
    from expert.cases import case_from_quick, load_case

    if not paths and not any(quick):
        raise UsageError("no case: give a file, - for standard input, or findings with -f, -x, -u, -m (see --help)")
    loaded = each(paths, load_case)
    if any(quick):
        loaded.append(case_from_quick(*quick, person))
    elif person:
        raise UsageError("--age and --sex belong to findings given right here; a case file has its own `patient`")
    return loaded


def main() -> None:
    """The `myologic` command."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    with told():
        try:
            app()
        finally:
            sys.stdout.flush()


if __name__ == "__main__":
    main()
