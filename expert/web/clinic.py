"""The clinician's page and everything with which a case is entered on it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from expert.web.desk import desk_of

router = APIRouter()


@router.get("/")
async def clinic(request: Request) -> HTMLResponse:
    """The page: a shell whose parts ask for themselves."""
    return desk_of(request).page(request, "clinic")
