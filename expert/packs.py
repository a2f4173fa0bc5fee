"""Packs of cases for a class: pack.yaml and one file a case, from a folder or as texts, checked for shape; every fault with its line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from expert import resources
from expert.cases import Case, text_of
from expert.errors import CaseError, Fault
from expert.formats import PackCase, PackFile, Shape
from expert.reading import YAML_CAP, Document, Unreadable, did_you_mean, read_yaml, refuse_hidden, shaped

HEAD = "pack.yaml"
MOST_FILES = 60
_ENDINGS = (".yaml", ".yml")
M = TypeVar("M", bound=Shape)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One case of a pack: the name of its file without its ending, its shape, the document it came from."""

    name: str
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
    there = {p.name: p for p in where.iterdir() if p.suffix in _ENDINGS or p.name == HEAD}
    return _pack(str(folder), {HEAD: where / HEAD, **there}, lambda path: text_of(path, YAML_CAP))


def pack_from_texts(texts: Mapping[str, str]) -> Pack:
    """A pack from the texts of its files, by name. Raises CaseError with every fault of every file."""
    if len(texts) > MOST_FILES:
        raise CaseError([Fault("pack", 0, f"more than {MOST_FILES} files")])
    if HEAD not in texts:
        raise CaseError([Fault(HEAD, 0, "there is no pack.yaml among these files; it says which cases the pack has")])
    for name, text in texts.items():
        if Path(name).name != name:
            raise CaseError([Fault("pack", 0, "the name of a file of a pack has no folders in it")])
        if len(text) > YAML_CAP:
            raise CaseError([Fault(name, 0, f"larger than the cap of {YAML_CAP // 1024} kB")])
    return _pack("", {name: Path(name) for name in texts}, lambda path: texts[path.name])


@cache
def shipped_packs() -> Mapping[str, Pack]:
    """The packs that come with the knowledge, by the names of their folders."""
    return {
        folder.name: pack_from_texts({f.name: f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.endswith(_ENDINGS)})
        for folder in sorted(resources.packs().iterdir(), key=lambda f: f.name)
        if (folder / HEAD).is_file()
    }


def _pack(where: str, files: Mapping[str, Path], text: Callable[[Path], str]) -> Pack:
    faults: list[Fault] = []
    head, document = _read(files[HEAD], text, PackFile, faults)
    if head is None or document is None:
        raise CaseError(faults)
    sheets = []
    for number, name in enumerate(head.cases):
        file = _case_file(files, name, number, document, faults)
        shape, read = _read(file, text, PackCase, faults) if file else (None, None)
        if file and shape is not None and read is not None:
            sheets.append(Sheet(file.stem, shape, read))
    if faults:
        raise CaseError(faults)
    return Pack(where, head, tuple(sheets))


def _case_file(files: Mapping[str, Path], name: str, number: int, head: Document, faults: list[Fault]) -> Path | None:
    """The file that pack.yaml names: one of those that are there, named once."""
    here = sorted(n for n in files if n.endswith(_ENDINGS) and n != HEAD)
    known = {n: files[n] for n in here} | {Path(n).stem: files[n] for n in here}
    if name not in known:
        faults.append(head.fault(("cases", number), f"there is no case '{name}' in this folder{did_you_mean(name, here)}"))
    elif [known.get(other) for other in head.data["cases"][:number]].count(known[name]):
        faults.append(head.fault(("cases", number), f"the case '{name}' stands here twice"))
    else:
        return known[name]
    return None


def _read(path: Path, text: Callable[[Path], str], model: type[M], faults: list[Fault]) -> tuple[M | None, Document | None]:
    """One file of the right shape with its document, or its faults."""
    try:
        document = read_yaml(text(path), str(path))
        refuse_hidden(document)
    except (CaseError, Unreadable) as unreadable:
        faults += unreadable.faults
    else:
        shape, found = shaped(model, document)
        faults += found
        return shape, document
    return None, None
