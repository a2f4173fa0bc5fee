"""HTML into PDF, through WeasyPrint (an extra): nothing is fetched, from the network or from a file; the same page, the same bytes."""

from __future__ import annotations

import logging
import re
from hashlib import sha256
from typing import Any, NoReturn

from expert.errors import ExpertError

_MISSING = "PDF needs WeasyPrint and the Pango library: pip install 'myologic[pdf]', and see docs/voices.md for the library"


def pdf(html: str) -> bytes:
    """One HTML page, whole in itself, as PDF. Raises ExpertError where WeasyPrint or its library is not there.

    The document's identifier is made from its text and it carries no date, so that the same page gives the same bytes.
    """
    weasyprint = _weasyprint()
    logging.getLogger("weasyprint").addHandler(logging.NullHandler())
    page = weasyprint.HTML(string=_paged(html), base_url=None, url_fetcher=_shut(weasyprint))
    made: bytes = page.write_pdf(pdf_identifier=sha256(html.encode()).digest()[:16], optimize_images=False)
    return made


# WeasyPrint fails on grids and flex boxes that a page ends in, and `anywhere` costs it seconds: on paper each box is a block.
_ON_PAPER = {
    "display:grid": "display:block", "display:inline-grid": "display:block", "display:flex": "display:block",
    "display:inline-flex": "display:inline-block", "overflow-wrap:anywhere": "overflow-wrap:break-word",
}  # fmt: skip
_MORE = """
.myo .figures svg{display:inline-block;width:48%}
.myo .row>.num,.myo .row>.who{display:inline-block;margin-right:6px}.myo .row>.net{float:right}
.myo .seen li{display:inline-block;margin:0 4px 4px 0}
.myo *{break-inside:auto!important}.myo h2,.myo h3{break-after:avoid!important}
.myo .figures,.myo .fill,.myo tr,.myo.voice li{break-inside:avoid!important}
.myo .arrow svg{height:22px;width:18px}
"""


def _paged(html: str) -> str:
    """The page with its own style made fit for paper. Only what stands in a style element is changed: no value ever does."""
    return re.sub(r"<style>(.*?)</style>", lambda style: f"<style>{_on_paper(style[1])}{_MORE}</style>", html, count=1, flags=re.DOTALL)


def _on_paper(style: str) -> str:
    return re.sub("|".join(_ON_PAPER), lambda said: _ON_PAPER[said[0]], style)


def _weasyprint() -> Any:
    try:
        import weasyprint
    except (ImportError, OSError) as missing:  # OSError: the package is there, the library is not
        raise ExpertError(_MISSING) from missing
    return weasyprint


def _shut(weasyprint: Any) -> Any:
    """A fetcher that refuses everything that a page asks for."""

    class Shut(weasyprint.urls.URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        def fetch(self, *_: Any, **__: Any) -> NoReturn:
            _refused()

    return Shut()


def _refused() -> NoReturn:
    """The address is not repeated: it may hold what the case says."""
    raise ValueError("nothing is fetched for a PDF")
