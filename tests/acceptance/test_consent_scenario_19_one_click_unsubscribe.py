"""Scenario 19 of consent.md 5 and RFC 8058, over a real loopback socket."""

from __future__ import annotations

import logging
import socket
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator

import httpx
import pytest

from accord.consent.signal import Actor, Kind
from accord.errors import SetupError, StateError
from accord.serve import application
from accord.serve.server import Server
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Stage

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def door(stage: Stage) -> Iterator[Server]:
    """Ann reads the newsletter; the door is open."""
    stage["shop"].put(mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=9))
    stage.sync()
    with Server(stage.accord) as server:
        yield server


def link(stage: Stage, door: Server) -> str:
    return stage.accord.consent.unsubscribe_link("ann@example.com", "marketing.direct", base_url=door.url).url


def click(url: str) -> httpx.Response:
    return httpx.post(url, data=ONE_CLICK, trust_env=False)


def refusals(stage: Stage) -> list[Actor]:
    return [one.actor for one in stage.signals() if one.source == "list-unsubscribe"]


def test_consent_scenario_19_three_clicks_are_one_withdrawal_and_a_get_changes_nothing(
    stage: Stage, door: Server
) -> None:
    url = link(stage, door)
    assert httpx.get(url, trust_env=False).status_code == 200
    assert httpx.head(url, trust_env=False).status_code == 200
    assert stage.state() == "granted"
    assert [click(url).status_code for _ in range(3)] == [200, 200, 200]
    assert refusals(stage) == [Actor.PERSON]
    assert stage.state() == "withdrawn"
    stage.sync()
    assert [verb for verb, _ in stage.written("letter")][-1] == "unsubscribe"


def test_the_page_of_a_link_has_a_button_that_posts(stage: Stage, door: Server) -> None:
    page = httpx.get(link(stage, door), trust_env=False)
    assert '<form method="post">' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.headers


def test_a_click_after_a_new_yes_is_a_new_refusal(stage: Stage, door: Server) -> None:
    url = link(stage, door)
    click(url)
    stage.env.forward(3600)
    stage.say(Kind.GRANT, actor=Actor.PERSON, evidence="form 12")
    assert stage.state() == "granted"
    stage.env.forward(3600)
    assert [click(url).status_code for _ in range(2)] == [200, 200]
    assert stage.state() == "withdrawn"
    assert len(refusals(stage)) == 2


@pytest.mark.parametrize("at", [0, 20, 60, -1])
def test_a_forged_link_is_unknown_and_does_nothing(stage: Stage, door: Server, at: int) -> None:
    base, _, token = link(stage, door).rpartition("/")
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[at] ^= 1
    forged = f"{base}/{urlsafe_b64encode(raw).rstrip(b'=').decode()}"
    assert [click(forged).status_code, httpx.get(forged, trust_env=False).status_code] == [404, 404]
    assert refusals(stage) == []


@pytest.mark.parametrize("token", ["x", "%C3%A9", "a" * 5000, "..", "AAAA"])
def test_nonsense_is_unknown(door: Server, token: str) -> None:
    assert click(f"{door.url}/unsubscribe/{token}").status_code == 404


def test_a_link_of_another_store_is_unknown(stage: Stage, door: Server, build_stage: Build) -> None:
    other = build_stage()
    other["shop"].put(mail="ann@example.com")
    other.sync()
    assert click(link(other, door)).status_code == 404
    assert refusals(stage) == []


