"""What is particular about Mailchimp's sandbox."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accord.sandbox import Request, SandboxOptions
from accord.testing import VirtualEnv
from accord_mailchimp.sandbox import MailchimpSandbox, create
from connectors.mailchimp.tests.conftest import Account

CROWD = 12


class Meeting(VirtualEnv):
    """Every answer waits until the whole crowd is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(CROWD)

    def sleep(self, seconds: float) -> None:
        self.barrier.wait(5)


def test_more_than_ten_connections_at_once_are_turned_away() -> None:
    with create(SandboxOptions(size=0, latency=1, env=Meeting())) as sandbox:
        ping = Request.to("GET", "/3.0/ping", headers={"Authorization": "Bearer key"})
        with ThreadPoolExecutor(CROWD) as crowd:
            answers = list(crowd.map(sandbox.handle, [ping] * CROWD))
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {200, 429}
    refused = next(answer for answer in answers if answer.status == 429)
    assert "Retry-After" not in refused.headers
    assert refused.headers["Content-Type"].startswith("application/problem+json")


def test_a_seed_makes_the_same_people() -> None:
    one, two = (MailchimpSandbox(SandboxOptions(size=30, seed=4, env=VirtualEnv())) for _ in range(2))
    assert [item.values for item in one.members.items()] == [item.values for item in two.members.items()]
    assert one.stats()["tables"]["members"] > 20


def test_a_change_shows_late_in_lists_and_at_once_by_its_key(account: Account) -> None:
    late = MailchimpSandbox(SandboxOptions(size=0, l_max=5, env=account.env))
    item = late.person_creates("members", {"email_address": "ana@example.com"})
    assert late.members.indexed() == []
    account.env.sleep(6)
    assert late.members.indexed() == [item]


def test_nobody_can_confirm_what_was_not_asked(account: Account) -> None:
    item = account.person()
    with pytest.raises(KeyError):
        account.sandbox.confirm(item.id)


def test_people_act_through_the_control_plane(account: Account) -> None:
    item = account.person(status="subscribed")
    path = f"/_sandbox/tables/members/{item.id}"
    assert account.sandbox.handle(Request.to("POST", f"{path}/unsubscribe", body=b"{}")).status < 300
    assert account.held(item.id)["status"] == "unsubscribed"
    assert account.sandbox.handle(Request.to("POST", f"{path}/subscribe", body=b"{}")).status < 300
    assert account.held(item.id)["status"] == "subscribed"
    wrong = Request.to("POST", f"{path}/unsubscribe", body=b'{"channel": "sms"}')
    assert account.sandbox.handle(wrong).status == 404
