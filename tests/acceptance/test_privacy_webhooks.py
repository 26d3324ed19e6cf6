"""Requests of people that a vendor passes on, over a real loopback socket."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from accord.errors import SetupError, StateError
from accord.http import sign
from accord.serve.server import Server
from accord.store.rows import EntityState
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import APP_SECRET, Stage

ANN = {"asks": "erasure", "id": "s1", "email": "ann@example.com"}


@pytest.fixture
def door(stage: Stage) -> Iterator[Server]:
    """Ann is a customer of the shop and in the newsletter tool; the door is open."""
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=9))
    stage.sync()
    with Server(stage.accord) as server:
        yield server


def post(
    door: Server, said: object, secret: SecretStr = APP_SECRET, connection: str = "shop"
) -> httpx.Response:
    body = json.dumps(said).encode()
    headers = {"X-Signature": sign(body, secret)}
    url = f"{door.url}/webhooks/{connection}/privacy"
    return httpx.post(url, content=body, headers=headers, trust_env=False)


def test_a_signed_request_erases_the_person_everywhere(stage: Stage, door: Server) -> None:
    person = stage.person().id
    answer = post(door, ANN)
    assert answer.status_code == 200
    with stage.accord.store.reading() as tx:
        assert tx.entities.get([person])[person].state is EntityState.ERASED
    report = stage.accord.erasure(answer.json()["erasure"])
    assert report.identity.startswith("stage_shop webhook people/erasure ")
    assert {"letter", "shop"} <= {one.connection for one in report.receipts}
    stage.sync(full=True)
    with pytest.raises(SetupError, match="no record is known"):
        stage.person()


def test_repeated_deliveries_are_one_erasure(stage: Stage, door: Server) -> None:
    answers = [post(door, ANN) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(stage.accord.erasures()) == 1


@pytest.mark.parametrize("connection", ["shop", "crm"])
def test_a_forged_request_is_refused_and_does_nothing(stage: Stage, door: Server, connection: str) -> None:
    assert post(door, ANN, SecretStr("guessed"), connection).status_code == 401
    unsigned = httpx.post(f"{door.url}/webhooks/shop/privacy", json=ANN, trust_env=False)
    assert unsigned.status_code == 401
    assert stage.accord.erasures() == []
    assert stage.mails("shop") == ["ann@example.com"]


def test_who_is_not_known_yet_is_barred_from_coming(stage: Stage, door: Server) -> None:
    assert post(door, {"asks": "erasure", "id": "s9", "email": "bob@example.com"}).status_code == 200
    [erasure] = stage.accord.erasures()
    assert erasure.closed_at is not None
    stage["crm"].put(mail="bob@example.com")
    stage["shop"].put("s9", mail="bobby@example.com")
    stage.sync()
    assert stage.mails("letter") == ["ann@example.com"]


def test_somebody_is_found_by_address_where_the_id_is_not_known(stage: Stage, door: Server) -> None:
    person = stage.person().id
    post(door, {**ANN, "id": "s77"})
    assert [one.subject for one in stage.accord.erasures()] == [person]


def test_nobody_is_erased_because_of_a_shared_telephone(stage: Stage, door: Server) -> None:
    stage["shop"].put("s1", tel="+33199001234")
    stage.sync()
    post(door, {"asks": "erasure", "id": "s77", "phone": "+33199001234"})
    assert stage.person().state is EntityState.LIVE


@pytest.mark.parametrize("asks", ["access", "account"])
def test_what_only_a_person_can_answer_waits_for_one(stage: Stage, door: Server, asks: str) -> None:
    for _ in range(2):
        assert post(door, {**ANN, "asks": asks}).status_code == 200
    [conflict] = stage.accord.conflicts()
    assert (conflict.kind, conflict.connection, conflict.state) == ("privacy_request", "shop", "open")
    assert conflict.vendor_value["asks"] == asks
    assert "@" not in json.dumps([conflict.vendor_value, conflict.external_id])
    stage.accord.resolve(conflict.id, "keep")
    post(door, {**ANN, "asks": asks})
    assert stage.accord.conflicts() == []


def test_what_is_signed_and_not_understood_waits_for_a_person(stage: Stage, door: Server) -> None:
    assert post(door, {"what": "?"}).status_code == 200
    assert [one.policy for one in stage.accord.conflicts()] == ["not understood"]


def test_a_request_that_could_not_be_saved_is_not_acknowledged(
    stage: Stage, door: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_label: str) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(stage.env, "committing", fail)
    assert post(door, ANN).status_code == 503
    assert stage.person().state is EntityState.LIVE
    monkeypatch.undo()
    assert post(door, ANN).status_code == 200
    assert len(stage.accord.erasures()) == 1


def test_a_stranger_cannot_tell_which_connections_there_are(
    door: Server, caplog: pytest.LogCaptureFixture
) -> None:
    told = [
        post(door, ANN, SecretStr("guessed"), name) for name in ("shop", "letter", "nowhere", "%0Aforged")
    ]
    assert {(one.status_code, one.text) for one in told} == {(401, "the signature is not right\n")}
    too_long = {"asks": "x" * 2_000_000}
    assert [post(door, too_long, connection=name).status_code for name in ("shop", "nowhere")] == [413, 413]
    known, *others = caplog.messages
    assert known.startswith("connection shop: ")
    assert others == [
        f"a webhook came for {name}, which is no connection that takes any"
        for name in ("'letter'", "'nowhere'", r"'\nforged'")
    ]


def test_an_address_is_only_posted_to(door: Server) -> None:
    assert httpx.get(f"{door.url}/webhooks/shop/privacy", trust_env=False).status_code == 405


def test_a_body_that_is_too_long_is_refused_unread(door: Server) -> None:
    assert post(door, {"asks": "x" * 2_000_000}).status_code == 413
