"""HubSpot's communication preferences as an API of their own: keyed by address, not by contact.

Version 4, in its dated form, reads and writes a hundred addresses at once, tells dates, and re-subscribes
whoever is sent.
Version 3 takes one address at a time, refuses to re-subscribe, and fails where somebody refused everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote

from accord.http import Http
from accord_hubspot.subscription import WIDE, WIDE_SOURCES, Status

BATCH = 100
REFUSED = 400
EMAIL = {"channel": "EMAIL"}
BASIS = "CONSENT_WITH_NOTICE"


class Change(NamedTuple):
    """One status to set."""

    email: str
    type: str
    subscribed: bool
    grant: str = ""


Shown = Mapping[tuple[str, str], str]
"""By address (in lower case) and type the status that HubSpot shows."""


class Preferences:
    """Version 4.

    Args:
        http: The connection's client.
        wanted: The setting: names or ids of subscription types, with their purposes.
        version: The dated version of HubSpot's API.
    """

    rows = "results"

    def __init__(self, http: Http, wanted: Mapping[str, str], version: str) -> None:
        self._http = http
        self._wanted = wanted
        self._version = version

    @property
    def root(self) -> str:
        """Where this API lives."""
        return f"/communication-preferences/{self._version}"

    @cached_property
    def types(self) -> Mapping[str, str]:
        """The portal's subscription types: id to name."""
        path = f"{self.root}/definitions"
        rows = self._http.get(path).json()[self.rows]
        return {str(row["id"]): str(row["name"]) for row in rows}

    @cached_property
    def purposes(self) -> Mapping[str, frozenset[str]]:
        """By purpose the ids of its subscription types; a type that the portal lacks is left out."""
        found: dict[str, set[str]] = {purpose: set() for purpose in self._wanted.values()}
        for name, purpose in self._wanted.items():
            found[purpose] |= {id_ for id_, title in self.types.items() if _means(name, id_, title)}
        return {purpose: frozenset(ids) for purpose, ids in found.items()}

    @property
    def unknown(self) -> list[str]:
        """The types of the setting that the portal does not have."""
        return [name for name in self._wanted if not any(_means(name, *row) for row in self.types.items())]

    def of(self, emails: Iterable[str]) -> Mapping[str, list[Status]]:
        """What is known of each address, in lower case; one that HubSpot could not answer for is left out."""
        found: dict[str, list[Status]] = {}
        for part in _parts(sorted({email.lower() for email in emails})):
            own = self._ask("statuses/batch/read", part, "statuses")
            wide = self._ask("statuses/batch/unsubscribe-all/read", part, "wideStatuses")
            for email in own.keys() & wide.keys():
                everything = [Status(WIDE, row["status"], row["timestamp"]) for row in wide[email]]
                found[email] = [*map(_status, own[email]), *everything]
        return found

    def _ask(self, path: str, emails: Sequence[str], name: str) -> dict[str, list[dict[str, Any]]]:
        """Rows by address. An address without rows has none; one that an error is about is left out."""
        answer = self._http.post(
            f"{self.root}/{path}", params=EMAIL, json={"inputs": list(emails)}, safe=True
        ).json()
        rows = {str(row["subscriberIdString"]).lower(): row.get(name) or [] for row in answer["results"]}
        return rows if answer.get("errors") else {email: rows.get(email, []) for email in emails}

    def change(self, changes: Sequence[Change]) -> Shown:
        """Set statuses, and tell what HubSpot shows then; what it does not account for is left out."""
        shown: dict[tuple[str, str], str] = {}
        for part in _parts(changes):
            inputs = [_request(change) for change in part]
            rows = self._http.post(f"{self.root}/statuses/batch/write", json={"inputs": inputs}).json()
            for row in rows["results"]:
                key = str(row["subscriberIdString"]).lower(), str(row["subscriptionId"])
                shown[key] = str(row["status"])
        return shown

    def refuse_everything(self, emails: Sequence[str]) -> set[str]:
        """Unsubscribe addresses from everything; which of them HubSpot then shows so."""
        for part in _parts(emails):
            path = f"{self.root}/statuses/batch/unsubscribe-all"
            self._http.post(path, params=EMAIL, json={"inputs": list(part)})
        known = self.of(emails)
        return {email for email, rows in known.items() if any(_is_refusal_of_all(row) for row in rows)}


class OldPreferences(Preferences):
    """Version 3, for portals whose plan or token lacks version 4's batches."""

    rows = "subscriptionDefinitions"

    @property
    def root(self) -> str:
        """Where version 3 lives: it has no dated form."""
        return "/communication-preferences/v3"

    def of(self, emails: Iterable[str]) -> Mapping[str, list[Status]]:
        """The same, one request for each address."""
        return {email: self._one(email) for email in sorted({email.lower() for email in emails})}

    def _one(self, email: str) -> list[Status]:
        path = f"{self.root}/status/email/{quote(email, safe='@')}"
        answer = self._http.get(path, template=f"{self.root}/status/email/{{email}}").json()
        return [status for row in answer["subscriptionStatuses"] for status in _old_statuses(row)]

    def change(self, changes: Sequence[Change]) -> Shown:
        """The same, one request for each.

        A refused one is looked up: it may be done already, and it always is where everything is refused.
        """
        shown: dict[tuple[str, str], str] = {}
        for change in changes:
            verb = "subscribe" if change.subscribed else "unsubscribe"
            body = {"emailAddress": change.email, "subscriptionId": change.type, **_basis(change)}
            answer = self._http.post(f"{self.root}/{verb}", json=body, accept={REFUSED})
            if answer.status == REFUSED:
                rows = self._one(change.email)
                words = [row.word for row in rows if row.type == change.type]
            else:
                words = [str(answer.json()["status"])]
            shown |= {(change.email.lower(), change.type): word for word in words}
        return shown

    def refuse_everything(self, emails: Sequence[str]) -> set[str]:
        """Version 3 has no such call: every type is refused by itself."""
        changes = [Change(email, type_, subscribed=False) for email in emails for type_ in self.types]
        shown = self.change(changes)
        return {email for email in emails if all((email.lower(), type_) in shown for type_ in self.types)}


def _means(name: str, id_: str, title: str) -> bool:
    """Whether the setting's name is this type's id or title."""
    return name.strip().lower() in (id_, title.strip().lower())


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _status(row: Mapping[str, Any]) -> Status:
    return Status(str(row["subscriptionId"]), row["status"], row.get("timestamp"), row.get("legalBasis"))


def _old_statuses(row: Mapping[str, Any]) -> Iterator[Status]:
    yield Status(str(row["id"]), row["status"], None, row.get("legalBasis"))
    if row["status"] != "SUBSCRIBED" and row["sourceOfStatus"] in WIDE_SOURCES:
        yield Status(WIDE, "UNSUBSCRIBED")


def _request(change: Change) -> dict[str, Any]:
    word = "SUBSCRIBED" if change.subscribed else "UNSUBSCRIBED"
    return {
        "subscriberIdString": change.email,
        "subscriptionId": int(change.type),
        "channel": "EMAIL",
        "statusState": word,
        **_basis(change),
    }


def _basis(change: Change) -> dict[str, str]:
    """The ground of a subscription: the grant by its id, never its evidence."""
    if not change.subscribed:
        return {}
    return {"legalBasis": BASIS, "legalBasisExplanation": f"Accord grant {change.grant}"}


def _is_refusal_of_all(status: Status) -> bool:
    return status.type == WIDE and status.word == "UNSUBSCRIBED"
