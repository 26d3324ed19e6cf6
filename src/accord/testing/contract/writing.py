"""Writing: one outcome per record, nothing twice, nothing but what was sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from accord.connector import Creates
from accord.model.record import Result
from accord.testing import samples
from accord.testing.contract.needs import needs
from accord.testing.contract.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accord.testing.clerk import Clerk

GONE = (Result.DONE, Result.GONE)


class Writing(Setting):
    """Creates, updates, deletes."""

    @needs("create", "sample")
    def test_each_write_has_one_outcome(self, clerk: Clerk) -> None:
        """Five creates make five records with five keys."""
        ids = clerk.create(1, 2, 3, 4, 5)
        assert len(set(ids)) == 5  # noqa: PLR2004  one each
        assert "None" not in ids, "an outcome names no external id"

    @needs("create", "sample")
    def test_a_repeated_create_makes_no_second_record(self, clerk: Clerk) -> None:
        """By the vendor's own means, or because the first one is found."""
        before = clerk.count()
        [first] = clerk.create(1)
        clerk.wait()
        if clerk.stream.creates in (Creates.UPSERT, Creates.IDEMPOTENCY_KEY):
            assert clerk.again().create(1) == [first]
        else:
            assert clerk.find(clerk.stream.find_by[0], self._probe(clerk, clerk.stream.find_by[0])) == [first]
        assert clerk.count() == before + 1

    def _probe(self, clerk: Clerk, field: str) -> str:
        write = clerk.creating(1)
        return write.hub_id if field == "hub_id" else str(write.document[field])

    @needs("create", "reference", "get", "sample")
    def test_a_create_is_stamped_with_our_reference(self, clerk: Clerk) -> None:
        """So that it can be found again whatever becomes of the answer."""
        [id_] = clerk.create(1)
        [row] = clerk.get(id_)
        assert row is not None
        assert clerk.stream.hub_reference(row) == clerk.creating(1).hub_id

    @needs("create", "refused", "sample")
    def test_a_refused_record_harms_no_other(self, clerk: Clerk) -> None:
        """One bad record among good ones."""
        before = clerk.count()
        writes = [clerk.creating(1), clerk.creating(2, **self.refusal(clerk.stream)), clerk.creating(3)]
        results = [outcome.result for outcome in clerk.send(writes)]
        assert results == [Result.DONE, Result.REJECTED, Result.DONE]
        assert clerk.count() == before + 2

    @needs("create", "batch", "get", "edit", "http", "sample")
    def test_outcomes_are_matched_whatever_their_order(self, clerk: Clerk) -> None:
        """The vendor answers a batch in another order than it was asked."""
        assert clerk.stand.recorder is not None
        clerk.stand.recorder.heard = _reversed
        ids = clerk.create(1, 2, 3)
        clerk.stand.recorder.heard = None
        token = samples.TOKENS[clerk.stream.model]
        for number, id_ in enumerate(ids, start=1):
            assert clerk.document(id_)[token] == clerk.sample(number)[token]

    @needs("update", "get", "read", "edit")
    def test_an_update_changes_only_what_is_sent(self, clerk: Clerk) -> None:
        """Everything else stays as it was, and null empties."""
        id_ = self._some(clerk)
        before = clerk.document(id_)
        changed = self.edit(clerk)
        clerk.update(id_, changed)
        clerk.wait()
        after = clerk.document(id_)
        mapping = clerk.stream.mapping
        shown = {name: mapping.project(changed)[name] for name in changed}
        assert {name: after.get(name) for name in changed} == shown
        rest = (mapping.writable_fields & mapping.readable_fields) - changed.keys()
        assert {name: after.get(name) for name in rest} == {name: before.get(name) for name in rest}

    @needs("update", "get", "read", "edit", "etag")
    def test_an_update_of_an_old_version_is_refused(self, clerk: Clerk) -> None:
        """A person's edit that we have not seen is not overwritten."""
        id_ = self._some(clerk)
        [row] = clerk.get(id_)
        assert row is not None
        seen = clerk.stream.version(row)
        clerk.again().update(id_, self.edit(clerk))
        theirs = clerk.document(id_)
        mine = clerk.updating(id_, self.edit(clerk, 8), precondition=seen)
        [outcome] = clerk.send([mine])
        assert outcome.result is Result.PRECONDITION
        assert clerk.document(id_) == theirs

    @needs("delete", "create", "sample")
    def test_a_deleted_record_is_shown_as_declared(self, clerk: Clerk) -> None:
        """By the feed, the flag, or by absence."""
        kept, gone = clerk.create(1, 2)
        clerk.wait()
        since = clerk.stand.env.now()
        assert clerk.delete(gone) in GONE
        assert clerk.delete(gone) in GONE, "a repeated delete is harmless"
        clerk.wait()
        if clerk.can.read is None:
            return
        rows = {clerk.stream.external_id(row): row for row in clerk.again().rows()}
        live = {id_ for id_, row in rows.items() if not clerk.stream.is_deleted(row)}
        assert kept in live
        assert gone not in live
        if clerk.stream.deletes in ("feed", "flag"):
            fed = {clerk.stream.external_id(row): row for row in clerk.again().rows(since=since)}
            assert gone in fed, "the deletion is not in the feed"
            assert clerk.stream.is_deleted(fed[gone])

    @needs("delete", "create", "update", "edit", "sample")
    def test_an_update_of_a_deleted_record_says_so(self, clerk: Clerk) -> None:
        """Neither an error for the whole batch nor a new record."""
        kept, gone = clerk.create(1, 2)
        clerk.delete(gone)
        clerk.wait()
        writes = [clerk.updating(id_, self.edit(clerk)) for id_ in (kept, gone)]
        results = [outcome.result for outcome in clerk.send(writes)]
        assert results == [Result.DONE, Result.GONE]

    @needs("create", "person", "http", "sample")
    def test_an_ordinary_write_says_nothing_of_consent(self, clerk: Clerk) -> None:
        """Permission is never a by-product of a sync."""
        assert self.consent_fields, "name the vendor's subscription fields in consent_fields"
        assert clerk.stand.recorder is not None
        wishes = samples.CONSENTS
        outcomes = clerk.send([clerk.creating(1, **wishes)])
        if clerk.can.update is not None:
            id_ = str(outcomes[0].external_id)
            clerk.send([clerk.updating(id_, {**self.edit(clerk), **wishes})])
        said = {name for request, _ in clerk.stand.recorder.exchanges for name in _names(request)}
        assert said.isdisjoint(self.consent_fields)

    def _some(self, clerk: Clerk) -> str:
        """A record: a new one, or where none can be created one that is there."""
        id_ = clerk.create(1)[0] if clerk.can.create is not None else clerk.ids()[0]
        clerk.wait()
        return id_


def _reversed(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """The answer to a write with its parts in the opposite order."""
    if request.method == "GET" or not response.content:
        return response
    body = response.json()
    turned = {name: _turned(value) for name, value in body.items()} if isinstance(body, dict) else body
    return httpx.Response(response.status_code, headers=response.headers, json=turned, request=request)


def _turned(value: Any) -> Any:
    if isinstance(value, list):
        return value[::-1]
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def _names(request: httpx.Request) -> Iterator[str]:
    """Every name in a request: of parameters, of the parts of its path, of its body at any depth."""
    yield from request.url.params
    yield from request.url.path.split("/")
    body = json.loads(request.content) if request.content else None
    if isinstance(body, dict) and "query" in body:
        body = body.get("variables")  # GraphQL: the document says what to show, the variables what to change
    yield from _inner(body)


def _inner(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield str(name)
            yield from _inner(held)
    elif isinstance(value, list):
        for held in value:
            yield from _inner(held)
