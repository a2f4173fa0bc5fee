"""What is wrong, as programs read it: RFC 9457 problem details."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem of that status. `detail` is a sentence of ours: nothing that was sent is repeated in it."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return Response(json.dumps(told, ensure_ascii=False), status, media_type="application/problem+json", headers=dict(headers or {}))
