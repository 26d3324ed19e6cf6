"""A Meta ad account: settings, HTTP client and the proof that its token works."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator

import accord
from accord.http import ApiKey, Bearer, Combined, Http, RateLimit
from accord_meta.problem import ERRORS, FLAGGED
from accord_meta.streams.members import Members
from accord_meta.streams.purchases import Purchases

VERSION = "v25.0"
"""The version that paths begin with. Audiences belong to the Marketing API, which serves a version for about
a year: v24.0 ended on 6 October 2026 (Marketing API changelog, "Versions"); v25.0 has no date yet."""

NEEDED = "ads_management"
ID = Field(default=None, pattern="^[0-9]{1,25}$")


class ActionSource(StrEnum):
    """Where a sale came about, of the values that need no browser or app data, which Accord does not hold."""

    PHYSICAL_STORE = "physical_store"
    PHONE_CALL = "phone_call"
    CHAT = "chat"
    EMAIL = "email"
    SYSTEM_GENERATED = "system_generated"
    OTHER = "other"


class MetaSettings(accord.Settings):
    """The connection's keys in accord.toml.

    Attributes:
        token: An access token, best of a system user, with the permission ``ads_management``.
        app_secret: The app's secret. With it requests carry ``appsecret_proof``, which apps may demand.
        audience: Id of the customer list (custom audience) that ``members`` fills.
        dataset: Id of the dataset (pixel) that ``purchases`` go to.
        action_source: Where the sales came about. Meta holds the advertiser to its being true.
        event_id: What makes a purchase one purchase: the order's ``number``, as a browser pixel would send
            it, or the ``hub_id`` where several shops may use one number.
        limited_data_use: Flag everything for Limited Data Use (privacy laws of states of the USA). It is no
            consent and replaces none.
        test_event_code: Shows purchases in Meta's test tool.
        api_version: The version of the Graph and Marketing API, for the day when Meta retires the default.
    """

    token: SecretStr
    app_secret: SecretStr | None = None
    audience: str | None = ID
    dataset: str | None = ID
    action_source: ActionSource = ActionSource.OTHER
    event_id: Literal["number", "hub_id"] = "number"
    limited_data_use: bool = False
    test_event_code: str | None = None
    api_version: str = Field(default=VERSION, pattern=r"^v[0-9]{1,3}\.[0-9]$")

    @model_validator(mode="after")
    def _something_to_write(self) -> Self:
        if self.audience is None and self.dataset is None:
            raise ValueError("name an audience (for members) or a dataset (for purchases), or both")
        return self


class Meta(accord.Connector[MetaSettings]):
    """Meta's Marketing API and Conversions API."""

    name = "meta"
    title = "Meta"
    settings = MetaSettings
    streams = (Members, Purchases)
    # Standard access, per ad account and hour: 5,000 + 40 x audiences (Graph API, "Rate limits", business use
    # case "custom audience"). Conversions have no published limit.
    limits = (RateLimit(5000, seconds=3600, burst=100, scope="audience"),)
    api_version = VERSION
    documentation = "https://developers.facebook.com/documentation/ads-commerce"

    def connect(self) -> Http:
        """A client that sends the token as a bearer, and the proof where there is an app secret."""
        settings = self.settings_value
        secret = settings.app_secret
        proof = (_proof(settings.token, secret),) if secret is not None else ()
        return Http(
            str(settings.base_url or "https://graph.facebook.com"),
            context=self.context,
            auth=Combined(Bearer(settings.token), *proof),
            limits=self.limits,
            errors=ERRORS,
        )

    @property
    def version(self) -> str:
        """The version that paths begin with."""
        return self.settings_value.api_version

    def open_streams(self) -> Sequence[accord.Stream]:
        """Those that the settings name a place for."""
        settings = self.settings_value
        places = {Members: settings.audience, Purchases: settings.dataset}
        return [stream(self) for stream in self.streams if places[stream] is not None]

    def check(self) -> accord.Account:
        """Ask who the token is, what it may do, and whether the audience takes changes at all."""
        who = self._node("me", "id,name")
        rights = self._items("me/permissions")
        granted = {right["permission"] for right in rights if right["status"] == "granted"}
        missing = [] if NEEDED in granted else [f"permission {NEEDED}"]
        account, details = "", {"api": self.version, "token": str(who.get("name", ""))}
        if dataset := self.settings_value.dataset:
            node = self._node(dataset, "id,name,owner_ad_account")
            account = str((node.get("owner_ad_account") or {}).get("account_id") or dataset)
            details["dataset"] = str(node.get("name", dataset))
        if audience := self.settings_value.audience:
            node = self._node(audience, "id,name,account_id,operation_status")
            account = str(node["account_id"])
            details["audience"] = str(node.get("name", audience))
            if (node.get("operation_status") or {}).get("code") == FLAGGED:
                missing.append(f"audience {audience} is flagged ({FLAGGED}): nobody can be added or removed")
        return accord.Account(fingerprint=account, title=account, details=details, missing=missing)

    def _node(self, name: str, fields: str) -> dict[str, Any]:
        """One node of the graph.

        Raises:
            VendorError: it cannot be read.
        """
        answer = self.http.get(
            f"/{self.version}/{name}", params={"fields": fields}, template=f"/{self.version}/{{node}}"
        )
        found = answer.json()
        if not isinstance(found, dict):
            raise answer.malformed("no object")
        return found

    def _items(self, edge: str) -> list[dict[str, Any]]:
        """The first page of an edge."""
        rows: list[dict[str, Any]] = self.http.get(f"/{self.version}/{edge}").json()["data"]
        return rows


def _proof(token: SecretStr, app_secret: SecretStr) -> ApiKey:
    """HMAC-SHA256 of the token under the app's secret (Graph API, "Securing requests")."""
    key, message = app_secret.get_secret_value().encode(), token.get_secret_value().encode()
    return ApiKey(SecretStr(hmac.new(key, message, hashlib.sha256).hexdigest()), query="appsecret_proof")
