"""Packs of cases for a class: a folder with pack.yaml and one file a case, read and checked for shape; every fault with its line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from expert.cases import Case, text_of
from expert.errors import CaseError, Fault
from expert.formats import PackCase, PackFile, Shape
from expert.reading import YAML_CAP, Document, Unreadable, did_you_mean, read_yaml, refuse_hidden, shaped

HEAD = "pack.yaml"
M = TypeVar("M", bound=Shape)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One case of a pack: its shape, the document it came from, and the case that it holds."""

    shape: PackCase
    document: Document

    @property
    def case(self) -> Case:
        """The case as `assess` takes it, with the lines of its own file."""
        return Case(self.shape.case, self.document.part("case"))


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder of cases with questions, in the order of its pack.yaml."""

    where: str
    head: PackFile
    sheets: tuple[Sheet, ...]


def load_pack(folder: str | os.PathLike[str]) -> Pack:
    """Read a pack. Raises CaseError with every fault of every file."""
    where = Path(folder)
    if not where.is_dir():
        raise CaseError([Fault(str(folder), 0, "there is no such folder")])
    faults: list[Fault] = []
    head, document = _read(where / HEAD, PackFile, faults)
    if head is None or document is None:
        raise CaseError(faults)
    sheets = []
    for number, name in enumerate(head.cases):
        file = _case_file(where, name, number, document, faults)
        shape, read = _read(file, PackCase, faults) if file else (None, None)
        if shape is not None and read is not None:
            sheets.append(Sheet(shape, read))
    if faults:
        raise CaseError(faults)
    return Pack(str(folder), head, tuple(sheets))


def _case_file(folder: Path, name: str, number: int, head: Document, faults: list[Fault]) -> Path | None:
    """The file that pack.yaml names: one of this folder, named once."""
    here = sorted(p.name for p in folder.iterdir() if p.suffix in (".yaml", ".yml") and p.name != HEAD)
    known = {n: folder / n for n in here} | {Path(n).stem: folder / n for n in here}
    if name not in known:
        faults.append(head.fault(("cases", number), f"there is no case '{name}' in this folder{did_you_mean(name, here)}"))
    elif [known.get(other) for other in head.data["cases"][:number]].count(known[name]):
        faults.append(head.fault(("cases", number), f"the case '{name}' stands here twice"))
    else:
        return known[name]
    return None


def _read(path: Path, model: type[M], faults: list[Fault]) -> tuple[M | None, Document | None]:
    """One file of the right shape with its document, or its faults."""
    try:
        document = read_yaml(text_of(path, YAML_CAP), str(path))
        refuse_hidden(document)
    except (CaseError, Unreadable) as unreadable:
        faults += unreadable.faults
    else:
        shape, found = shaped(model, document)
        faults += found
        return shape, document
    return None, None
