"""The commands about saved cases: keep one, list, show, export, import, delete, back up and check them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from expert.errors import StoreError, UsageError
from expert.terminal import EngineName, EngineOption, JsonOption, KbOption, RulesOption, each, out, safe

if TYPE_CHECKING:
    from expert.store import Person

cases_app = typer.Typer(help="Saved cases: persons and their visits.", no_args_is_help=True, rich_markup_mode=None)
DatabaseOption = Annotated[Path | None, typer.Option("--database", help="Where they lie, if not in your user data.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands of this room on the command line."""
    app.add_typer(cases_app, name="cases")


@cases_app.command("save")
def cases_save(
    cases: Annotated[list[str], typer.Argument(help="Case files (YAML or JSON), one a visit; - reads standard input.")],
    new: Annotated[str | None, typer.Option("--new", metavar="LABEL", help="For a new person: a name or number of your own.")] = None,
    person: Annotated[str | None, typer.Option("--person", metavar="ID", help="As visits of a person who is saved already.")] = None,
    database: DatabaseOption = None,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Assess cases and keep them, with the answers, as visits of one person. Prints the ids of person and visit.

    Example: myologic cases save examples/ankle-runner.yaml --new "Runner 7" --database my_cases.sqlite3
    """
    from expert import assess, load_case, load_knowledge
    from expert.store import Store

    if bool(new) == bool(person):
        raise UsageError("say whose visits they are: --new LABEL, or --person ID")
    loaded, knowledge = each(cases, load_case), load_knowledge(kb, rules)
    answers = each(loaded, lambda case: assess(case, knowledge, engine.value).to_dict())
    whose, store = person or "", Store(database)
    for case, answer in zip(loaded, answers, strict=True):
        visit = store.save(case, answer, person=whose, label="" if whose else new or "")
        whose = visit.person
        typer.echo(f"{visit.person} {visit.id}")


@cases_app.command("list")
def cases_list(as_json: JsonOption = False, database: DatabaseOption = None) -> None:
    """List persons, under the labels that you gave them, and their visits, with the ids of both.

    Example: myologic cases list
    """
    from expert.store import Store

    people = Store(database).persons()
    if as_json:
        typer.echo(json.dumps([_listed(person) for person in people], ensure_ascii=False))
        return
    for person in people:
        typer.echo(safe(f"{person.id}  {person.label}"))
        for visit in person.visits:
            typer.echo(safe(f"    {visit.id}  {visit.day}  findings: {len(visit.case['findings'])}"))
    if not people:
        typer.echo("nothing is saved", err=True)


def _listed(person: Person) -> dict[str, Any]:
    visits = [{"id": v.id, "date": v.day, "saved": v.saved, "findings": len(v.case["findings"])} for v in person.visits]
    return {"id": person.id, "label": person.label, "created": person.created, "visits": visits}


@cases_app.command("show")
def cases_show(
    visit: Annotated[str, typer.Argument(metavar="VISIT", help="The id of a visit.")],
    answer: Annotated[bool, typer.Option("--answer", help="The answer that it was given when it was saved, in place of the case.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Print the case of a visit as it was given, or the answer of that day, as JSON: for assess, compare and replay.

    Example: myologic cases show VISIT | myologic assess -
    """
    from expert.store import Store

    kept = Store(database).visit(visit)
    if answer and not kept.answer:
        raise UsageError("no answer was kept with this visit")
    out((kept.answer if answer else json.dumps(kept.case, ensure_ascii=False)) + "\n", None)


@cases_app.command("export")
def cases_export(
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="The id of a person; left out, everybody.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file, whole or not at all.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Print one person, or everybody, with all visits as one JSON object that `import` reads.

    Example: myologic cases export -o cases.json
    """
    from expert.store import Store

    out(json.dumps(Store(database).export(person or ""), ensure_ascii=False) + "\n", output)


@cases_app.command("import")
def cases_import(
    file: Annotated[str, typer.Argument(help="What `export` wrote; - reads standard input.")],
    database: DatabaseOption = None,
) -> None:
    """Take in an export, all of it or nothing. What is saved already stays as it is.

    Example: myologic cases import cases.json
    """
    from expert.cases import text_of
    from expert.store import EXPORT_CAP, Store

    came = Store(database).import_(text_of(file, EXPORT_CAP), file)
    typer.echo(f"new: {came.persons} persons, {came.visits} visits; known already: {came.known} visits")


@cases_app.command("delete")
def cases_delete(
    id: Annotated[str, typer.Argument(metavar="ID", help="Of a person (with all visits), or of one visit.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Delete a person with all visits, or one visit, for good: it is overwritten in the file. Copies elsewhere stay.

    Example: myologic cases delete ID
    """
    from expert.store import Store

    store = Store(database)
    person = next((p for p in store.persons() if p.id == id), None)
    if person is None:
        store.visit(id)  # nothing is asked about what is not there
    what = f"{person.label} with {len(person.visits)} visits" if person else "this visit"
    if not yes and not _agreed(f"Delete {safe(what)} for good?"):
        raise UsageError("nothing was deleted")
    (store.delete_person if person else store.delete_visit)(id)
    typer.echo("deleted for good", err=True)


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to confirm it: say --yes. Nothing was deleted")
    return typer.confirm(question, err=True)


@cases_app.command("backup")
def cases_backup(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
    database: DatabaseOption = None,
) -> None:
    """Copy all saved cases to a new file, whole or not at all, while pages and programs go on using them.

    Example: myologic cases backup cases-2026-11.sqlite3
    """
    from expert.store import Store

    Store(database).backup(file)
    typer.echo(safe(f"wrote {file}"), err=True)


@cases_app.command("check")
def cases_check(
    tidy: Annotated[bool, typer.Option("--tidy", help="Also write the file anew, without traces of what was deleted.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Read everything that is saved and tell what is damaged. Exits with 1 where something is.

    Example: myologic cases check
    """
    from expert.store import Store

    store = Store(database)
    faults = store.check()
    for fault in faults:
        typer.echo(safe(fault))
    if faults:
        raise StoreError(f"{store.path}: {len(faults)} faults: keep a copy of it, and put a backup in its place")
    if tidy:
        store.tidy()
    typer.echo(safe(f"{store.path}: whole, {len(store.persons())} persons"), err=True)
