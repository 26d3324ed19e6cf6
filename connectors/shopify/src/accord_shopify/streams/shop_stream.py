"""What the streams of a shop have in common: pages, lookups by id, and writes under aliases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

import accord
from accord.errors import AnswerShapeError
from accord_shopify.streams import user_errors
from accord_shopify.streams.aliased import Part, compose

if TYPE_CHECKING:
    from accord.http import Answer
    from accord_shopify.connector import Shopify

TOO_DEAR = "MAX_COST_EXCEEDED"
NESTED = 100
"""Nodes of a further page of a connection inside a record."""

MUTATION_COST = 10
"""Points of one mutation (https://shopify.dev/docs/api/usage/limits)."""


class ShopStream(accord.Stream):
    """A noun of the Admin API that is listed by a connection of its own.

    Attributes:
        noun: The GraphQL type, which also names the sort keys: ``Customer``.
        listed: The root field that lists it: ``customers``.
        fields: What is asked of each record.
        page_size: Records per page; halved for good when the vendor finds a page too dear.
        row_cost: About what one record costs, in points.
    """

    key = "id"
    cursor = accord.CursorField("updatedAt", overlap=300)
    noun: ClassVar[str]
    listed: ClassVar[str]
    fields: ClassVar[str]
    page_size: int = 50
    row_cost: float = 5.0

    @property
    def shop(self) -> Shopify:
        """The connector."""
        return cast("Shopify", self.connector)

    @property
    def fragment(self) -> str:
        """The fields of a record as a named fragment."""
        return f"fragment Row on {self.noun} {{{self.fields}}}"

    def read(self, request: accord.ReadRequest) -> Iterator[accord.Page]:
        """Pages in the order of change; of everything in the order of ids, where records never move."""
        arguments = f"$first: Int!, $after: String, $query: String, $sort: {self.noun}SortKeys"
        document = f"""query {self.noun}Page({arguments}) {{
  {self.listed}(first: $first, after: $after, query: $query, sortKey: $sort) {{
    nodes {{ ...Row }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{self.fragment}"""
        query = changed_between(request.since, request.until)
        variables: dict[str, Any] = {"query": query, "sort": "UPDATED_AT" if query else "ID"}
        token = request.token
        while True:
            answer = self.ask_page(document, {**variables, "after": token})
            found = answer.json()["data"][self.listed]
            more = found["pageInfo"]["hasNextPage"]
            token = found["pageInfo"]["endCursor"] if more else None
            rows = [row for node in found["nodes"] if (row := self.row(node)) is not None]
            yield accord.Page(rows, token, answer.server_time)
            if token is None:
                return

    def ask_page(self, document: str, variables: Mapping[str, Any]) -> Answer:
        """One page; a page that costs more than the vendor allows is asked for again at half the size."""
        while True:
            asked = {**variables, "first": self.page_size}
            try:
                return self.http.graphql_answer(
                    self.shop.path, document, asked, cost=2 + self.page_size * self.row_cost
                )
            except AnswerShapeError as error:
                self._ask_for_less(error)

    @accord.batch(50)
    def get(self, ids: Sequence[str]) -> Mapping[str, accord.Row | None]:
        """Records by global id; None for those that are gone.

        The vendor keeps no trace of a merged record under its old id: it is gone like a deleted one.
        """
        document = f"query {self.noun}ById($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...Row }} }}\n{self.fragment}"
        rows: dict[str, accord.Row | None] = {}
        left = list(ids)
        while left:
            asked = left[: self.page_size]
            try:
                data = self.ask(document, {"ids": asked}, cost=len(asked) * self.row_cost)
            except AnswerShapeError as error:
                self._ask_for_less(error)
                continue
            left = left[len(asked) :]
            rows |= {node["id"]: self.row(node) for node in data["nodes"] if node}
        return {id_: rows.get(id_) for id_ in ids}

    def _ask_for_less(self, error: AnswerShapeError) -> None:
        """Halve the page for good, if it was too dear; anything else is raised."""
        if error.facts.get("code") != TOO_DEAR or self.page_size <= 1:
            raise error
        self.page_size //= 2

    def row(self, node: dict[str, Any]) -> accord.Row | None:
        """A record as the mapping reads it; by default as the vendor gave it. None: it is gone meanwhile."""
        return node

    def follow(self, node: dict[str, Any], part: str, fields: str) -> bool:
        """Add the rest of a nested connection to its first page; False when the record is gone meanwhile.

        Args:
            node: The record as its page showed it.
            part: The connection inside it, asked for with ``pageInfo``: ``lineItems``.
            fields: What is asked of each of its nodes.
        """
        root, shown = self.noun.lower(), node[part]
        document = f"""query More($id: ID!, $after: String) {{
  {root}(id: $id) {{
    {part}(first: {NESTED}, after: $after) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }}
  }}
}}"""
        page = shown["pageInfo"]
        while page["hasNextPage"]:
            variables = {"id": node["id"], "after": page["endCursor"]}
            record = self.ask(document, variables, cost=2 * NESTED)[root]
            if record is None:
                return False
            shown["nodes"] += record[part]["nodes"]
            page = record[part]["pageInfo"]
        return True

    def ask(self, document: str, variables: Mapping[str, Any], *, cost: float) -> dict[str, Any]:
        """Send one document and return its data."""
        return self.http.graphql(self.shop.path, document, variables, cost=cost)

    def look(self, name: str, parts: Sequence[Part], *fragments: str) -> dict[str, Any]:
        """Ask several questions in one query."""
        document, variables = compose("query", name, parts, *fragments)
        return self.ask(document, variables, cost=len(parts) * (2 + 5 * self.row_cost))

    def send(self, name: str, parts: Sequence[Part], *fragments: str) -> dict[str, Any]:
        """Run several mutations in one document."""
        document, variables = compose("mutation", name, parts, *fragments)
        return self.ask(document, variables, cost=len(parts) * (MUTATION_COST + self.row_cost))

    def outcome(
        self, write: accord.Write, errors: user_errors.Errors, row: accord.Row | None
    ) -> accord.Outcome:
        """What the vendor said to one write."""
        if not errors and row is not None:
            id_ = self.external_id(row)
            return accord.Outcome(write.id, accord.Result.DONE, external_id=id_, row=row)
        if errors and write.external_id and user_errors.is_missing(errors):
            return accord.Outcome(write.id, accord.Result.GONE, external_id=write.external_id)
        if errors:
            why = user_errors.reason(errors)
            return accord.Outcome(write.id, accord.Result.REJECTED, external_id=write.external_id, reason=why)
        return unanswered(write)


def unanswered(write: accord.Write | accord.ConsentWrite) -> accord.Outcome:
    """The answer lacks this write: it may have been applied."""
    return accord.Outcome(write.id, accord.Result.UNKNOWN, external_id=write.external_id, reason="unanswered")


def changed_between(since: datetime | None, until: datetime | None) -> str | None:
    """The search query for records changed from ``since`` on and before ``until``; None = all records.

    Source: https://shopify.dev/docs/api/usage/search-syntax
    """
    parts = []
    if since is not None:
        parts.append(f"updated_at:>='{_utc(since)}'")
    if until is not None:
        parts.append(f"updated_at:<'{_utc(until)}'")
    return " AND ".join(parts) or None


def quoted(value: str) -> str:
    """A value inside a search query, so that nothing in it is taken for syntax."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _utc(instant: datetime) -> str:
    """Whole seconds, rounded down: the vendor keeps no finer ones."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
