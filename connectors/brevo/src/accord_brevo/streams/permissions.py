"""What people allow and refuse, carried to Brevo: flags that are only ever set, mails that ask to confirm.

Clearing a flag, or deleting a block, would subscribe somebody at once; neither is ever sent. A permission
goes out as Brevo's own double opt-in, which only the person can complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import accord
from accord.http import Answer, segment
from accord_brevo.subscription import FLAGS

PATH = "/v3/contacts"
REFUSED, MISSING, NOT_ALLOWED = 400, 404, 405
POINTS = {"email": ("email", "email_id"), "sms": ("phone", "phone_id")}
"""The canonical contact point of each channel and Brevo's identifier for it."""


class Permissions(accord.Stream):
    """The consent operations of the contacts."""

    consent_channels = frozenset(FLAGS)
    confirms: ClassVar[bool] = True
    mails_unless_refused: ClassVar[bool] = True

    lookup: Callable[[str, str], accord.Row | None]
    """One contact by a kind of identifier and its value; the contacts know how."""

    @accord.batch(1, limit_class="contacts")
    def unsubscribe(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Set the channel's flag; for a refusal of one list (its number as scope), leave that list."""
        return [self._unsubscribe(write) for write in writes]

    @accord.batch(1, limit_class="contacts")
    def subscribe(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Let Brevo send its confirmation mail; nothing is open before the person has clicked."""
        return [self._subscribe(write) for write in writes]

    @accord.batch(1, limit_class="contacts")
    def erase(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Delete the contact, flags and all: Accord keeps the refusal."""
        return [self._erase(write) for write in writes]

    def _unsubscribe(self, write: accord.ConsentWrite) -> accord.Outcome:
        if not write.purpose.startswith("marketing"):
            return _impossible(write, "purpose_not_served")
        row = self._person(write, *POINTS[write.channel])
        if row is None:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        flag, key = FLAGS[write.channel], str(row["id"])
        scope = write.scope or ""
        change = {"unlinkListIds": [int(scope)]} if scope.isdigit() else {flag: True}
        if row.get(flag) is True:
            return _done(write, key)
        answer = self._put(key, change)
        if answer.status == MISSING:
            return accord.Outcome(write.id, accord.Result.GONE, key)
        if answer.status == REFUSED:
            return accord.Outcome(write.id, accord.Result.REJECTED, key, reason=_code(answer.json()))
        return _done(write, key)

    def _put(self, key: str, change: accord.Row) -> Answer:
        """Change a contact: the answer, also where Brevo refuses it or knows no such contact."""
        return self.http.put(
            f"{PATH}/{segment(key)}",
            params={"identifierType": "contact_id"},
            json=change,
            accept={REFUSED, MISSING},
            limit_class="contacts",
            template=PATH + "/{key}",
        )

    def _subscribe(self, write: accord.ConsentWrite) -> accord.Outcome:
        settings = self.connector.settings_value
        if write.channel != "email":
            return _impossible(write, "no_confirmation_on_this_channel")
        if not (settings.lists and settings.confirmation_template and settings.confirmation_page):
            return _impossible(write, "confirmation_not_configured")
        row = self._person(write, *POINTS["email"])
        if row is None or not row.get("email"):
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        key = str(row["id"])
        if row["emailBlacklisted"]:
            # Brevo answers such a request with "already associated" (sendinblue/APIv3-php-library#253).
            return accord.Outcome(write.id, accord.Result.REJECTED, key, reason="compliance_state")
        return self._confirm(write, key, row["email"])

    def _confirm(self, write: accord.ConsentWrite, key: str, email: str) -> accord.Outcome:
        settings = self.connector.settings_value
        body = {
            "email": email,
            "includeListIds": list(settings.lists),
            "templateId": settings.confirmation_template,
            "redirectionUrl": str(settings.confirmation_page),
        }
        path = f"{PATH}/doubleOptinConfirmation"
        answer = self.http.post(path, json=body, accept={REFUSED}, limit_class="contacts")
        if answer.status == REFUSED:
            return accord.Outcome(write.id, accord.Result.REJECTED, key, reason=_code(answer.json()))
        return accord.Outcome(write.id, accord.Result.DONE, key, receipt=accord.Receipt.ACCEPTED)

    def _erase(self, write: accord.ConsentWrite) -> accord.Outcome:
        # A number may be a couple's: it names the person only where no address does.
        point = POINTS["email" if write.document.get("email") else "sms"]
        row = self._person(write, *point)
        if row is None:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        key = str(row["id"])
        answer = self.http.delete(
            f"{PATH}/{segment(key)}",
            params={"identifierType": "contact_id"},
            accept={MISSING, NOT_ALLOWED},
            limit_class="contacts",
            template=PATH + "/{key}",
        )
        if answer.status == NOT_ALLOWED:
            return _impossible(write, _code(answer.json()))
        if answer.status == MISSING:
            return accord.Outcome(write.id, accord.Result.GONE, key)
        return _done(write, key)

    def _person(self, write: accord.ConsentWrite, field: str, kind: str) -> accord.Row | None:
        """The contact of a write: by its key, else by the address or number it is about.

        The second look matters: who was deleted and came back under another key still gets mail.
        """
        row = self.lookup("contact_id", write.external_id) if write.external_id else None
        point = write.document.get(field)
        return self.lookup(kind, str(point)) if row is None and point else row


def _done(write: accord.ConsentWrite, key: str) -> accord.Outcome:
    return accord.Outcome(write.id, accord.Result.DONE, key, receipt=accord.Receipt.CONFIRMED)


def _impossible(write: accord.ConsentWrite, reason: str) -> accord.Outcome:
    receipt = accord.Receipt.IMPOSSIBLE
    return accord.Outcome(write.id, accord.Result.REJECTED, write.external_id, reason=reason, receipt=receipt)


def _code(error: dict[str, Any]) -> str:
    """Brevo's code; never its sentence, which may quote the record."""
    return str(error.get("code"))
