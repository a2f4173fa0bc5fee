"""What every answer to a question is: data first, which prints, converts and shows itself."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

from expert import render
from expert.model import Tree


class Answer:
    """Mixin of frozen dataclasses whose fields are plain data with names resolved. `template`: reports/templates/answer-<template>.j2."""

    __slots__ = ()
    template: ClassVar[str]

    def to_dict(self) -> Tree:
        """The answer as plain data, keys in the order of the fields."""
        found: Tree = plain(self)
        return found

    def to_json(self) -> str:
        """One line of JSON, the same bytes for the same input."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def report(self, format: str = "txt", **options: Any) -> str:
        """The answer as txt, md, html or json. Options as of a report: `colour` (txt), `fragment` (html)."""
        return self.to_json() if format == "json" else render.answer(self.template, self.to_dict(), format, **options)

    def _repr_html_(self) -> str:
        return self.report("html", fragment=True)

    def __str__(self) -> str:
        return self.report("txt").rstrip("\n")


def plain(value: Any) -> Any:
    """Dataclasses and named tuples as mappings, sequences as lists; everything else as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(part) for name, part in zip(value._fields, value, strict=True)}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return value
