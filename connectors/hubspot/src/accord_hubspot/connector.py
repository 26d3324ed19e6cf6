"""A HubSpot portal: settings, HTTP client, and the property that holds our reference."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

import accord
from accord.errors import AccessError
from accord.http import Bearer, ErrorRule, ErrorTable, Http, RateLimit
from accord_hubspot.streams.contacts import Contacts
from accord_hubspot.streams.crm_object import REFERENCE, CrmObject
from accord_hubspot.streams.orders import Orders

Purpose = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")]


VERSION = "2026-03"
"""The first of HubSpot's dated versions. Of the numbered ones, v4 is supported until 30 March 2027, v3 until
September 2027 (HubSpot's changelog, "Legacy APIs and Apps: What's Going Unsupported and When")."""

USUAL = {"Marketing Information": "marketing.direct"}
"""The marketing type that every portal begins with, in English portals under this name."""


ERRORS = ErrorTable(
    rules=(
        # A record that is missing is told inside a batch, or asked for with 404 among the expected answers.
        ErrorRule(
            (404, 410),
            AccessError,
            hint="The portal has no such objects, or HubSpot has retired this version of its API: look "
            "at the portal's plan, or set the connection's api_version to a later one.",
        ),
    ),
    code=("category",),
    unprocessed=(423, 477),
)
"""423: locked for two seconds after much writing. 477: the portal moves to another data centre, up to a day,
with Retry-After. Neither has done anything (developers.hubspot.com/docs/api-reference/error-handling)."""


class HubSpotSettings(accord.Settings):
    """The connection's keys in accord.toml.

    Attributes:
        token: A service key, or the access token of a private app; README.md lists the scopes.
        api_version: The dated version of HubSpot's API, for the day on which HubSpot retires the default.
        subscriptions: Names or ids of the portal's subscription types, with the purpose each is about.
        preferences: Which version of the communication preferences is used. ``v4`` has batches and dates;
            ``v3`` is for tokens without the batch scopes; ``off`` neither reads nor writes.
        statuses_every: Hours between two looks at all statuses, which change without their contact's date
            changing; 0 leaves it to full reads.
    """

    token: SecretStr
    api_version: str = Field(default=VERSION, pattern="^20[0-9]{2}-(03|09)$")
    subscriptions: dict[str, Purpose] = Field(default_factory=lambda: dict(USUAL))
    preferences: Literal["v4", "v3", "off"] = "v4"
    statuses_every: float = Field(default=1.0, ge=0, le=24 * 31)


class HubSpot(accord.Connector[HubSpotSettings]):
    """HubSpot's CRM, by its dated API."""

    name = "hubspot"
    title = "HubSpot"
    settings = HubSpotSettings
    streams = (Contacts, Orders)
    # developers.hubspot.com/docs/guides/apps/api-usage/usage-details: 190 in 10 s for private apps of paid
    # portals, five searches a second for the whole account. The headers correct this for other plans.
    limits = (RateLimit(190, seconds=10), RateLimit(5, scope="search"))
    api_version = VERSION
    documentation = "https://developers.hubspot.com/docs/api-reference/2026-03/overview"

    def connect(self) -> Http:
        """A client with the key."""
        settings = self.settings_value
        return Http(
            str(settings.base_url or "https://api.hubapi.com"),
            context=self.context,
            auth=Bearer(settings.token),
            limits=self.limits,
            errors=ERRORS,
        )

    def check(self) -> accord.Account:
        """Ask for the portal; see to the reference property; name properties that the mapping lacks."""
        version = self.settings_value.api_version
        portal = self.http.get(f"/account-info/{version}/details").json()
        streams = [stream for stream in self.open_streams() if isinstance(stream, CrmObject)]
        return accord.Account(
            fingerprint=str(portal["portalId"]),
            title=f"portal {portal['portalId']}",
            details={"type": portal["accountType"], "hosting": portal["dataHostingLocation"], "api": version},
            missing=[lack for stream in streams for lack in (*self._missing(stream), *_untold(stream))],
        )

    def _missing(self, stream: CrmObject) -> list[str]:
        """What the portal lacks for the stream; the reference property is created on the spot."""
        path = f"/crm/properties/{self.settings_value.api_version}/{stream.name}"
        try:
            rows = self.http.get(path, template=path).json()["results"]
        except AccessError:
            return [f"scope crm.objects.{stream.name}.read"]
        known = {row["name"]: row for row in rows}
        lacks = [f"{stream.name} property {name}" for name in stream.properties if name not in known]
        lack = f"{stream.name} property {REFERENCE}"
        if lack in lacks and self._create_reference(path, rows[0]["groupName"]):
            lacks.remove(lack)
        elif REFERENCE in known and not known[REFERENCE].get("hasUniqueValue"):
            lacks.append(f"{lack} with unique values")
        return lacks

    def _create_reference(self, path: str, group: str) -> bool:
        """Create the property that makes creates repeatable; False without the scope for it."""
        wanted = {"name": REFERENCE, "label": "Accord id", "description": "Accord's id of this record."}
        kind = {"type": "string", "fieldType": "text", "groupName": group, "hasUniqueValue": True}
        try:
            self.http.post(path, json={**wanted, **kind, "formField": False}, template=path)
        except AccessError:
            return False
        return True


def _untold(stream: CrmObject) -> list[str]:
    """What is missing to know and carry what people permit."""
    preferences = stream.preferences if isinstance(stream, Contacts) else None
    if preferences is None:
        return []
    try:
        return [f"subscription type {name!r} (setting subscriptions)" for name in preferences.unknown]
    except AccessError:
        return ["scope communication_preferences.read_write"]