def test_nothing_is_said_before_it_is_on_disk(
    stage: Stage, door: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = link(stage, door)

    def fail(_label: str) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(stage.env, "committing", fail)
    answer = click(url)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert refusals(stage) == []
    monkeypatch.undo()
    assert click(url).status_code == 200
    assert refusals(stage) == [Actor.PERSON]


def test_a_click_whose_answer_was_lost_counts_once(stage: Stage, door: Server) -> None:
    url = link(stage, door)
    after: list[str] = []

    def lose(label: str) -> None:
        if label.startswith("unsubscribe") and refused() and not after:
            after.append(label)
            raise StateError("killed between commit and answer")

    def refused() -> bool:
        return bool(refusals(stage))

    stage.env.switches.append(lose)
    assert click(url).status_code == 503
    stage.env.switches.clear()
    assert refusals(stage) == [Actor.PERSON]
    assert click(url).status_code == 200
    assert refusals(stage) == [Actor.PERSON]


def test_a_link_shows_nobody(stage: Stage, door: Server) -> None:
    token = link(stage, door).rpartition("/")[2]
    raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"ann" not in raw.lower()
    assert b"example" not in raw.lower()


def test_a_link_outlives_a_new_address(stage: Stage, door: Server) -> None:
    url = link(stage, door)
    stage["shop"].put("s1", mail="anna@example.com", mail_consent=stage.yes(minutes=1))
    stage.sync()
    click(url)
    stage.sync()
    assert stage.state(who="anna@example.com") == "withdrawn"


def test_a_link_of_an_erased_person_puts_the_address_on_the_objection_list(
    stage: Stage, door: Server
) -> None:
    url = link(stage, door)
    stage.accord.erase("ann@example.com", identity="ticket 1")
    assert click(url).status_code == 200
    stage.env.forward(60)
    with stage.accord.store.reading() as tx:
        from accord.engine.addresses import point_of

        point = point_of("email", "ann@example.com", stage.accord.store.key)
        assert [one.channel for one in tx.objections.at([point])[point]] == ["email"]


def test_a_body_without_end_is_cut_off(stage: Stage, door: Server) -> None:
    url = link(stage, door)
    assert httpx.post(url, content=b"x" * 100_000, trust_env=False).status_code == 413
    assert refusals(stage) == []


def test_a_body_that_never_comes_is_not_waited_for(
    stage: Stage, door: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "SLOWEST", 0.05)
    place = httpx.URL(link(stage, door))
    head = f"POST {place.path} HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nL"
    with socket.create_connection((place.host, place.port or 0), timeout=5) as peer:
        peer.sendall(head.encode())
        assert peer.recv(4096).startswith(b"HTTP/1.1 408 ")
    assert stage.state() == "granted"


def test_no_redirect_repeats_a_token_or_a_host(stage: Stage, door: Server) -> None:
    answer = httpx.get(f"{link(stage, door)}/", headers={"Host": "evil.example"}, trust_env=False)
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_what_nobody_foresaw_is_logged_without_its_message(
    stage: Stage, door: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_label: str) -> None:
        raise RuntimeError("ann@example.com")

    url = link(stage, door)
    monkeypatch.setattr(stage.env, "committing", fail)
    caplog.set_level(logging.INFO)
    assert click(url).status_code == 500
    door.stop()  # the log is written after the answer
    assert "RuntimeError" in caplog.text
    assert "ann@example.com" not in caplog.text


def test_the_headers_are_those_of_rfc_8058(stage: Stage, door: Server) -> None:
    desk = stage.accord.consent
    made = desk.unsubscribe_link("ann@example.com", "marketing", base_url="https://news.example.com/")
    assert made.headers == {
        "List-Unsubscribe": f"<{made.url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert made.url.startswith("https://news.example.com/unsubscribe/")


@pytest.mark.parametrize(
    ("purpose", "channel", "base"),
    [
        ("marketing.direct", "email", "http://news.example.com"),
        ("marketing.direct", "email", "https://news.example.com/?a=b"),
        ("marketing.direct", "email", "https://news.example.com/>,<mailto:x"),
        ("service.transactional", "email", "https://news.example.com"),
        ("marketing.direct", "telex", "https://news.example.com"),
        ("marketing.direct", "sms", "https://news.example.com"),
    ],
)
def test_a_link_that_cannot_work_is_not_made(
    stage: Stage, door: Server, purpose: str, channel: str, base: str
) -> None:
    with pytest.raises(SetupError):
        stage.accord.consent.unsubscribe_link("ann@example.com", purpose, channel, base_url=base)
