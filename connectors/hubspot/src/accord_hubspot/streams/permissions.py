"""What people allow and refuse, carried to HubSpot's communication preferences; and erasure.

Preferences belong to addresses, and setting one for an address that HubSpot does not know would leave a trace
of somebody who was never there. So the contact is looked up first, and only its own addresses are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import accord
from accord.errors import RecordRejectedError
from accord_hubspot.streams.crm_object import MISSING, CrmObject
from accord_hubspot.streams.preferences import Change, OldPreferences, Preferences
from accord_hubspot.subscription import REFUSALS, concerned

BATCH = 50
VERSIONS = {"v4": Preferences, "v3": OldPreferences}


class Asked(NamedTuple):
    """A consent write with what it means here: whose addresses, which types (None = all mail)."""

    write: accord.ConsentWrite
    contact: str
    emails: frozenset[str]
    types: frozenset[str] | None


class Permissions(CrmObject):
    """The consent operations of the contacts."""

    consent_channels = frozenset({"email"})

    @cached_property
    def preferences(self) -> Preferences | None:
        """The preferences API in the version of the settings; None = switched off."""
        settings = self.connector.settings_value
        version = VERSIONS.get(settings.preferences)
        if version is None:
            return None
        return version(self.http, settings.subscriptions, settings.api_version)

    @accord.batch(BATCH)
    def unsubscribe(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Refuse the types of the purpose; all mail, where the refusal is wider than any of them."""
        return self._carry(writes, subscribed=False)

    @accord.batch(BATCH)
    def subscribe(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Subscribe to the types of the purpose, on the ground of the grant."""
        return self._carry(writes, subscribed=True)

    @accord.batch(BATCH)
    def erase(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Erase contacts for good, by id only: an unknown address would be blocked for ever."""
        people = self._people(writes)
        return [self._erase(write, people.get(write.id)) for write in writes]

    def _carry(self, writes: Sequence[accord.ConsentWrite], *, subscribed: bool) -> list[accord.Outcome]:
        """Look the people up, then set what can be set here."""
        if self.preferences is None:
            return [_impossible(write, "preferences_off") for write in writes]
        people = self._people(writes)
        outcomes: list[accord.Outcome] = []
        asked: list[Asked] = []
        for write in writes:
            row = people.get(write.id)
            emails = frozenset() if row is None else _addresses(write, row)
            types = self._types(self.preferences, write, opening=subscribed)
            if row is None or not emails:
                outcomes.append(accord.Outcome(write.id, accord.Result.GONE, write.external_id))
            elif types == frozenset():
                outcomes.append(_impossible(write, "purpose_not_mapped"))
            else:
                asked.append(Asked(write, str(row["id"]), emails, types))
        return [*outcomes, *self._together(self.preferences, asked, subscribed=subscribed)]

    def _types(
        self, preferences: Preferences, write: accord.ConsentWrite, *, opening: bool
    ) -> frozenset[str] | None:
        """The subscription types a write is about: those of its purpose, or the one that its scope names."""
        if write.scope is None:
            return concerned(write.purpose, preferences.purposes, opening=opening)
        wanted = write.scope.strip().lower()
        return frozenset(id_ for id_, name in preferences.types.items() if wanted in (id_, name.lower()))

    def _together(
        self, preferences: Preferences, asked: Sequence[Asked], *, subscribed: bool
    ) -> list[accord.Outcome]:
        """Set statuses in few requests; a batch that is refused as a whole is carried out one by one."""
        try:
            return _set(preferences, asked, subscribed=subscribed)
        except RecordRejectedError as error:
            if len(asked) > 1:
                singly = (self._together(preferences, [one], subscribed=subscribed) for one in asked)
                return [outcome for outcomes in singly for outcome in outcomes]
            [one] = asked
            reason = str(error.facts.get("code"))
            return [accord.Outcome(one.write.id, accord.Result.REJECTED, one.contact, reason=reason)]

    def _people(self, writes: Sequence[accord.ConsentWrite]) -> Mapping[str, accord.Row]:
        """The contact of each write: the linked one while it lives, else who has the address."""
        ids = sorted({write.external_id for write in writes if write.external_id})
        rows = self.batch_read(ids) if ids else []
        by_id = {row["id"]: row for row in rows} | {old: row for row in rows for old in self.merged_ids(row)}
        found = {write.id: by_id[id_] for write in writes if (id_ := write.external_id) and id_ in by_id}
        emails = {write.id: email for write in writes if write.id not in found and (email := _email(write))}
        others = self.batch_read(sorted(set(emails.values())), "email") if emails else []
        by_email = {email: row for row in others for email in _own(row)}
        return found | {id_: by_email[email] for id_, email in emails.items() if email in by_email}

    def _erase(self, write: accord.ConsentWrite, row: accord.Row | None) -> accord.Outcome:
        if row is None:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        key = str(row["id"])
        answer = self.http.post(f"{self.path}/gdpr-delete", json={"objectId": key}, accept={MISSING})
        if answer.status == MISSING:
            return accord.Outcome(write.id, accord.Result.GONE, key)
        return accord.Outcome(write.id, accord.Result.DONE, key, receipt=accord.Receipt.CONFIRMED)


def _set(preferences: Preferences, asked: Sequence[Asked], *, subscribed: bool) -> list[accord.Outcome]:
    changes = [
        Change(email, type_, subscribed, str(one.write.grant))
        for one in asked
        for email in sorted(one.emails)
        for type_ in sorted(one.types or ())
    ]
    everything = sorted({email for one in asked if one.types is None for email in one.emails})
    shown = preferences.change(changes) if changes else {}
    shut = preferences.refuse_everything(everything) if everything else set()
    return [
        _outcome(one, [] if one.emails <= shut else [None])
        if one.types is None
        else _outcome(one, _unlike(one, shown, subscribed=subscribed))
        for one in asked
    ]


def _unlike(one: Asked, shown: Mapping[tuple[str, str], str], *, subscribed: bool) -> list[str | None]:
    """The statuses of the person that are not as wished; None for one that HubSpot did not account for."""
    wished = {"SUBSCRIBED"} if subscribed else REFUSALS
    words = [shown.get((email, type_)) for email in one.emails for type_ in one.types or ()]
    return [word for word in words if word not in wished]


def _outcome(one: Asked, unlike: Sequence[str | None]) -> accord.Outcome:
    """Done when all is as wished. HubSpot's refusal to open is the person's own, and final."""
    id_, key = one.write.id, one.contact
    if not unlike:
        return accord.Outcome(id_, accord.Result.DONE, key, receipt=accord.Receipt.CONFIRMED)
    if one.write.verb is accord.Verb.SUBSCRIBE and None not in unlike:
        return accord.Outcome(id_, accord.Result.REJECTED, key, reason="compliance_state")
    return accord.Outcome(id_, accord.Result.UNKNOWN, key, reason="not_shown")


def _impossible(write: accord.ConsentWrite, reason: str) -> accord.Outcome:
    receipt = accord.Receipt.IMPOSSIBLE
    return accord.Outcome(write.id, accord.Result.REJECTED, write.external_id, reason=reason, receipt=receipt)


def _email(write: accord.ConsentWrite) -> str:
    return str(write.document.get("email") or "").lower()


def _own(row: accord.Row) -> set[str]:
    """The addresses a contact answers for, in lower case: its own and those it took over in a merge."""
    properties = row["properties"]
    others = str(properties.get("hs_additional_emails") or "").split(";")
    return {email.lower() for email in (str(properties.get("email") or ""), *others) if email}


def _addresses(write: accord.ConsentWrite, row: accord.Row) -> frozenset[str]:
    """The addresses a decision is about: the one HubSpot mails, and the one named if it is the contact's."""
    primary = str(row["properties"].get("email") or "").lower()
    return frozenset({primary, *({_email(write)} & _own(row))} - {""})
