"""Links may only lead to the vendor: payloads that try to lead elsewhere."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from accord.errors import AnswerShapeError, RecordRejectedError
from accord.http import Bearer
from accord.http.hosts import Pinned
from tests.unit.http.surroundings import BASE, Vendor, caught

FOREIGN = [
    "https://evil.example/steal",
    "http://api.example.com/v3/contacts",
    "https://api.example.com:8443/v3",
    "https://api.example.com:80/v3",
    "https://api.example.com@evil.example/",
    "https://user:pw@api.example.com/",
    "https://user@api.example.com/",
    "https://api.example.com:pw@evil.example/",
    "https://evil.example#@api.example.com/",
    "https://evil.example?@api.example.com/",
    "https://evil.example\\@api.example.com/",
    "https://api.example.com\\.evil.example/",
    "https:\\\\evil.example/",
    "\\\\evil.example/x",
    "//evil.example/x",
    "/\\evil.example/x",
    "///evil.example/x",
    "https://api.example.com.evil.example/",
    "https://api.example.com.",
    "https://api-example.com/",
    "https://xapi.example.com/",
    "https://example.com/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://169.254.169.254/latest/meta-data",
    "https://api.example.com.127.0.0.1.nip.example/",
    "https://localhost/",
    "file:///etc/passwd",
    "ftp://api.example.com/",
    "gopher://api.example.com/",
    "data:text/html,x",
    "javascript:alert(1)",
    "https://api.example.com\t.evil.example/",
    "https://api.example.com\n.evil.example/",
    " https://evil.example/",
    "https://evil.example\u3002api.example.com/",
    "https://\u0430pi.example.com/",
    "https://api.example.com%2eevil.example/",
    "https://api.example.com%00.evil.example/",
    "https://",
    "https://:443/",
    "https://api.example.com:99999/",
]


@pytest.mark.parametrize("link", FOREIGN)
def test_a_foreign_link_is_never_followed(link: str) -> None:
    pinned = Pinned(BASE, connection="crm")
    caught(AnswerShapeError, lambda: pinned.follow(link, pinned.base))
    if not link.startswith((" ", "/\\")):
        caught(AnswerShapeError, lambda: pinned.url(link))


@pytest.mark.parametrize("link", FOREIGN)
def test_no_path_leaves_the_vendor(link: str) -> None:
    try:
        url = Pinned(BASE).url("/" + link)
    except (AnswerShapeError, RecordRejectedError):
        return
    assert (url.scheme, url.host, url.port) == ("https", "api.example.com", None)


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://api.example.com/v3/contacts?after=2", "https://api.example.com/v3/contacts?after=2"),
        ("https://API.example.com/x", "https://api.example.com/x"),
        ("https://api.example.com:443/x", "https://api.example.com/x"),
        ("/other", "https://api.example.com/other"),
        ("?page=2", "https://api.example.com/v3?page=2"),
        ("https://api.example.com/x#part", "https://api.example.com/x"),
    ],
)
def test_the_vendors_own_links_are_followed(link: str, url: str) -> None:
    pinned = Pinned(BASE)
    assert str(pinned.follow(link, pinned.base)) == url


@pytest.mark.parametrize("id_", ["..", ".", "../..", "a/../../b", "%2E%2e", ".%2e", "..?a", "..#a", "..\\x"])
def test_an_id_never_climbs_to_another_path(id_: str) -> None:
    """``DELETE /lists/l/members/..`` would delete the list."""
    caught(RecordRejectedError, lambda: Pinned(BASE).url(f"/lists/l/members/{id_}"))


@pytest.mark.parametrize("path", ["/v1.0/a..b/...", "/contacts?since=../..", "/people/.hidden"])
def test_dots_that_climb_nowhere_are_no_harm(path: str) -> None:
    assert str(Pinned(BASE).url(path)) == BASE.rstrip("/") + path


@pytest.mark.parametrize("path", ["/contacts", "contacts", "/contacts?limit=1"])
def test_a_path_is_appended_to_the_base(path: str) -> None:
    assert str(Pinned(BASE).url(path)).startswith("https://api.example.com/v3/contacts")


def test_named_hosts_are_allowed() -> None:
    pinned = Pinned(BASE, ["files.example.net", "*.cdn.example.org"])
    assert pinned.url("https://files.example.net/a").host == "files.example.net"
    assert pinned.url("https://x.cdn.example.org/a").host == "x.cdn.example.org"


@pytest.mark.parametrize(
    "link", ["https://cdn.example.org/", "https://evilcdn.example.org/", "http://x.cdn.example.org/"]
)
def test_a_wildcard_allows_secure_subdomains_only(link: str) -> None:
    caught(AnswerShapeError, lambda: Pinned(BASE, ["*.cdn.example.org"]).url(link))


def test_a_plain_host_needs_a_plain_base() -> None:
    caught(AnswerShapeError, lambda: Pinned(BASE, ["http://127.0.0.1:9"]).url("http://127.0.0.1:9/x"))
    local = Pinned("http://127.0.0.1:8711", ["http://127.0.0.1:9"])
    assert local.url("http://127.0.0.1:9/x").port == 9


def test_the_scheme_may_rise_but_never_fall() -> None:
    pinned = Pinned("http://api.example.com")
    secure = pinned.url("https://api.example.com/x")
    assert secure.scheme == "https"
    caught(AnswerShapeError, lambda: pinned.follow("http://api.example.com/x", secure))


def test_the_refusal_names_the_foreign_host() -> None:
    error = caught(
        AnswerShapeError, lambda: Pinned(BASE, connection="crm").url("https://evil.example/a?k=secret")
    )
    assert error.facts["foreign_host"] == "evil.example"
    assert "secret" not in str(error)


def test_a_redirect_within_the_vendor_is_followed(vendor: Vendor) -> None:
    vendor.answers("GET", "/old", httpx.Response(301, headers={"Location": "/v3/new"}))
    vendor.answers("GET", "/new", {"ok": 1})
    assert vendor.http().get("/old").json() == {"ok": 1}


@pytest.mark.parametrize(
    "link", ["https://evil.example/", "http://api.example.com/v3/new", "//evil.example", ""]
)
def test_a_redirect_elsewhere_is_refused(vendor: Vendor, link: str) -> None:
    vendor.answers("GET", "/old", httpx.Response(302, headers={"Location": link}))
    evil = vendor.router.get(url__regex="evil").mock(return_value=httpx.Response(200))
    caught(AnswerShapeError, lambda: vendor.http(Bearer(SecretStr("t"))).get("/old"))
    assert not evil.called


def test_credentials_stay_with_their_host(vendor: Vendor) -> None:
    vendor.answers("GET", "/export", httpx.Response(302, headers={"Location": "https://files.example.net/e"}))
    files = vendor.answers("GET", "https://files.example.net/e", {})
    vendor.http(Bearer(SecretStr("t")), hosts=["files.example.net"]).get("/export")
    assert "authorization" not in files.calls.last.request.headers


def test_a_bare_request_carries_no_credentials(vendor: Vendor) -> None:
    route = vendor.answers("GET", "/file", {})
    vendor.http(Bearer(SecretStr("t"))).get("/file", bare=True)
    assert "authorization" not in route.calls.last.request.headers


def test_redirects_in_a_circle_end(vendor: Vendor) -> None:
    vendor.router.get(f"{BASE}/a").mock(return_value=httpx.Response(302, headers={"Location": "/v3/a"}))
    caught(AnswerShapeError, lambda: vendor.http().get("/a"))
