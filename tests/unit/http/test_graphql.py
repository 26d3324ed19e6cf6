"""GraphQL: errors inside a success, and prices by the query."""

from __future__ import annotations

from typing import Any

import pytest

from accord.errors import (
    AccessError,
    AnswerShapeError,
    OutcomeUnknownError,
    RateLimitedError,
    RecordRejectedError,
    VendorError,
)
from accord.http import RateLimit
from tests.unit.http.surroundings import Vendor, caught

QUERY = "query People { customers { id } }"
MUTATION = "# query\nmutation Save { save { id } }"


def failing(code: str, **cost: Any) -> dict[str, Any]:
    return {
        "errors": [{"message": "jean@example.com", "extensions": {"code": code}}],
        "extensions": {"cost": cost},
    }


def throttle(left: float) -> dict[str, Any]:
    return {"maximumAvailable": 1000, "currentlyAvailable": left, "restoreRate": 50}


def test_the_data_is_returned(vendor: Vendor) -> None:
    route = vendor.answers("POST", "/graphql", {"data": {"customers": []}})
    assert vendor.http().graphql("/graphql", QUERY, {"n": 1}) == {"customers": []}
    assert b'"variables":{"n":1}' in route.calls.last.request.content


def test_a_throttled_query_waits_for_its_price(vendor: Vendor) -> None:
    throttled = failing("THROTTLED", requestedQueryCost=300, throttleStatus=throttle(50))
    vendor.answers("POST", "/graphql", throttled, {"data": {}})
    vendor.http().graphql("/graphql", QUERY)
    assert vendor.env.clock >= 5


def test_a_throttled_mutation_is_told_to_wait(vendor: Vendor) -> None:
    throttled = failing("THROTTLED", requestedQueryCost=300, throttleStatus=throttle(50))
    route = vendor.answers("POST", "/graphql", throttled)
    error = caught(RateLimitedError, lambda: vendor.http().graphql("/graphql", MUTATION))
    assert error.retry_after == 5
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("document", "code", "kind"),
    [
        (QUERY, "ACCESS_DENIED", AccessError),
        (MUTATION, "ACCESS_DENIED", AccessError),
        (MUTATION, "INTERNAL_SERVER_ERROR", OutcomeUnknownError),
        (QUERY, "undefinedField", AnswerShapeError),
        (MUTATION, "undefinedField", AccessError),
        (MUTATION, "INVALID_VARIABLE", RecordRejectedError),
    ],
)
def test_errors_are_mapped_by_code(vendor: Vendor, document: str, code: str, kind: type[VendorError]) -> None:
    vendor.answers("POST", "/graphql", failing(code))
    error = caught(VendorError, lambda: vendor.http().graphql("/graphql", document))
    assert type(error) is kind
    assert error.facts["code"] == code
    assert "jean" not in str(error)


def test_an_internal_error_of_a_query_is_repeated(vendor: Vendor) -> None:
    vendor.answers("POST", "/graphql", failing("INTERNAL_SERVER_ERROR"), {"data": {}})
    assert vendor.http().graphql("/graphql", QUERY) == {}


@pytest.mark.parametrize("body", [{}, [], {"data": None}])
def test_an_answer_without_data_has_the_wrong_shape(vendor: Vendor, body: Any) -> None:
    vendor.answers("POST", "/graphql", body, body)
    caught(AnswerShapeError, lambda: vendor.http().graphql("/graphql", QUERY))
    caught(OutcomeUnknownError, lambda: vendor.http().graphql("/graphql", MUTATION))


def test_the_cost_is_told_and_refunded(vendor: Vendor) -> None:
    cost = {"actualQueryCost": 10, "throttleStatus": throttle(990)}
    body = {"data": {}, "extensions": {"cost": cost}}
    vendor.answers("POST", "/graphql", *[body] * 20)
    http = vendor.http(limits=[RateLimit(50, 1.0, burst=1000)])
    answers = [http.graphql_answer("/graphql", QUERY, cost=100) for _ in range(20)]
    assert answers[0].cost == cost
    assert vendor.env.clock == 0


def test_the_documents_name_is_in_messages(vendor: Vendor) -> None:
    vendor.answers("POST", "/graphql", 403)
    assert "POST /graphql Save" in str(
        caught(AccessError, lambda: vendor.http().graphql("/graphql", MUTATION))
    )
