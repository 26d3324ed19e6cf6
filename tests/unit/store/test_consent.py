"""The tables of consent, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accord.consent.fold import Cell, CellState
from accord.consent.signal import Evidence, Kind, NoticeVersion
from accord.store import Store
from accord.store.consent_rows import (
    Decision,
    Hold,
    Objection,
    Revocation,
    RevocationState,
    Send,
    SendState,
    Suppression,
    ValueOrigin,
)
from tests.unit.consent.said import CELL, POINT, grant, said, withdraw


def test_a_signal_is_kept_as_it_was(store: Store) -> None:
    one = grant(
        evidence="form-7", sequence=0, expires_at=9.5, notice="n@1", precision=60.0, recorded_for="ann"
    )
    with store.transaction("signal") as tx:
        tx.signals.add([one])
    with store.reading() as tx:
        assert tx.signals.of(["ann"]) == {"ann": [one]}


def test_an_event_is_one_signal_however_often_it_comes(store: Store) -> None:
    one = grant(recorded_for="ann")
    again = replace(one, id="again", kind=Kind.WITHDRAW)
    with store.transaction("signals") as tx:
        assert tx.signals.add([one, again]) == [one]
        assert tx.signals.add([again, other := grant(recorded_for="ann")]) == [other]
        assert [each.id for each in tx.signals.of(["ann"])["ann"]] == sorted([one.id, other.id])


def test_a_merge_moves_a_log_and_keeps_for_whom_it_was_recorded(store: Store) -> None:
    one = withdraw()
    with store.transaction("signals") as tx:
        tx.signals.add([one])
        tx.signals.move([replace(one, subject="bob")])
        assert tx.signals.of(["ann", "bob"]) == {"bob": [replace(one, subject="bob", recorded_for="ann")]}


def test_states_are_replaced_whole(store: Store) -> None:
    states = {
        CELL: CellState("granted", "consent", 2, 1.5, "s1", 9.0, ("s2",)),
        Cell("marketing.direct", "sms", "", "news", "brand"): CellState("withdrawn", epoch=1),
    }
    with store.transaction("states") as tx:
        tx.permissions.replace({"ann": {CELL: CellState()}, "bob": states})
        tx.permissions.replace({"ann": states, "bob": {}})
        assert tx.permissions.of(["ann", "bob"]) == {"ann": states}
        assert tx.permissions.ending(8.0) == []
        assert tx.permissions.ending(9.0) == ["ann"]


def test_an_address_tells_its_owners(store: Store) -> None:
    with store.transaction("points") as tx:
        tx.points.put_many([("ann", {"email": POINT, "phone": "cc"}), ("bob", {"email": POINT})])
        tx.points.put_many([("ann", {"email": POINT})])
        assert tx.points.owners([POINT, "cc"]) == {POINT: {"ann", "bob"}}
        assert tx.points.of(["ann"]) == {"ann": {"email": POINT}}


def test_a_suppression_is_noted_once_and_cleared_by_a_person(store: Store) -> None:
    first = Suppression(POINT, "email", "hard_bounce", "ann", "news", 1.0, 0.5)
    with store.transaction("suppressions") as tx:
        tx.suppressions.add([first])
        tx.suppressions.add([replace(first, received_at=2.0)])
        assert tx.suppressions.at([POINT]) == {POINT: [first]}
        assert tx.suppressions.clear(POINT, "email", "hard_bounce")
        assert not tx.suppressions.clear(POINT, "email", "hard_bounce")


def test_objections_last_until_their_time_is_over(store: Store) -> None:
    one = Objection(POINT, "marketing.direct", "email", 1.0, 10.0)
    with store.transaction("objections") as tx:
        tx.objections.add([one])
        assert tx.objections.expire(9.0) == 0
        assert tx.objections.at([POINT]) == {POINT: [one]}
        assert tx.objections.expire(11.0) == 1


def test_the_origin_of_a_value_survives_a_merge(store: Store) -> None:
    one = ValueOrigin("bob", "email", b"12345678", "marketplace", "market/orders", 1.0)
    with store.transaction("origins") as tx:
        tx.origins.add([one, one])
        tx.origins.move("bob", "ann")
        assert tx.origins.of(["ann"]) == {"ann": [replace(one, entity="ann")]}


def test_a_text_of_one_version_never_changes(store: Store) -> None:
    one = NoticeVersion("news", "2026@a", "ff", "fr-FR", ("marketing.direct",), ("meta",), 1.0)
    with store.transaction("notices") as tx:
        tx.notices.add(one)
        tx.notices.add(replace(one, partners=()))
        assert tx.notices.get([one.reference, "other@1", "none"]) == {one.reference: one}


def test_evidence_is_sealed(store: Store) -> None:
    one = Evidence("e1", "web_form", 1.0, 5.0, {"form": "https://example.com/news"})
    with store.transaction("evidence") as tx:
        tx.evidence.add(one)
        assert tx.evidence.get(["e1"]) == {"e1": one}
        assert b"example" not in bytes(tx.bulk.driver.execute("SELECT body FROM evidence").fetchone()[0])
        assert tx.evidence.expire(6.0) == 1


def test_a_send_is_settled_and_found_by_its_person(store: Store) -> None:
    one = Send("i1:1", "ann", "ann", "news", "contacts", "marketing.direct", "email", ["email"], {"em": "ff"})
    with store.transaction("ledger") as tx:
        tx.ledger.start([one])
        assert tx.ledger.of(["ann"]) == {"ann": [one]}
        tx.ledger.settle([("i1:1", SendState.SENT, "n7")], 5.0)
        tx.ledger.move("ann", "bob")
        (found,) = tx.ledger.of(["bob"])["bob"]
        assert (found.status, found.external_id, found.identifiers) == (SendState.SENT, "n7", {"em": "ff"})


def decisions(store: Store, number: int = 5) -> None:
    with store.transaction("decisions") as tx:
        tx.decisions.append(
            [
                Decision(f"d{n}", float(n), "ann", "news", "ads.audience_match", "deny", {"n": n})
                for n in range(number)
            ]
        )


def test_what_stands_somewhere_is_found_page_by_page_and_forgotten(store: Store) -> None:
    def send(who: str, status: SendState) -> Send:
        ids = {"em": "ff"}
        one = Send(
            f"{who}:1", who, who, "news", "contacts", "marketing.direct", "email", ["email"], ids, ["aa"]
        )
        one.status, one.external_id = status, "n1"
        return one

    states = (SendState.SENT, SendState.REVOKED, SendState.UNKNOWN, SendState.STARTED)
    with store.transaction("sends") as tx:
        tx.ledger.start([send(who, status) for who, status in zip("abcd", states, strict=True)])
        assert (tx.ledger.subjects("", 2), tx.ledger.subjects("c")) == (["a", "c"], ["d"])
        assert tx.ledger.mark(["a:1", "c:1"], SendState.REVOKED, only=SendState.UNKNOWN) == 1
        assert [one.status for one in tx.ledger.get(["a:1", "c:1"])] == [SendState.SENT, SendState.REVOKED]
        assert tx.ledger.get(["a:1"])[0].points == ["aa"]
        assert tx.ledger.forget(["a"]) == 1
        (left,) = tx.ledger.get(["a:1"])
        assert (left.identifiers, left.points, left.external_id, left.fields) == ({}, (), None, ["email"])


def test_the_decision_log_proves_itself(store: Store) -> None:
    decisions(store)
    decisions(store)
    with store.reading() as tx:
        assert tx.decisions.verify() is None
        assert [one.facts["n"] for one in tx.decisions.of("ann", "news", 2)] == [4, 3]


@pytest.mark.parametrize(
    ("forged", "at"),
    [
        ("UPDATE consent_decision SET outcome = 'allow' WHERE seq = 3", 3),
        ("UPDATE consent_decision SET at = 7 WHERE seq = 2", 2),
        ("DELETE FROM consent_decision WHERE seq = 3", 4),
        ("DELETE FROM consent_decision WHERE seq = 1", 2),
    ],
)
def test_a_forged_decision_is_found(store: Store, forged: str, at: int) -> None:
    decisions(store)
    with store.transaction("forge") as tx:
        tx.bulk.driver.execute(forged)
        assert tx.decisions.verify() == at


def test_what_is_kept_back_is_found_by_its_person(store: Store) -> None:
    one = Hold("news", "orders", "order1", "ann", "state_unknown", 1.0)
    with store.transaction("holds") as tx:
        tx.holds.put([replace(one, at=0.0)])
        tx.holds.put([one])
        assert tx.holds.of(["ann"]) == tx.holds.because("state_unknown") == [one]
        assert tx.holds.release("news", "orders", ["order1"]) == 1


def test_a_revocation_is_queued_once_and_waits_for_its_turn(store: Store) -> None:
    one = Revocation(
        "r1",
        "ann",
        "news",
        "contacts",
        "remove",
        "ads.audience_match",
        "email",
        identifiers={"em": "ff"},
        due_at=9.0,
    )
    with store.transaction("revocations") as tx:
        assert tx.revocations.add([one, replace(one, id="r2", not_before=5.0)]) == 2
        assert tx.revocations.add([one]) == 0
        assert [each.id for each in tx.revocations.ready("news", "contacts", 1.0)] == ["r1"]
        assert tx.revocations.any_ready("news", "contacts", 0.0)
        assert tx.revocations.open_at("news", "contacts", ["ann"])["ann"][0] == one
        one.state, one.finished_at, one.receipt = RevocationState.DONE, 3.0, "confirmed"
        tx.revocations.save([one])
        assert tx.revocations.open_count() == 1
        assert [each.id for each in tx.revocations.overdue(9.0)] == ["r2"]
        assert tx.revocations.places() == [("news", "contacts")]
        assert said(Kind.GRANT).subject == tx.revocations.of(["ann"])[0].subject
