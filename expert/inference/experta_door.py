"""The one place that imports experta, with what its import needs put up before and taken down after.

experta 1.9.4 asks for `collections.Mapping`, which Python 3.10 removed (its pinned frozendict does), and adds a handler to the
root logger; and its `__init__` swallows ImportError. All three are seen to here; nothing of it outlives the import.
"""

from __future__ import annotations

import collections
import collections.abc
import importlib
import importlib.metadata
import importlib.util
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from expert.errors import EngineError

_LOCK = threading.Lock()
_loaded: list[ModuleType] = []


def installed() -> bool:
    """Whether experta is there to be imported (without importing it)."""
    return importlib.util.find_spec("experta") is not None


def version() -> str:
    """The version of experta that is installed."""
    return importlib.metadata.version("experta")


def experta() -> ModuleType:
    """The experta module, imported once. Raises EngineError that says how to get it."""
    with _LOCK:
        if not _loaded:
            _loaded.append(_imported())
        return _loaded[0]


def _imported() -> ModuleType:
    if not installed():
        raise EngineError(
            "the engine 'experta' is not installed. Install it with: pip install 'myologic[experta]' "
            "(beside a newer frozendict: pip install --no-deps experta, then frozendict and schema), or use --engine native"
        )
    with _old_collections(), _quiet_root_logger():
        module = importlib.import_module("experta")
    if not hasattr(module, "KnowledgeEngine"):
        raise EngineError("experta is installed but broken (one of its own imports failed); use --engine native")
    return module


@contextmanager
def _old_collections() -> Iterator[None]:
    """`collections.Mapping` for as long as the import lasts, where Python has taken it away."""
    missing = not hasattr(collections, "Mapping")
    if missing:
        collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if missing:
            del collections.Mapping  # type: ignore[attr-defined]


@contextmanager
def _quiet_root_logger() -> Iterator[None]:
    """Takes away whatever handlers the import added to the root logger."""
    before = list(logging.root.handlers)
    try:
        yield
    finally:
        for handler in [h for h in logging.root.handlers if h not in before]:
            logging.root.removeHandler(handler)
