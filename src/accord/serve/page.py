"""The page behind an unsubscribe link. It changes nothing by itself: scanners open all links of a message."""

from __future__ import annotations

from starlette.responses import HTMLResponse

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}
_FRAME = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
{body}
</html>
"""
_BUTTON = """\
<form method="post">
<input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>Unsubscribe</button>
</form>"""


def question() -> HTMLResponse:
    """The button that posts to the same address."""
    return _page("Unsubscribe from these messages?", _BUTTON)


def done() -> HTMLResponse:
    """What the person reads afterwards."""
    return _page("You are unsubscribed.", "<p>It holds from now on. You can close this page.</p>")


def unknown() -> HTMLResponse:
    """For a link that this store did not make."""
    text = "<p>It may have been cut off. Copy the whole link from the message.</p>"
    return _page("This link is not known.", text, 404)


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_FRAME.format(title=title, body=body), status, HEADERS)
