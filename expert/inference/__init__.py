"""Facts and rules into a trace: one face, two engines. Each is the other's oracle, and nothing but `engine` tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expert.errors import EngineError
from expert.inference import experta_door, native
from expert.model import Fact, Firing, Program

ENGINES = ("auto", "experta", "native")


@dataclass(frozen=True, slots=True)
class Engine:
    """A chosen engine."""

    name: str
    version: str


def choose(name: str = "auto") -> Engine:
    """`auto` takes experta where it is installed, else our own. Raises EngineError for what is not there."""
    if name not in ENGINES:
        raise EngineError(f"there is no engine '{name}'; choose {', '.join(ENGINES)}")
    if name == "native" or (name == "auto" and not experta_door.installed()):
        return Engine(native.NAME, native.VERSION)
    experta_door.experta()
    return Engine("experta", experta_door.version())


def infer(program: Program, facts: Sequence[Fact], engine: Engine) -> tuple[Firing, ...]:
    """Run a program to its end. The trace comes sorted by rule, side, muscle, premises: no engine's own order shows."""
    facts = [f for f in facts if program.reads(f)]
    if not facts:
        return ()
    if engine.name == "experta":
        from expert.inference import rete  # only here, so that hosts without experta never meet it

        return tuple(sorted(rete.run(program, facts)))
    return tuple(sorted(native.run(program, facts)))


def grown(program: Program, before: Sequence[Fact], facts: Sequence[Fact]) -> set[Firing]:
    """The firings, on our own engine, in which at least one of `facts` takes part, beside what was known before."""
    facts = [f for f in facts if program.reads(f)]
    return native.grown(program, [f for f in before if program.reads(f)], facts) if facts else set()
