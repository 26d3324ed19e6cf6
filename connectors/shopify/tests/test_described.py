"""What is said and answered is what the vendor's own description allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLScalarType, is_introspection_type

from accord import Operation, Probe, Write
from accord.sandbox import SandboxOptions, serve
from accord_shopify.sandbox.shop import ShopifySandbox, schema
from connectors.shopify.tests.conftest import Shop, rows_of
from connectors.shopify.tests.described import described, kept, problems_of_answer, problems_of_request
from connectors.shopify.tests.test_products import MUG, product


def _everything(shop: Shop) -> None:
    """A journey through all that the connector can do."""
    shop.connect().check()
    streams = {stream.name: stream for stream in shop.connect().open_streams()}
    since = shop.env.now()
    for stream in streams.values():
        rows = rows_of(stream)
        rows_of(stream, since=since, until=since)
        stream.operations.get([stream.external_id(rows[0]), "gid://shopify/Customer/1"])  # type: ignore[misc]
    _customers(streams["customers"])
    _catalogue(streams["products"], streams["inventory_levels"])


def _customers(stream: Any) -> None:
    document = {
        "given_name": "Ann",
        "email": "ann@example.com",
        "phone": "+33199000009",
        "language": "fr",
        "tags": ["vip"],
        "addresses": {"default": {"locality": "Paris", "country": "FR"}},
    }
    create = Write("1", Operation.CREATE, stream.mapping.write(document), document, "h1", "k1")
    (made,) = stream.create([create])
    stream.create([create])
    stream.find([Probe("hub_id", "h1"), Probe("email", "ann@example.com"), Probe("phone", "+33199000009")])
    for n, address in enumerate((None, {"locality": "Lyon"}, {"locality": "Nice"})):
        changed: dict[str, Any] = {"notes": None, "email": None, "addresses": {"default": address}}
        row = stream.mapping.write(changed)
        stream.update([Write("2", Operation.UPDATE, row, changed, "h1", f"u{n}", made.external_id)])
    stream.delete([Write("3", Operation.DELETE, {}, {}, "h1", "k3", made.external_id)])


def _catalogue(products: Any, levels: Any) -> None:
    (made,) = products.create([product(products, MUG)])
    variants = {**MUG["variants"], "M-X": {"sku": "M-X", "options": {"Size": "X"}}}
    products.update(
        [product(products, {"name": "Mug 2", "tags": ["new"], "variants": variants}, made.external_id)]
    )
    products.find([Probe("hub_id", "h1")])
    products.delete([Write("w", Operation.DELETE, {}, {}, "h1", "k", made.external_id)])
    row = rows_of(levels)[0]
    written = levels.mapping.write({"available": 3})
    levels.update([Write("w", Operation.UPDATE, written, {}, "h", "k9", row["id"], levels.version(row))])


def test_every_request_is_one_the_vendor_describes(busy: Shop, specs: Path) -> None:
    _everything(busy)
    wrong = {
        problem
        for said in busy.said
        for problem in problems_of_request(described(specs), said.query, said.variables)
    }
    assert not wrong
    assert len(busy.said) > 20


def test_every_answer_has_the_types_the_vendor_describes(busy: Shop, specs: Path) -> None:
    _everything(busy)
    wrong = {
        problem
        for said in busy.said
        for problem in problems_of_answer(described(specs), said.query, said.variables, said.answer["data"])
    }
    assert not wrong


def test_customers_and_orders_need_nothing_newer(busy: Shop, specs: Path) -> None:
    for name in ("customers", "orders"):
        rows_of(busy.stream(name), since=busy.env.now())
    for said in busy.said:
        assert problems_of_request(kept(specs), said.query, said.variables) == []


@pytest.mark.parametrize("name", sorted(schema().type_map))
def test_the_sandbox_declares_types_as_the_vendor_does(name: str, specs: Path) -> None:
    mine, theirs = schema().type_map[name], described(specs).type_map.get(name)
    if is_introspection_type(mine) or isinstance(mine, GraphQLScalarType):
        return
    assert theirs is not None, f"the vendor has no type {name}"
    if isinstance(mine, GraphQLEnumType):
        assert set(mine.values) <= set(theirs.values)
        return
    for field, declared in mine.fields.items():
        assert field in theirs.fields, f"the vendor has no {name}.{field}"
        expected = str(theirs.fields[field].type)
        assert str(declared.type) in (expected, "String"), f"{name}.{field} is a {expected}"
        for argument, given in getattr(declared, "args", {}).items():
            assert str(given.type) == str(theirs.fields[field].args[argument].type), (
                f"{name}.{field}({argument})"
            )


LIST = """query List($after: String) {
  customers(first: 3, after: $after, sortKey: UPDATED_AT) {
    edges { cursor node { id displayName email emailMarketingConsent { marketingState } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
CREATE = """mutation Create($input: CustomerInput!) {
  customerCreate(input: $input) {
    customer { id email tags addresses(first: 5) { city } }
    userErrors { field message }
  }
}"""
UPDATE = """mutation Update($input: CustomerInput!) {
  customerUpdate(input: $input) { customer { id note } userErrors { field message } }
}"""


class IndependentClient:
    """A client that knows the vendor's description of 2022-07 and nothing of Accord."""

    def __init__(self, url: str, specs: Path) -> None:
        self._schema = kept(specs)
        self._url = f"{url}/admin/api/2022-07/graphql.json"

    def run(self, query: str, **variables: Any) -> dict[str, Any]:
        assert problems_of_request(self._schema, query, variables) == []
        headers = {"X-Shopify-Access-Token": "shpat_x"}
        body = {"query": query, "variables": variables}
        data: dict[str, Any] = httpx.post(self._url, json=body, headers=headers, trust_env=False).json()[
            "data"
        ]
        assert problems_of_answer(self._schema, query, variables, data) == []
        return data


def test_an_independent_client_lists_pages_and_writes(specs: Path) -> None:
    with serve(ShopifySandbox(SandboxOptions(size=10, l_max=0))) as running:
        client = IndependentClient(running.url, specs)
        after, seen = None, []
        while True:
            page = client.run(LIST, after=after)["customers"]
            seen += [edge["node"]["id"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert len(set(seen)) == len(seen) == 10
        given = {
            "email": "New@Example.com",
            "tags": ["vip"],
            "addresses": [{"city": "Paris", "countryCode": "FR"}],
        }
        made = client.run(CREATE, input=given)["customerCreate"]
        assert made["customer"]["email"] == "new@example.com"
        again = client.run(CREATE, input=given)["customerCreate"]
        assert again["userErrors"] == [{"field": ["email"], "message": "Email has already been taken"}]
        changed = client.run(UPDATE, input={"id": made["customer"]["id"], "note": "hello"})["customerUpdate"]
        assert changed == {"customer": {"id": made["customer"]["id"], "note": "hello"}, "userErrors": []}
