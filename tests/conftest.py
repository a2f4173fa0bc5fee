"""What all tests share: the shipped knowledge, a cache of their own, and how long hypothesis searches."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, Phase, settings

from expert import load_knowledge
from expert.model import Knowledge

_CHECKS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example)
_PHASES = (Phase.explicit, Phase.generate, Phase.target, Phase.shrink)
_ALWAYS = {"deadline": None, "database": None, "suppress_health_check": _CHECKS, "phases": _PHASES}
settings.register_profile("quick", max_examples=60, derandomize=True, **_ALWAYS)
settings.register_profile("long", max_examples=10_000, print_blob=True, **_ALWAYS)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Files that take long though they hold few tests: begun first, so that no worker is left alone with one at the end.
_LONG = ("test_laws", "test_corpus", "test_inference", "test_planted", "test_mutation", "test_cli", "test_knowledge")

_CACHE: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """The user's own cache and saved cases are neither read nor written, by this process or those it starts.

    Workers share the folder of the process that started them, which has read the knowledge from YAML once for all.
    """
    if not hasattr(config, "workerinput"):
        _CACHE.append(tempfile.mkdtemp(prefix="myologic-tests-"))
        os.environ["XDG_CACHE_HOME"] = os.environ["XDG_DATA_HOME"] = _CACHE[0]
        load_knowledge()


def pytest_unconfigure(config: pytest.Config) -> None:
    for folder in _CACHE:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first; the rest, and what stands in one file, in its own order."""
    items.sort(key=lambda item: item.path.stem not in _LONG)


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """The shipped knowledge, compiled."""
    return load_knowledge()
