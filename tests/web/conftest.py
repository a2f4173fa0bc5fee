"""The application without a socket, for tests that need no browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from expert.model import Knowledge

pytest.importorskip("fastapi", reason="the pages need the extra 'web'")
pytest.importorskip("starlette.testclient", reason="the test client needs httpx2")

from starlette.testclient import TestClient

from expert.web.app import create_app, is_built
from expert.web.settings import Settings


@pytest.fixture(scope="session")
def client(knowledge: Knowledge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One application a worker, called as a browser of this machine calls it; its cases lie in a folder of their own."""
    if not is_built():
        if os.environ.get("MYOLOGIC_BROWSER") == "required":
            pytest.fail("the front-end files are not built: make assets")
        pytest.skip("the front-end files are not built: make assets")
    settings = Settings(database=Path(tmp_path_factory.mktemp("cases")) / "cases.db")
    with TestClient(create_app(settings, knowledge), base_url="http://127.0.0.1") as calling:
        yield calling
