"""The customers stream against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from accord import Operation, Probe, Result, Write
from connectors.shopify.tests.conftest import Shop, rows_of


def write(stream: Any, document: dict[str, Any], hub: str = "h1", id_: str | None = None) -> Write:
    """A write as the engine hands it over."""
    operation = Operation.CREATE if id_ is None else Operation.UPDATE
    return Write(f"w-{hub}", operation, stream.mapping.write(document), document, hub, f"k-{hub}", id_)


def test_pages_bring_every_customer_once(busy: Shop) -> None:
    stream = busy.stream("customers")
    stream.page_size = 4
    rows = rows_of(stream)
    assert len({row["id"] for row in rows}) == len(rows) == 25


def test_a_read_resumes_at_its_token(busy: Shop) -> None:
    stream = busy.stream("customers")
    stream.page_size = 10
    from accord import ReadRequest

    first = next(iter(stream.read(ReadRequest())))
    assert len(rows_of(stream, token=first.token)) == 15


def test_an_incremental_read_brings_what_changed(busy: Shop) -> None:
    stream = busy.stream("customers")
    since = busy.env.now()
    busy.env.sleep(5)
    changed = busy.sandbox.customers.table.items()[3]
    busy.sandbox.person_edits("customers", changed.id, {"note": "called"})
    assert [row["note"] for row in rows_of(stream, since=since)] == ["called"]
    assert rows_of(stream, since=since, until=since) == []


def test_a_page_too_dear_is_asked_for_at_half_the_size(busy: Shop) -> None:
    stream = busy.stream("orders")
    stream.page_size = 200
    assert len(rows_of(stream)) == len(busy.sandbox.orders.table)
    assert stream.page_size < 200


def test_a_create_carries_our_reference_and_no_consent(shop: Shop) -> None:
    stream = shop.stream("customers")
    document = {"given_name": "Ann", "email": "Ann@Example.com", "addresses": {"default": {"country": "FR"}}}
    (outcome,) = stream.create([write(stream, document)])
    assert outcome.result is Result.DONE
    assert stream.hub_reference(outcome.row) == "h1"
    assert outcome.row["email"] == "ann@example.com"
    assert outcome.row["emailMarketingConsent"]["marketingState"] == "NOT_SUBSCRIBED"


def test_a_create_delivered_twice_makes_one_customer(shop: Shop) -> None:
    stream = shop.stream("customers")
    intent = write(stream, {"given_name": "Nobody"})
    first, second = stream.create([intent])[0], stream.create([intent])[0]
    assert first.result is second.result is Result.DONE
    assert first.external_id == second.external_id
    assert len(shop.sandbox.customers.table) == 1


def test_an_address_of_another_customer_leaves_the_create_open(shop: Shop) -> None:
    shop.customer(firstName="Ann", email="ann@example.com")
    stream = shop.stream("customers")
    (outcome,) = stream.create([write(stream, {"email": "ANN@example.com"})])
    assert (outcome.result, outcome.reason) == (Result.PRECONDITION, "email: taken")
    assert len(stream.find([Probe("email", "Ann@example.com")])[0]) == 1


def test_one_bad_customer_does_not_stop_the_others(shop: Shop) -> None:
    stream = shop.stream("customers")
    writes = [write(stream, {"email": f"a{n}@example.com"}, f"h{n}") for n in range(3)]
    writes[1].row["phone"] = "call me"
    outcomes = {outcome.write_id: outcome for outcome in stream.create(writes)}
    assert [outcomes[f"w-h{n}"].result for n in range(3)] == [Result.DONE, Result.REJECTED, Result.DONE]
    assert outcomes["w-h1"].reason == "phone: invalid"


def test_find_answers_each_probe_in_its_place(shop: Shop) -> None:
    stream = shop.stream("customers")
    stream.create([write(stream, {"email": "a@example.com", "phone": "+33199000001"})])
    probes = [Probe("email", "b@example.com"), Probe("hub_id", "h1"), Probe("phone", "+33199000001")]
    assert [len(rows) for rows in stream.find(probes)] == [0, 1, 1]


@pytest.mark.parametrize("value", ["a'b@example.com", 'x" OR email:"*', "a\\' OR id:>0"])
def test_a_probe_is_never_taken_for_syntax(busy: Shop, value: str) -> None:
    assert busy.stream("customers").find([Probe("email", value)]) == [[]]


def test_an_update_changes_what_it_names_and_keeps_subscriptions(shop: Shop) -> None:
    subscribed = {"marketingState": "SUBSCRIBED", "consentUpdatedAt": "2026-01-01T00:00:00Z"}
    id_ = shop.customer(firstName="Ann", email="ann@example.com", note="x", emailMarketingConsent=subscribed)
    stream = shop.stream("customers")
    (outcome,) = stream.update([write(stream, {"given_name": "Anne", "tags": None}, id_=id_)])
    assert outcome.row["firstName"] == "Anne"
    assert outcome.row["note"] == "x"
    assert outcome.row["emailMarketingConsent"]["marketingState"] == "SUBSCRIBED"
    sent = shop.said[-1]
    assert "marketing" not in str(sent.variables).lower()


def test_the_default_address_is_added_changed_and_removed(shop: Shop) -> None:
    id_ = shop.customer(firstName="Ann")
    stream = shop.stream("customers")
    for address in ({"locality": "Paris", "country": "FR"}, {"locality": "Lyon", "country": "FR"}, None):
        (outcome,) = stream.update([write(stream, {"addresses": {"default": address}}, id_=id_)])
        held = outcome.row["defaultAddress"]
        assert (held and held["city"]) == (address and address["locality"])
    assert shop.sandbox.customers.table.items()[0].values["addresses"] == []


@pytest.mark.parametrize("changed", [{"extended_address": None}, {"locality": "Lyon"}, {"family_name": "B"}])
def test_a_change_of_one_line_keeps_the_rest_of_the_address(shop: Shop, changed: dict[str, Any]) -> None:
    lines = {"address1": "1 Example Street", "address2": "Floor 2", "city": "Paris", "zip": "00000"}
    more = {"firstName": "Ann", "lastName": "A", "countryCode": "FR", "phone": "+33199000009"}
    id_ = shop.customer(firstName="Ann", addresses=[{**lines, **more}])
    stream = shop.stream("customers")
    before = stream.mapping.read(stream.get([id_])[id_])["addresses"]["default"]
    (outcome,) = stream.update([write(stream, {"addresses": {"default": changed}}, id_=id_)])
    after = stream.mapping.read(outcome.row)["addresses"]["default"]
    assert {name: value for name, value in after.items() if value} == {
        name: value for name, value in {**before, **changed}.items() if value
    }
    assert shop.sandbox.customers.table.items()[0].values["addresses"][0]["phone"] == "+33199000009"


def test_other_addresses_stay(shop: Shop) -> None:
    id_ = shop.customer(firstName="Ann", addresses=[{"city": "Paris"}, {"city": "Nice"}])
    stream = shop.stream("customers")
    stream.update([write(stream, {"addresses": {"default": {"locality": "Lyon"}}}, id_=id_)])
    cities = [row["city"] for row in shop.sandbox.customers.table.items()[0].values["addresses"]]
    assert cities == ["Lyon", "Nice"]


def test_a_deleted_customer_is_gone(shop: Shop) -> None:
    id_ = shop.customer(firstName="Ann")
    stream = shop.stream("customers")
    intent = Write("w", Operation.DELETE, {}, {}, "h1", "k", id_)
    assert stream.delete([intent])[0].result is Result.DONE
    assert stream.delete([intent])[0].result is Result.GONE
    assert stream.update([write(stream, {"notes": "x"}, id_=id_)])[0].result is Result.GONE
    assert stream.get([id_]) == {id_: None}


def test_a_customer_with_orders_cannot_be_deleted(busy: Shop) -> None:
    order = next(item for item in busy.sandbox.orders.table.items() if item.values["customerId"])
    id_ = f"gid://shopify/Customer/{order.values['customerId']}"
    intent = Write("w", Operation.DELETE, {}, {}, "h1", "k", id_)
    assert busy.stream("customers").delete([intent])[0].result is Result.REJECTED


def test_a_merged_customer_disappears_under_its_old_id(shop: Shop) -> None:
    kept, gone = shop.customer(firstName="Ann", email="a@example.com"), shop.customer(lastName="Bee")
    numbers = [id_.rpartition("/")[2] for id_ in (kept, gone)]
    shop.sandbox.person_merges("customers", *numbers)
    rows = shop.stream("customers").get([kept, gone])
    assert rows[gone] is None
    assert rows[kept]["lastName"] == "Bee"


def test_without_the_right_to_define_metafields_natural_keys_serve(shop: Shop) -> None:
    shop.customer(firstName="Ann", email="ann@example.com")
    connector = shop.connect()
    connector.__dict__["_defined"] = {"CUSTOMER": False}
    stream: Any = connector.open_streams()[0]
    found = stream.find([Probe("hub_id", "h1"), Probe("email", "ann@example.com")])
    assert [len(rows) for rows in found] == [0, 1]
