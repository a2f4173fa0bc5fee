"""What can go wrong, said so that it can be put right: one base, three kinds, each fault with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong: where (`file:line`, or a field path where there are no lines) and what.

    For programs: `pointer`, its place in the data (RFC 6901; "" is the whole), and `meant`, what may have been meant instead.
    """

    where: str
    line: int
    message: str
    pointer: str = ""
    meant: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{place}: {self.message}"


class ExpertError(Exception):
    """A user's mistake, with every fault found; `exit_code` is what a command returns for it."""

    exit_code = 1

    def __init__(self, faults: Iterable[Fault] | str) -> None:
        self.faults: tuple[Fault, ...] = (
            (Fault("", 0, faults),) if isinstance(faults, str) else tuple(sorted(set(faults)))
        )
        super().__init__("\n".join(dict.fromkeys(str(f).removeprefix(": ") for f in self.faults)))


class CaseError(ExpertError):
    """A case that cannot be read as it stands."""

    exit_code = 3


class KnowledgeError(ExpertError):
    """A knowledge file that cannot be used as it stands."""

    exit_code = 3


class RuleError(KnowledgeError):
    """A rule file that cannot be used as it stands."""


class UsageError(ExpertError):
    """A question that cannot be asked so; the case is not at fault."""

    exit_code = 2


class EngineError(ExpertError):
    """The engine that was asked for cannot run here."""


class StoreError(ExpertError):
    """The file of saved cases, or its disk, cannot do what was asked. What was acknowledged before is still in it."""


class UnknownSaved(UsageError):
    """A person or a visit that is not among the saved cases."""
