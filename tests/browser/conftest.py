"""One server and one browser a worker. Whatever a page writes to the console as an error, and any dialog, fails the test."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expert.model import Knowledge

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("MYOLOGIC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--force-color-profile=srgb",
]  # fmt: skip
WAIT = 30_000  # milliseconds in which something must be seen


def _without(what: str) -> None:
    """Skip, or fail where the gate says that browsers are there."""
    (pytest.fail if os.environ.get("MYOLOGIC_BROWSER") == "required" else pytest.skip)(what)


@pytest.fixture(scope="session")
def site(knowledge: Knowledge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server, without a slash at its end."""
    try:
        import uvicorn

        from expert.web.app import create_app, is_built
        from expert.web.settings import Settings
    except ModuleNotFoundError:
        _without("the pages need the extra 'web'")
    if not is_built():
        _without("the front-end files are not built: make assets")
    app = create_app(Settings(database=Path(tmp_path_factory.mktemp("cases")) / "cases.db"), knowledge)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, headless."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        _without("the browser tests need playwright: the extra 'dev' has it")
    if not CHROMIUM:
        _without("there is no Chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def pages(browser: Any, site: str) -> Iterator[Callable[..., Any]]:
    """Opens pages, each as a person of its own (fresh storage): `pages(width=390)`. Complaints of any of them fail the test."""
    contexts, complaints = [], []

    def opened(width: int = 1280, height: int = 900, **options: Any) -> Any:
        context = browser.new_context(base_url=site, viewport={"width": width, "height": height}, locale="en-GB", **options)
        context.set_default_timeout(WAIT)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"console: {said.text}") if _is_error(said) else None)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("request", lambda asked: complaints.append(f"left the machine: {asked.url}") if not _is_own(asked.url, site) else None)
        contexts.append(context)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def _is_error(said: Any) -> bool:
    """What a page complains of; that the server answered 422 is how a fault of what was entered is told."""
    return said.type == "error" and "status of 422" not in said.text


def _is_own(url: str, site: str) -> bool:
    return url.startswith((f"{site}/", "data:", "blob:", "about:"))


@pytest.fixture
def page(pages: Callable[..., Any]) -> Any:
    """One page of 1280 x 900."""
    return pages()
