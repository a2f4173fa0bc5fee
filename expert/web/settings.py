"""How a server is set up: where it listens, whom it answers, how much it takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from expert.errors import UsageError

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Settings:
    """What `serve` was told. `hosts`: names under which browsers may call it; `token`: what a caller from elsewhere must know."""

    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = LOOPBACK_NAMES
    token: str | None = None
    database: Path | None = None  # None: where the user's own data lies
    workers: int = max(2, os.cpu_count() or 2)  # threads that reason; each has its own engine
    waiting: int = 64  # requests that may wait for them; one more is answered 503
    connections: int = 256
    body_bytes: int = 2_000_000
    body_seconds: float = 15.0  # in which a body must have arrived


def checked(settings: Settings) -> Settings:
    """The same settings. Raises UsageError where strangers could reach what nothing guards."""
    if not _is_loopback(settings.host) and not settings.token:
        raise UsageError(
            f"{settings.host} can be reached from other machines: set MYOLOGIC_TOKEN to a secret of at least 16 characters "
            "(and put a proxy with TLS before it), or listen on 127.0.0.1"
        )
    if settings.token is not None and len(settings.token) < 16:
        raise UsageError("MYOLOGIC_TOKEN is too short: at least 16 characters")
    return settings


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
