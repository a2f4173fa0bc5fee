"""The commands about the knowledge: check it, show it, print its pages, compare two versions of it; and the batteries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from expert.terminal import KbOption, RulesOption, as_yaml, out, safe

kb_app = typer.Typer(help="The knowledge: check it, show it, print its pages and schemas.", no_args_is_help=True, rich_markup_mode=None)
battery_app = typer.Typer(help="Batteries: ordered lists of what to look at.", no_args_is_help=True, rich_markup_mode=None)
AGREEMENT = 0.97  # of the directions that textbooks teach and measurement knows


class Subject(StrEnum):
    """What a schema is of."""

    case = "case"
    knowledge = "knowledge"
    pack = "pack"
    pack_case = "pack-case"
    assessment = "assessment"
    why = "why"
    why_not = "why-not"
    what_if = "what-if"
    overturn = "overturn"
    next = "next"
    drivers = "drivers"
    uncertainty = "uncertainty"
    chain = "chain"
    steps = "steps"
    compare = "compare"


class SourceFormat(StrEnum):
    """How sources are listed."""

    text = "text"
    bibtex = "bibtex"


class FormFormat(StrEnum):
    """How a battery is printed."""

    md = "md"
    yaml = "yaml"


CasesOption = Annotated[Path | None, typer.Option("--cases", help="Another folder of stored cases.")]


@kb_app.command("lint")
def kb_lint(kb: KbOption = None, rules: RulesOption = None) -> None:
    """Check the knowledge: everything that will not load, then what lint finds. Exits with 1 when lint finds something.

    Example: myologic kb lint --rules my_rules
    """
    from expert.lint import lint
    from expert.pipeline import load_knowledge

    knowledge = load_knowledge(kb, rules)
    found = lint(knowledge)
    for issue in found:
        typer.echo(str(issue))
    base = knowledge.kb
    typer.echo(
        f"{len(base.muscles)} muscles, {len(base.findings)} findings, {len(base.rules)} rules, {len(base.patterns)} patterns, "
        f"{len(base.flags)} flags, {len(base.links)} links, {len(base.sources)} sources: {len(found)} issues",
        err=True,
    )
    if found:
        raise typer.Exit(1)


@kb_app.command("schema")
def kb_schema(subject: Annotated[Subject, typer.Argument(help="what is read, or what is told")] = Subject.knowledge) -> None:
    """Print a JSON Schema: of what is read (a case, the files of kb/ and rules/, a pack), or of what is told in JSON (an answer).

    Example: myologic kb schema case > case.schema.json
    """
    from expert.schemas import schema

    typer.echo(json.dumps(schema(subject.value), indent=2, ensure_ascii=False))


@kb_app.command("show")
def kb_show(
    name: Annotated[str, typer.Argument(help="The id (or words) of anything in the knowledge.")],
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Show one entry of the knowledge: a muscle, finding, rule, pattern, flag, link, source, with its file and line.

    Example: myologic kb show hip-drop
    """
    from expert.lookup import entries_named
    from expert.pipeline import load_knowledge

    base = load_knowledge(kb, rules).kb
    for section, entry, place in entries_named(name, base):
        typer.echo(f"{section[:-1] if section.endswith('s') else section} {entry.id}  ({place[0]}:{place[1]})")
        typer.echo(as_yaml(entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)))


@kb_app.command("coverage")
def kb_coverage(context: typer.Context, cases: CasesOption = None, kb: KbOption = None, rules: RulesOption = None) -> None:
    """Print what the source documents ask for, what serves each row and which case shows it. Exits with 1 where a row has gaps.

    Example: myologic kb coverage
    """
    from expert import assess
    from expert.coverage import coverage, missing_rows
    from expert.pipeline import load_knowledge
    from expert.render import page
    from expert.stored import stored_cases

    knowledge = load_knowledge(kb, rules)
    answers = assess({"findings": []}, knowledge, "native").to_dict()
    rows = coverage(knowledge.kb, [c.name for c in stored_cases(cases)], _commands(context.find_root().command), answers)
    typer.echo(page("coverage", knowledge.kb, rows=rows).rstrip("\n"))
    holes = missing_rows(rows, max((row.entry.row for row in rows), default=0))
    if holes:
        typer.echo(f"rows that nobody wrote: {', '.join(map(str, holes))}", err=True)
    if not rows or holes or any(row.gaps for row in rows):
        raise typer.Exit(1)


def _commands(root: Any) -> Iterator[str]:
    """Every command as it is typed: `assess`, `kb coverage`, `battery form`."""
    for name, command in root.commands.items():
        for inner in _commands(command) if hasattr(command, "commands") else ("",):
            yield f"{name} {inner}".rstrip()


@kb_app.command("mechanics")
def kb_mechanics(kb: KbOption = None, rules: RulesOption = None) -> None:
    """Set what mechanics alone says of each finding beside what the sourced rules say: agree, contradict, silent.

    Example: myologic kb mechanics
    """
    from expert.mechanics import compared, unexplained
    from expert.pipeline import load_knowledge
    from expert.render import page

    knowledge = load_knowledge(kb, rules)
    found = compared(knowledge)
    problems = list(unexplained(found, knowledge))
    typer.echo(page("mechanics", knowledge.kb, found=found).rstrip("\n"))
    for problem in problems:
        typer.echo(safe(problem), err=True)
    if problems:
        raise typer.Exit(1)


