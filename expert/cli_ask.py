"""The commands that ask something of one case: why, and what else its reasoning can tell."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from expert.errors import UsageError
from expert.terminal import EngineName, EngineOption, JsonOption, KbOption, RulesOption

AboutArgument = Annotated[str, typer.Argument(metavar="WHAT", help="For example 'gluteus medius:left:underactive'.")]
CaseArgument = Annotated[str, typer.Argument(help="A case file, or - for standard input.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands of this room on the command line."""
    for command in (why, why_not, what_if, steps, drivers, chain):
        app.command()(command)
    app.command("next")(next_tests)


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
    about: Annotated[str | None, typer.Argument(metavar="[WHAT]", help="For example 'gluteus medius:left:underactive'.")] = None,
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Explain why something is suspected, found, raised or foretold, down to what the case states; or what it would need.

    WHAT is MUSCLE:SIDE[:STATE], pattern:NAME[:SIDE], flag:NAME or prediction:NAME[:SIDE]; left out, the first hypothesis.

    Example: myologic why examples/runner.yaml "gluteus medius:left"
    """
    tell(assessed(case, engine, kb, rules).why(about), as_json)


def why_not(
    case: CaseArgument,
    about: AboutArgument,
    top: Annotated[int | None, typer.Option("--top", min=1, help="How many rules of each kind (8; 3 where no state is named).")] = None,
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Explain why something is not suspected, or not more: the rules that could have said so, clause by clause, nearest first.

    WHAT is MUSCLE:SIDE[:STATE] or pattern:NAME[:SIDE].

    Example: myologic why-not examples/runner.yaml "gluteus medius:right:underactive"
    """
    tell(assessed(case, engine, kb, rules).why_not(about, top=top), as_json)


def what_if(
    case: CaseArgument,
    add: Annotated[list[str] | None, typer.Option("--add", help="It is there: 'knee valgus:left:squat'.")] = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", help="It is not stated: 'hip drop:right', 'knee to wall:left'.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="F=present, F=absent or F=unknown.")] = None,
    measure: Annotated[list[str] | None, typer.Option("--measure", help="A measured value: 'knee to wall:left:4 cm'.")] = None,
    overturn: Annotated[
        str | None, typer.Option("--overturn", metavar="WHAT", help="Which findings carry this: MUSCLE:SIDE[:STATE], pattern:, flag:.")
    ] = None,
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Change what a case states, assess it afresh and show what differs; or name the findings without which a conclusion falls.

    Example: myologic what-if examples/runner.yaml --drop "hip drop:right"

    Example: myologic what-if examples/runner.yaml --set "knees cave in:left:single-leg squat=absent"

    Example: myologic what-if examples/runner.yaml --overturn "gluteus medius:left"
    """
    edits = (add or (), drop or (), set_ or (), measure or ())
    if overturn is not None and any(edits):
        raise UsageError("--overturn looks for the findings itself: give it alone")
    if overturn is None and not any(edits):
        raise UsageError("nothing to change: give --add, --drop, --set, --measure, or --overturn alone")
    asked = assessed(case, engine, kb, rules)
    tell(asked.what_if(*edits) if overturn is None else asked.overturn(overturn), as_json)


def steps(
    case: CaseArgument,
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Follow the reasoning step by step: what is known, which rule fires next and why, what it adds to which sheet.

    Example: myologic steps examples/runner.yaml
    """
    tell(assessed(case, engine, kb, rules).steps(), as_json)


def drivers(
    case: CaseArgument,
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Name the fewest problems that would account for what was found: candidates to check, never the cause.

    Example: myologic drivers examples/ankle-runner.yaml
    """
    tell(assessed(case, engine, kb, rules).drivers(), as_json)


def chain(
    case: CaseArgument,
    around: Annotated[
        str | None, typer.Option("--around", metavar="WHAT", help="With the links around this: 'multifidus:left', pelvis-drop:right.")
    ] = None,
    taught: Annotated[str | None, typer.Option("--taught", metavar="CHAIN", help="A chain as it is taught: 'stiff-ankle:left'.")] = None,
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Draw the graph around a case in words, hop by hop: what is known, where a compensation may travel, drivers and loops.

    Example: myologic chain examples/runner.yaml --around multifidus:left
    """
    if around is not None and taught is not None:
        raise UsageError("--around adds to the graph of the case, --taught draws a chain in its place: give one of them")
    tell(assessed(case, engine, kb, rules).chain(around, taught), as_json)


def next_tests(
    case: CaseArgument,
    target: Annotated[str | None, typer.Option("--target", help="To rule in or out: MUSCLE:SIDE[:STATE] or pattern:NAME[:SIDE].")] = None,
    battery: Annotated[str | None, typer.Option("--battery", help="Only what stands in this battery.")] = None,
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Say what to look at next: the tests that would change most of what is open, and when to stop.

    Example: myologic next examples/runner.yaml --target "gluteus medius:left:weak"
    """
    tell(assessed(case, engine, kb, rules).next_tests(target, battery), as_json)
