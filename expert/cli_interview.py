"""The interview in a terminal: shows the question, reads an answer, saves, and goes on. What it all means is `interview`'s affair."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from expert.errors import CaseError, UsageError
from expert.terminal import KbOption, RulesOption, as_yaml, safe, write_whole

_WIDTH = 80
_SEVERITY = {"1": "mild", "2": "moderate", "3": "severe", "mild": "mild", "moderate": "moderate", "severe": "severe"}
_SIDES = {"l": ("left",), "left": ("left",), "r": ("right",), "right": ("right",), "b": ("left", "right"), "both": ("left", "right")}
_HURTS = ("p", "pain")


def add_to(app: typer.Typer) -> None:
    """Put the command of this room on the command line."""
    app.command()(interview)


def interview(
    battery: Annotated[str | None, typer.Option("--battery", help="What to go through (see: myologic battery list).")] = None,
    case: Annotated[str | None, typer.Option("--case", help="A case to start from; it is read and not changed.")] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Write the case here after every answer, or go on from it.")] = None,
    order: Annotated[str, typer.Option("--order", help="best: what changes most first; fixed: as the battery has it.")] = "best",
    kb: KbOption = None,
    rules: RulesOption = None,
) -> None:
    """Examine in a dialogue: the person, red flags, then what a battery asks, one question at a time. Prints the report at the end.

    Examples:

      myologic interview --battery "single-leg squat" --save anna.yaml

      myologic interview --save anna.yaml
    """
    from expert import load_knowledge

    knowledge = load_knowledge(kb, rules)
    held = _started(knowledge, battery, case, save, order)
    if save is None:
        _say("nothing is saved: give --save FILE to keep the answers")
    elif held.log:
        _say(f"going on with {save}: {len(held.log)} questions were answered")
    held = _Dialogue(held, save).run()
    if held.question is not None and save is not None:
        _say(f"to go on: myologic interview --save {save}")
    _report(held)


def _started(knowledge: Any, battery: str | None, case: str | None, save: Path | None, order: str) -> Any:
    """A new interview, or the one that the file to save to holds."""
    from expert.cases import load_case
    from expert.interview import Interview

    if save is not None and save.exists():
        if battery is not None or case is not None:
            raise UsageError(f"{save} is there already: go on with it by --save alone, or give another name")
        return Interview.resume(_plain(load_case(save)), knowledge)
    if battery is None:
        raise UsageError("which battery? Say --battery NAME (myologic battery list shows them)")
    named = re.sub(r"[^A-Za-z0-9._-]+", "-", save.stem if save else "").strip("._-")[:64]
    return Interview.begin(battery, _plain(load_case(case)) if case else {"case_id": named or "interview"}, knowledge, order)


def _plain(case: Any) -> dict[str, Any]:
    told: dict[str, Any] = case.shape.model_dump(mode="json", exclude_defaults=True)
    return told


class _Dialogue:
    """One sitting: what is on the screen and in the file; the interview itself is a value that is replaced."""

    def __init__(self, held: Any, save: Path | None) -> None:
        self.held, self.save = held, save
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.shown: set[str] = set()
        self.told_settled = False

    def run(self) -> Any:
        """Ask until nothing is left, somebody stops, or the input ends."""
        told = self.held.knowledge.kb.batteries[self.held.battery]
        for text in (f"{told.name}. {told.instruction}", f"Stop: {told.stop}"):
            typer.echo(textwrap.fill(text, _WIDTH))
        self.alert()
        while (asked := self.held.question) is not None:
            self.mark_settled()
            typer.echo("\n" + asked.report("txt", colour=self.colour).strip("\n"))
            try:
                words = self.read(asked)
            except UnicodeDecodeError:
                typer.echo("This is no text that can be read.")
                continue
            if words is None or words in ("q", "quit", "stop"):
                break
            self.obey(words, asked)
        for flag in self.held.said_yes:
            typer.echo(textwrap.fill(f"Said yes, and not which: {flag.title} ({flag.level}). Till it is clear: {flag.action}", _WIDTH))
        if self.held.question is None and self.held.is_over:
            typer.echo("\nNothing more is looked at: a red flag is raised. Refer first.")
        return self.held

    def read(self, asked: Any) -> str | None:
        """A line of input; None where there is no more."""
        from expert.render import answer as printed

        typer.echo(textwrap.fill("[" + " ".join(printed("keys", asked.to_dict()).split()) + "]", _WIDTH))
        try:
            return input("> ").strip()
        except (EOFError, KeyboardInterrupt):
            typer.echo()
            return None

    def obey(self, words: str, asked: Any) -> None:
        if words in ("w", "why"):
            typer.echo(textwrap.fill(self.held.why(), _WIDTH))
        elif words in ("v", "view", "show"):
            typer.echo(self.held.standing().report("txt", colour=self.colour).strip("\n"))
        elif words in ("u", "undo", "back"):
            self.go_on(self.held.undo())
        elif words == "S" and asked.kind == "person":
            self.go_on(self.held.skip_person())
        elif words == "S" and asked.kind in ("flag", "ask"):
            self.go_on(self.held.skip_flags())
        else:
            try:
                self.go_on(self.held.answer(reply(words, asked)))
            except (UsageError, CaseError) as error:
                typer.echo(safe(f"{str(error).splitlines()[0]}"))

    def go_on(self, following: Any) -> None:
        """Keep an answer: first in the file, then in hand."""
        if self.save is not None:
            write_whole(as_yaml(following.saved), self.save)
        self.held = following
        self.alert()

    def alert(self) -> None:
        """A red flag is shown at once, and once."""
        new = [f for f in self.held.flags if f.id not in self.shown]
        self.shown = {f.id for f in self.held.flags}
        if new:
            typer.echo("\n" + self.held.standing(0).report("txt", colour=self.colour).strip("\n"))

    def mark_settled(self) -> None:
        if not self.told_settled and self.held.settled:
            self.told_settled = True
            typer.echo("\nNothing that is left would change the answer. You may stop here (q), or go on.")


def reply(words: str, asked: Any) -> Any:
    """What a line of input answers. Raises UsageError that says what is taken."""
    from expert.interview import Reply

    head, *rest = words.replace(",", " ").split() or [""]
    if asked.kind == "person" and head not in ("s", "skip", "?", "unknown"):
        return _of_person(words, asked)
    if asked.kind == "measure" and head != "s":
        return _value(words, asked)
    if len(head) > 1 and head[-1] in "123" and head[:-1].lower() in ("l", "r", "b", "y"):
        head, rest = head[:-1], [head[-1], *rest]
    head = head.lower()
    unread = [w for w in rest if w.lower() not in (*_SEVERITY, *_HURTS)]
    severity = next((_SEVERITY[w.lower()] for w in rest if w.lower() in _SEVERITY), None)
    hurts = any(w.lower() in _HURTS for w in rest)
    if not unread and head in ("n", "no", "absent"):
        return Reply("absent", hurts=hurts)
    if not rest and head in ("?", "unknown"):
        return Reply("unknown")
    if not rest and head in ("s", "skip"):
        return Reply("skipped")
    if not unread and (head in _SIDES if asked.sided else head in ("y", "yes")):
        return Reply("present", _SIDES.get(head, ()), severity, hurts)
    if not unread and head in ("y", "yes") and len(asked.sides) == 1:
        return Reply("present", asked.sides, severity, hurts)
    raise UsageError(f"'{words}' is no answer here")


def _of_person(words: str, asked: Any) -> Any:
    """What is told of the person: years, a sex, yes or no, or the weeks since a birth."""
    from expert.interview import SEXES, Reply

    head = (words.split() or [""])[0].lower()
    name = asked.ask.partition(":")[2]
    sex = next((s for s in SEXES if head in (s, s[0])), None)
    if name == "sex" and sex:
        return Reply("present", choice=sex)
    if name in ("age", "pregnancy") and head.isdecimal():
        return Reply("present", value=int(head))
    if name in ("pregnancy", "recent-surgery") and head in ("y", "yes", "n", "no"):
        return Reply("present" if head[0] == "y" else "absent")
    raise UsageError(f"'{words}' is no answer here")


def _value(words: str, asked: Any) -> Any:
    """A value with its unit, the measure's own unit where none is told."""
    from expert.interview import Reply

    number, _, unit = words.replace(",", ".").partition(" ")
    try:
        return Reply("present", value=float(number), unit=unit.strip() or asked.unit)
    except ValueError:
        raise UsageError(f"'{words}' is no value; write a number and its unit, such as 12 {asked.unit}") from None


def _report(held: Any) -> None:
    from expert import assess, case_from_mapping

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    text = assess(case_from_mapping(dict(held.case)), held.knowledge).report("txt", colour=colour)
    typer.echo("\n" + text.rstrip("\n"))


def _say(text: str) -> None:
    typer.echo(safe(f"myologic: {text}"), err=True)
