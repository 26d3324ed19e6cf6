"""The ad account: what ``check`` finds out, how requests are signed, and what Meta's errors mean."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from accord.errors import AccessError, RateLimitedError, RecordRejectedError, RetryableError, VendorError
from accord.http import Answer
from accord_meta.connector import MetaSettings
from accord_meta.problem import ERRORS
from accord_meta.sandbox import AUDIENCE, DATASET
from accord_meta.sandbox.graph import ACCOUNT
from connectors.meta.tests.conftest import Account

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def judged(code: int, subcode: int | None = None, usage: str = "", **error: Any) -> VendorError | None:
    body = {"error": {"code": code, "error_subcode": subcode, "message": "Ana@example.com", **error}}
    headers = httpx.Headers({"content-type": "application/json", "x-business-use-case-usage": usage})
    return ERRORS.judge(Answer(400, headers, json.dumps(body).encode(), safe=False), NOW)


def test_the_account_is_that_of_the_audience(account: Account) -> None:
    found = account.connect().check()
    assert (found.fingerprint, list(found.missing)) == (ACCOUNT, [])
    assert found.details["audience"] == "Example customers"
    assert account.connect(audience=None).check().fingerprint == ACCOUNT


def test_a_permission_that_was_not_granted_is_named(account: Account) -> None:
    account.sandbox.rights["ads_management"] = "declined"
    assert account.connect().check().missing == ["permission ads_management"]


def test_a_flagged_audience_is_named(account: Account) -> None:
    account.sandbox.flag()
    [missing] = account.connect().check().missing
    assert "flagged (471)" in missing


def test_an_audience_that_does_not_exist_is_a_matter_for_a_person(account: Account) -> None:
    with pytest.raises(AccessError) as raised:
        account.connect(audience="999").check()
    assert "Audience Manager" in raised.value.hint


def test_a_retired_version_says_which_setting_to_change(account: Account) -> None:
    account.sandbox.oldest = 26.0
    with pytest.raises(AccessError) as raised:
        account.connect().check()
    assert "api_version" in raised.value.hint
    assert account.connect(api_version="v26.0").check().details["api"] == "v26.0"


def test_only_streams_with_a_place_are_offered(account: Account) -> None:
    names = [stream.name for stream in account.connect(dataset=None).open_streams()]
    assert names == ["members"]
    assert [stream.name for stream in account.connect(audience=None).open_streams()] == ["purchases"]


def test_a_connection_without_any_place_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="name an audience"):
        MetaSettings.model_validate({"token": "key"})


@pytest.mark.parametrize("setting", ["consent", "granted", "assume_consent"])
def test_no_setting_can_assert_a_grant_for_everybody(setting: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        MetaSettings.model_validate({"token": "key", "audience": AUDIENCE, setting: True})


def test_requests_carry_the_token_in_a_header_and_the_proof_beside_it(account: Account) -> None:
    account.connect(app_secret="app").check()
    request = account.recorder.exchanges[0][0]
    proof = hmac.new(b"app", b"key", hashlib.sha256).hexdigest()
    assert request.headers["authorization"] == "Bearer key"
    assert request.url.params["appsecret_proof"] == proof
    assert "access_token" not in str(request.url)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (4, RateLimitedError),
        (17, RateLimitedError),
        (341, RateLimitedError),
        (613, RateLimitedError),
        (80003, RateLimitedError),
        (190, AccessError),
        (200, AccessError),
        (294, AccessError),
        (803, AccessError),
        (2635, AccessError),
        (2650, AccessError),
        (2655, AccessError),
        (1, RetryableError),
        (2, RetryableError),
        (100, RecordRejectedError),
        (99999, RecordRejectedError),
    ],
)
def test_a_number_says_what_happens_next(code: int, kind: type[VendorError]) -> None:
    problem = judged(code)
    assert type(problem) is kind
    assert "example.com" not in str(problem)


def test_a_flag_is_a_matter_for_a_person() -> None:
    problem = judged(100, 1713230)
    assert isinstance(problem, AccessError)
    assert problem.facts["audience"] == "flagged"


def test_a_passing_error_is_tried_again() -> None:
    assert type(judged(2, is_transient=True)) is RetryableError


@pytest.mark.parametrize(
    ("usage", "wait"),
    [
        ('{"1": [{"type": "custom_audience", "estimated_time_to_regain_access": 19}]}', 1140.0),
        (
            '{"1": [{"estimated_time_to_regain_access": 3}], "2": [{"estimated_time_to_regain_access": 5}]}',
            300.0,
        ),
        ('{"1": [{"estimated_time_to_regain_access": 0}]}', None),
        ("no json", None),
        ("[1]", None),
    ],
)
def test_the_wait_is_told_in_minutes_inside_a_header(usage: str, wait: float | None) -> None:
    problem = judged(80003, usage=usage)
    assert isinstance(problem, RateLimitedError)
    assert problem.retry_after == wait


def test_the_dataset_alone_is_enough(account: Account) -> None:
    assert account.connect(audience=None, dataset=DATASET).check().details["dataset"] == "Example dataset"
