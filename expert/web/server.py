"""The application on a socket, until it is told to stop."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import uvicorn

from expert.errors import ExpertError
from expert.web.app import create_app
from expert.web.settings import Settings, checked


def run(settings: Settings, say: Callable[[str], object]) -> None:
    """Serve until stopped; says the address once it listens. Raises ExpertError where the address cannot be had."""
    app = create_app(checked(settings))
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it says which byte of a form surprised it
    listening = _listen(settings)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, date_header=False, limit_concurrency=settings.connections,
        timeout_keep_alive=10, timeout_graceful_shutdown=5, h11_max_incomplete_event_size=32_768, http="h11", ws="none", lifespan="on",
    )  # fmt: skip
    say(f"Myologic is at http://{_shown(settings.host)}:{listening.getsockname()[1]}/ (Ctrl-C ends it)")
    uvicorn.Server(config).run([listening])


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host.strip("[]"), settings.port))
    except OSError as error:
        listening.close()
        raise ExpertError(f"cannot listen on {settings.host}, port {settings.port}: {error.strerror or error}; try --port 0") from None
    listening.listen(2048)
    return listening


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
