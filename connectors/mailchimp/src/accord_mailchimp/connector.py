"""One audience of a Mailchimp account: settings, HTTP client and the proof that its key works."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, SecretStr, model_validator

import accord
from accord.errors import AccessError, ConfigError, RateLimitedError
from accord.http import Basic, ErrorRule, ErrorTable, Http
from accord_mailchimp.mapping import REFERENCE
from accord_mailchimp.streams.members import Members

DATA_CENTRE = re.compile(r"-([a-z]{2,4}[0-9]{1,3})$")
"""How an API key ends: with the data centre that its account lives in (basePath of the vendor's spec)."""

MISSING = 404
NO_AUDIENCE = (
    "The account has no audience with this list_id. Take it from Mailchimp: Audience, Settings, "
    "Audience name and defaults, Audience ID."
)


class MailchimpSettings(accord.Settings):
    """The connection's keys in accord.toml.

    Attributes:
        api_key: An API key (Mailchimp: Profile, Extras, API keys).
        list_id: The audience's id (Audience, Settings, Audience name and defaults).
        server: The data centre, such as ``us6``; by default the end of the key says it.
        rename: Whether a changed e-mail address may rename a subscribed or pending member in place.
            The permission travels with a rename, so a member who is unsubscribed or has bounced is
            never renamed (see QUIRKS.md).
    """

    api_key: SecretStr
    list_id: str = Field(pattern="^[A-Za-z0-9]{1,32}$")
    server: str | None = Field(default=None, pattern="^[a-z]{2,4}[0-9]{1,3}$")
    rename: bool = False

    @model_validator(mode="after")
    def _place_is_known(self) -> Self:
        if self.base_url is None and self.data_centre is None:
            raise ValueError("server is missing: the key does not end with a data centre such as -us6")
        return self

    @property
    def data_centre(self) -> str | None:
        """The data centre, as set or as the key's end says it."""
        found = DATA_CENTRE.search(self.api_key.get_secret_value())
        return self.server or (found.group(1) if found else None)


class Mailchimp(accord.Connector[MailchimpSettings]):
    """Mailchimp's Marketing API, version 3.0.

    It publishes no rate, only that ten requests may be under way at once; Accord has fewer. There are no
    rate-limit headers. At high volume it answers 403 without JSON, which is a limit, not a refused key
    (facts: the vendor's "Fundamentals" page, as quoted in its community's issue trackers).
    """

    name = "mailchimp"
    title = "Mailchimp"
    settings = MailchimpSettings
    streams = (Members,)
    api_version = "3.0"
    documentation = "https://mailchimp.com/developer/marketing/api/"

    def connect(self) -> Http:
        """A client that sends the key as the password of any user."""
        settings = self.settings_value
        return Http(
            str(settings.base_url or f"https://{settings.data_centre}.api.mailchimp.com"),
            context=self.context,
            auth=Basic("accord", settings.api_key),
            errors=ErrorTable(
                rules=(
                    ErrorRule(
                        403,
                        RateLimitedError,
                        when=lambda answer: not answer.says_json,
                        hint="Mailchimp turns away what comes too fast; Accord waits and tries again.",
                    ),
                    # Where a member may be missing, 404 is among the expected answers.
                    ErrorRule(404, AccessError, hint=NO_AUDIENCE),
                ),
            ),
        )

    def check(self) -> accord.Account:
        """Ask for the account, the audience, and the merge fields that the mapping fills.

        Raises:
            ConfigError: the account has no such audience.
            AccessError: the key is refused.
        """
        root = self.http.get("/3.0/", template="/3.0/").json()
        path, template = f"/3.0/lists/{self.settings_value.list_id}", "/3.0/lists/{list_id}"
        answer = self.http.get(path, accept={MISSING}, template=template)
        if answer.status == MISSING:
            raise ConfigError(
                f"Connection {self.context.connection!r}: the account has no audience with this list_id",
                hint=NO_AUDIENCE,
            )
        audience = answer.json()
        return accord.Account(
            fingerprint=f"{root['account_id']}/{audience['id']}",
            title=f"{root['account_name']}: {audience['name']}",
            details={"api": self.api_version, "members": str(audience["stats"]["member_count"])},
            missing=[f"merge field {tag}" for tag in self._missing(path, template)],
        )

    def _missing(self, path: str, template: str) -> list[str]:
        """The merge fields that the audience lacks; the one for our reference is made on the spot."""
        rows = self.http.get(
            f"{path}/merge-fields", params={"count": 1000}, template=template + "/merge-fields"
        ).json()["merge_fields"]
        known = {row["tag"]: row for row in rows}
        lacks = [tag for tag in Members(self).merge_tags if tag not in known]
        # A field of American format takes 404-555-1212 only (option phone_format of the vendor's spec).
        lacks += [
            f"{tag} in international format"
            for tag in Members(self).merge_tags
            if (known.get(tag, {}).get("options") or {}).get("phone_format") == "US"
        ]
        if REFERENCE in lacks and self._create_reference(path, template):
            lacks.remove(REFERENCE)
        return lacks

    def _create_reference(self, path: str, template: str) -> bool:
        """Create the hidden merge field that holds our reference; False without the right to."""
        wanted = {"tag": REFERENCE, "name": "Accord id", "type": "text", "public": False}
        try:
            self.http.post(f"{path}/merge-fields", json=wanted, template=template + "/merge-fields")
        except AccessError:
            return False
        return True
