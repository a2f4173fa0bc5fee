"""The command that opens the pages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from expert.errors import ExpertError

_MISSING = "the pages need the extra 'web': pip install 'myologic[web]'"


def add_to(app: typer.Typer) -> None:
    """Give the command line its `serve`."""
    app.command()(serve)


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where to listen; 0 takes any that is free.")] = 8000,
    host: Annotated[str, typer.Option("--host", help="The address to listen on; others than loopback need MYOLOGIC_TOKEN.")] = "127.0.0.1",
    name: Annotated[list[str] | None, typer.Option("--name", help="A further name under which browsers may call it.")] = None,
    database: Annotated[Path | None, typer.Option("--database", help="Where saved cases lie, if not in your user data.")] = None,
) -> None:
    """Open the pages for clinic and classroom, and REST, on this machine. Ctrl-C ends it.

    Example: myologic serve --port 8000
    """
    try:
        from expert.web.server import run
        from expert.web.settings import LOOPBACK_NAMES, Settings
    except ModuleNotFoundError as missing:
        raise ExpertError(_MISSING) from missing
    hosts = tuple(dict.fromkeys((*LOOPBACK_NAMES, host.casefold(), *(n.casefold() for n in name or ()))))
    token = os.environ.get("MYOLOGIC_TOKEN") or None
    run(Settings(host=host, port=port, hosts=hosts, token=token, database=database), typer.echo)