@kb_app.command("anatomy")
def kb_anatomy(kb: KbOption = None, rules: RulesOption = None) -> None:
    """Compare the textbook's directions of every muscle with the measured ones. Exits with 1 below 97 % or where no reason is given.

    Example: myologic kb anatomy
    """
    from expert import anatomy
    from expert.pipeline import load_knowledge
    from expert.render import page

    base = load_knowledge(kb, rules).kb
    found = anatomy.comparisons(base)
    agreed = sum(c.agrees for c in found)
    problems = list(anatomy.unexplained(found, base))
    typer.echo(page("anatomy", base, found=found, agreed=agreed).rstrip("\n"))
    for problem in problems:
        typer.echo(safe(problem), err=True)
    if problems or not found or agreed < AGREEMENT * len(found):
        raise typer.Exit(1)


@kb_app.command("glossary")
def kb_glossary(kb: KbOption = None) -> None:
    """Explain every term that the reports use.

    Example: myologic kb glossary
    """
    from expert.pipeline import load_knowledge
    from expert.render import page

    base = load_knowledge(kb).kb
    typer.echo(page("glossary", base).rstrip("\n"))


@kb_app.command("sources")
def kb_sources(
    format: Annotated[SourceFormat, typer.Option("--format", help="text or bibtex")] = SourceFormat.text,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """List every source, with how much of it was read.

    Example: myologic kb sources --format bibtex > myologic.bib
    """
    from expert.bibliography import bibtex
    from expert.pipeline import load_knowledge
    from expert.render import page

    base = load_knowledge(kb, rules).kb
    typer.echo((bibtex(base) if format is SourceFormat.bibtex else page("sources", base)).rstrip("\n"))


@kb_app.command("version")
def kb_version(kb: KbOption = None, rules: RulesOption = None) -> None:
    """Print the version of the knowledge, its hash, and its change log.

    Example: myologic kb version
    """
    from expert.pipeline import load_knowledge
    from expert.render import page

    base = load_knowledge(kb, rules).kb
    typer.echo(page("version", base).rstrip("\n"))


@kb_app.command("diff")
def kb_diff(
    old: Annotated[Path, typer.Argument(help="A folder that holds kb/ and rules/: the older knowledge.")],
    new: Annotated[Path | None, typer.Argument(help="The newer one; default: what is shipped.")] = None,
    cases: CasesOption = None,
) -> None:
    """Print which stored cases change their answer between two versions of the knowledge.

    Example: myologic kb diff ../myologic-2026.11.1
    """
    from expert.difference import changed
    from expert.pipeline import load_knowledge, load_whole
    from expert.stored import stored_cases

    before, after = load_whole(old), load_whole(new) if new else load_knowledge()
    stored = stored_cases(cases)
    count = 0
    for one in changed(((c.name, c.case) for c in stored), before, after):
        count += 1
        typer.echo(safe(one.name))
        for line in one.lines:
            typer.echo(safe(f"    {line}"))
    versions = [f"{k.kb.version} ({k.kb.sha256[:12]})" for k in (before, after)]
    typer.echo(f"{count} of {len(stored)} cases change their answer from {versions[0]} to {versions[1]}", err=True)


@battery_app.command("list")
def battery_list(kb: KbOption = None) -> None:
    """List the batteries.

    Example: myologic battery list
    """
    from expert.pipeline import load_knowledge

    for battery in load_knowledge(kb).kb.batteries.values():
        typer.echo(f"{battery.id:28} {len(battery.items):3} items  {battery.name}")


@battery_app.command("show")
def battery_show(
    name: Annotated[str, typer.Argument(help="The id or name of a battery.")], kb: KbOption = None
) -> None:
    """Show a battery: what it is for, its items and how to see each, when to stop.

    Example: myologic battery show overhead-squat
    """
    _battery_page("battery", name, kb)


@battery_app.command("form")
def battery_form(
    name: Annotated[str, typer.Argument(help="The id or name of a battery.")],
    format: Annotated[FormFormat, typer.Option("--format", help="md: a form to tick; yaml: a case file to fill in")] = FormFormat.md,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write it here, whole or not at all.")] = None,
    kb: KbOption = None,
) -> None:
    """Print a battery as a form to tick, or as a case file in which everything is still unknown.

    Example: myologic battery form single-leg-squat --format yaml -o case.yaml
    """
    if format is FormFormat.md:
        _battery_page("form", name, kb, output)
        return
    from expert.batteries import battery_named, blank_case, blank_measurements
    from expert.pipeline import load_knowledge

    base = load_knowledge(kb).kb
    battery = battery_named(name, base)
    out(as_yaml(blank_case(battery, base)) + "".join(f"# {line}\n" for line in blank_measurements(battery, base)), output)


def _battery_page(kind: str, name: str, kb: Path | None, output: Path | None = None) -> None:
    from expert.batteries import battery_named, lines
    from expert.pipeline import load_knowledge
    from expert.render import page

    base = load_knowledge(kb).kb
    battery = battery_named(name, base)
    out(page(kind, base, battery=battery, lines=lines(battery, base)), output)
