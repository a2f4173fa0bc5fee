"""The commands about more than one moment: visits of one person compared, and a report derived again."""

from __future__ import annotations

from typing import Annotated

import typer

from expert.cli_ask import tell
from expert.errors import UsageError
from expert.terminal import EngineName, EngineOption, JsonOption, KbOption, RulesOption, each

_EXIT_DIFFERENT = 1


def add_to(app: typer.Typer) -> None:
    """Put the commands of this room on the command line."""
    for command in (compare, replay):
        app.command()(command)


def compare(
    cases: Annotated[list[str], typer.Argument(help="Case files of one person, two or more visits.")],
    table: Annotated[bool, typer.Option("--table", help="Every suspicion and value, left and right, visit by visit, instead.")] = False,
    as_json: JsonOption = False,
    engine: EngineOption = EngineName.auto,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Compare visits of one person: what is new, gone, better, worse, unchanged, or was not looked at again, and what follows.

    Example: myologic compare examples/ankle-runner.yaml examples/visits/ankle-runner-2.yaml
    """
    from expert import assess, load_case, load_knowledge, side_by_side
    from expert import compare as compared

    if len(cases) < 2:
        raise UsageError("give at least two visits to compare")
    loaded, knowledge = each(cases, load_case), load_knowledge(kb, rules)
    tell((side_by_side if table else compared)(each(loaded, lambda case: assess(case, knowledge, engine.value))), as_json)


def replay(
    report: Annotated[str, typer.Argument(help="A report in JSON (assess --json), or - for standard input; several: one a line.")],
    as_json: JsonOption = False,
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Derive a report again from the case that it carries and compare byte for byte. Exit 0: the same answer, 1: another one.

    Example: myologic assess examples/runner.yaml --json | myologic replay -
    """
    from expert import load_knowledge
    from expert import replay as replayed
    from expert.cases import text_of
    from expert.questions.replay import REPORT_CAP

    answer = replayed(text_of(report, REPORT_CAP), load_knowledge(kb, rules), report)
    tell(answer, as_json)
    if not answer.same:
        raise typer.Exit(_EXIT_DIFFERENT)
