"""Consent: what people refuse is carried out and shown; nothing opens what a person has closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.model.record import Receipt, Result, Verb
from accord.testing.contract.needs import needs
from accord.testing.contract.setting import Setting

if TYPE_CHECKING:
    from accord.model.record import ConsentWrite
    from accord.testing.clerk import Clerk

CARRIED_OUT = (Receipt.CONFIRMED, Receipt.ACCEPTED)
ERASED = (*CARRIED_OUT, Receipt.RETAINED)
NOBODY_THERE = (Result.GONE, Result.DONE)
STRANGER = 4711
"""The number of a sample that no test creates."""


class Consenting(Setting):
    """The consent operations ``unsubscribe``, ``subscribe`` and ``erase``."""

    def test_a_stream_that_carries_consent_says_for_which_channels(self) -> None:
        """The engine sends a change of permission only where its channel is declared."""
        for stream in self.declared():
            can = stream.operations
            wishes = can.unsubscribe or can.subscribe or can.remove
            assert bool(stream.consent_channels) == bool(wishes), stream.name

    @needs("unsubscribe", "create", "sample", "person")
    def test_an_unsubscribe_is_carried_out_and_may_be_repeated(self, clerk: Clerk) -> None:
        """The second one changes nothing and is no failure."""
        ids = clerk.create(1, 2)
        clerk.wait()
        for channel in sorted(clerk.stream.consent_channels):
            for _ in range(2):
                asked = [clerk.asking(Verb.UNSUBSCRIBE, 1, ids[0], channel, purpose=self.purpose)]
                [outcome] = clerk.ask(*asked)
                assert outcome.result is Result.DONE, f"{channel}: {outcome.result} ({outcome.reason})"
                assert outcome.receipt in CARRIED_OUT, f"{channel}: no receipt"
        assert clerk.count() == len(set(clerk.ids()) if clerk.can.read else ids)

    @needs("unsubscribe", "create", "get", "consents", "sample", "person")
    def test_an_unsubscribed_person_is_shown_as_withdrawn(self, clerk: Clerk) -> None:
        """And nobody else is."""
        mine, other = clerk.create(1, 2)
        clerk.wait()
        for channel in self._shown_channels(clerk):
            clerk.ask(clerk.asking(Verb.UNSUBSCRIBE, 1, mine, channel, purpose=self.purpose))
            clerk.wait()
            assert self._state(clerk, mine, channel) == "withdrawn"
            assert self._state(clerk, other, channel) != "withdrawn"

    @needs("unsubscribe", "create", "sample", "person", "http")
    def test_a_refusal_never_creates_a_person(self, clerk: Clerk) -> None:
        """Where the vendor has never heard of somebody, there is nothing to refuse."""
        clerk.create(1)
        before = clerk.count()
        for channel in sorted(clerk.stream.consent_channels):
            write = clerk.asking(Verb.UNSUBSCRIBE, STRANGER, None, channel, purpose=self.purpose)
            [outcome] = clerk.ask(write)
            assert outcome.result in NOBODY_THERE, f"{channel}: {outcome.result} ({outcome.reason})"
        assert clerk.count() == before

    @needs("unsubscribe", "create", "delete", "sample", "person")
    def test_each_consent_write_has_its_own_outcome(self, clerk: Clerk) -> None:
        """A record that is gone does not keep others from being unsubscribed."""
        kept, gone = clerk.create(1, 2)
        clerk.delete(gone)
        clerk.wait()
        [channel, *_] = sorted(clerk.stream.consent_channels)
        writes = [
            clerk.asking(Verb.UNSUBSCRIBE, number, id_, channel, purpose=self.purpose)
            for number, id_ in ((2, gone), (1, kept))
        ]
        assert [outcome.result for outcome in clerk.ask(*writes)] == [Result.GONE, Result.DONE]

    @needs("subscribe", "create", "sample", "person", "http")
    def test_a_subscribe_without_a_grant_is_refused_unsent(self, clerk: Clerk) -> None:
        """Only the id of a fresh, explicit grant opens anything."""
        [id_] = clerk.create(1)
        clerk.wait()
        assert clerk.stand.recorder is not None
        said = len(clerk.stand.recorder.exchanges)
        for channel in sorted(clerk.stream.consent_channels):
            for grant in (None, ""):
                write = clerk.asking(Verb.SUBSCRIBE, 1, id_, channel, purpose=self.purpose, grant=grant)
                [outcome] = clerk.ask(write)
                assert (outcome.result, outcome.reason) == (Result.REJECTED, "no_grant")
        assert len(clerk.stand.recorder.exchanges) == said, "something was sent"

    @needs("subscribe", "create", "sample", "person", "http")
    def test_a_subscribe_never_creates_a_person(self, clerk: Clerk) -> None:
        """A permission is recorded where the person already is."""
        clerk.create(1)
        before = clerk.count()
        for channel in sorted(clerk.stream.consent_channels):
            clerk.ask(clerk.asking(Verb.SUBSCRIBE, STRANGER, "0", channel, purpose=self.purpose, grant="g1"))
        assert clerk.count() == before

    @needs("unsubscribe", "create", "update", "get", "edit", "consents", "sample", "person")
    def test_no_ordinary_write_reopens_what_was_refused(self, clerk: Clerk) -> None:
        """Not even one that carries a grant among its fields."""
        [id_] = clerk.create(1)
        clerk.wait()
        for channel in self._shown_channels(clerk):
            clerk.ask(clerk.asking(Verb.UNSUBSCRIBE, 1, id_, channel, purpose=self.purpose))
            granted = {f"{self.purpose}:{channel}": {"state": "granted", "at": "2099-01-01T00:00:00Z"}}
            clerk.send([clerk.updating(id_, {**self.edit(clerk), "consents": granted})])
            clerk.wait()
            assert self._state(clerk, id_, channel) == "withdrawn"

    @needs("read", "get", "create", "consents", "sample", "person", "http")
    def test_a_refusal_made_at_the_vendor_is_read(self, clerk: Clerk) -> None:
        """The person follows the link in a mail, or answers STOP."""
        sandbox = clerk.stand.sandbox
        assert sandbox is not None
        [id_] = clerk.create(1)
        clerk.wait()
        for channel in self._shown_channels(clerk):
            sandbox.person_unsubscribes(clerk.stream.name, id_.rpartition("/")[2], channel)
            clerk.wait()
            assert self._state(clerk, id_, channel) == "withdrawn"
            rows = {clerk.stream.external_id(row): row for row in clerk.again().rows()}
            assert clerk.stream.mapping.read(rows[id_])["consents"] == clerk.document(id_)["consents"]

    @needs("remove", "create", "sample", "person", "http")
    def test_a_removal_takes_out_whom_the_ledger_names(self, clerk: Clerk) -> None:
        """By the identifiers that were sent; nobody else, and twice is harmless."""
        before = clerk.count()
        clerk.create(1, 2)
        [channel, *_] = sorted(clerk.stream.consent_channels)
        for _ in range(2):
            [outcome] = clerk.ask(clerk.asking(Verb.REMOVE, 1, None, channel, purpose=self.purpose))
            assert outcome.result is Result.DONE, f"{outcome.result} ({outcome.reason})"
            assert outcome.receipt in CARRIED_OUT, "no receipt"
            clerk.wait()
            assert clerk.count() == before + 1

    @needs("remove", "create", "sample", "person", "http")
    def test_removing_a_stranger_touches_nobody(self, clerk: Clerk) -> None:
        """Whom the ledger does not name is not looked for by other means."""
        clerk.create(1)
        before = clerk.count()
        [channel, *_] = sorted(clerk.stream.consent_channels)
        [outcome] = clerk.ask(clerk.asking(Verb.REMOVE, STRANGER, "0", channel, purpose=self.purpose))
        assert outcome.result is Result.GONE or outcome.receipt is Receipt.IMPOSSIBLE
        assert clerk.count() == before

    @needs("remove", "create", "sample", "person")
    def test_who_leaves_by_identifiers_is_in_the_ledger_under_them(self, clerk: Clerk) -> None:
        """Named normalisers, and nothing in clear text."""
        write = clerk.creating(1)
        ledger = clerk.stream.identifiers(write.row)
        assert ledger.get("normaliser"), "Stream.identifiers names no normaliser"
        clear = [str(value) for value in write.document.values() if isinstance(value, str)]
        assert not [value for value in clear if value in ledger.values()]

    @needs("erase", "create", "sample", "person")
    def test_an_erased_person_is_gone(self, clerk: Clerk) -> None:
        """With the receipt that the vendor can give; a repeated erasure is harmless."""
        mine, other = clerk.create(1, 2)
        clerk.wait()
        [outcome] = clerk.ask(clerk.asking(Verb.ERASE, 1, mine))
        assert outcome.result is Result.DONE, f"{outcome.result} ({outcome.reason})"
        assert outcome.receipt in ERASED
        clerk.wait()
        [again] = clerk.ask(clerk.asking(Verb.ERASE, 1, mine))
        assert again.result in NOBODY_THERE
        if outcome.receipt is Receipt.CONFIRMED and clerk.can.get is not None:
            assert clerk.get(mine) == [None]
            assert clerk.get(other) != [None]

    @needs("erase", "create", "sample", "person")
    def test_erasing_a_stranger_touches_nobody(self, clerk: Clerk) -> None:
        """Neither by key nor by address."""
        clerk.create(1)
        before = clerk.count()
        for id_ in (None, "0"):
            [outcome] = clerk.ask(clerk.asking(Verb.ERASE, STRANGER, id_))
            assert outcome.result is Result.GONE
        assert clerk.count() == before

    @needs("unsubscribe", "sample", "person")
    def test_an_unsubscribe_of_a_channel_not_served_is_impossible(self, clerk: Clerk) -> None:
        """A refusal that cannot be carried out here must reach a person, not vanish."""
        _refused_as_impossible(clerk, clerk.asking(Verb.UNSUBSCRIBE, 1, "0", "in_app", purpose=self.purpose))

    @needs("subscribe", "sample", "person")
    def test_a_subscribe_of_a_channel_not_served_is_impossible(self, clerk: Clerk) -> None:
        """Nor does it open another channel."""
        write = clerk.asking(Verb.SUBSCRIBE, 1, "0", "in_app", purpose=self.purpose, grant="g1")
        _refused_as_impossible(clerk, write)

    def _shown_channels(self, clerk: Clerk) -> list[str]:
        """The channels whose state the mapping shows."""
        return [
            channel
            for channel in sorted(clerk.stream.consent_channels)
            if clerk.stream.mapping.reads(f"consents.{self.purpose}:{channel}")
        ]

    def _state(self, clerk: Clerk, id_: str, channel: str) -> str | None:
        """What the vendor shows of a person."""
        consent = clerk.document(id_).get("consents", {}).get(f"{self.purpose}:{channel}") or {}
        state: str | None = consent.get("state")
        return state


def _refused_as_impossible(clerk: Clerk, write: ConsentWrite) -> None:
    [outcome] = clerk.ask(write)
    assert (outcome.result, outcome.receipt) == (Result.REJECTED, Receipt.IMPOSSIBLE)
