"""A Brevo account: settings, HTTP client and the proof that its key works."""

from __future__ import annotations

import hashlib

from pydantic import AnyHttpUrl, Field, SecretStr

import accord
from accord.errors import RetryableError
from accord.http import ApiKey, ErrorRule, ErrorTable, Http, RateLimit
from accord_brevo.streams.contacts import Contacts
from accord_brevo.streams.orders import Orders

NOT_ACTIVATED = 403
"""The answer of the e-commerce app's own endpoints while the account has not activated it
(developers.brevo.com/reference/get-the-iso-4217-compliant-display-currency-code-for-your-brevo-account)."""


class BrevoSettings(accord.Settings):
    """The connection's keys in accord.toml.

    Attributes:
        token: An API key (Brevo: SMTP & API, tab API keys).
        lists: Ids of the lists that contacts created by Accord join; existing contacts never join one.
        confirmation_template: Number of the double opt-in template: with it, ``lists`` and the page below, a
            fresh grant makes Brevo send its confirmation mail. Without them nobody is ever subscribed.
        confirmation_page: Where the link in that mail leads.
        blocks: Whether the list of blocked transactional mail is read (unsubscribed, bounced, complained).
        rename: Whether a changed e-mail address may rename the contact in place. Brevo's flags travel
            with a rename, so a contact on the blacklist is never renamed (see QUIRKS.md).
        currency: The account's currency (ISO 4217). Brevo's orders carry none; with it, orders in another
            currency are refused instead of being added up with the rest.
    """

    token: SecretStr
    lists: tuple[int, ...] = ()
    confirmation_template: int | None = None
    confirmation_page: AnyHttpUrl | None = None
    blocks: bool = True
    rename: bool = False
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")


class Brevo(accord.Connector[BrevoSettings]):
    """Brevo, API version 3."""

    name = "brevo"
    title = "Brevo"
    settings = BrevoSettings
    streams = (Contacts, Orders)
    # The general tier (developers.brevo.com/docs/api-limits); higher tiers are learned from the headers.
    limits = (
        RateLimit(10, scope="contacts"),
        RateLimit(5, scope="orders"),
        RateLimit(1000, scope="blocks"),
        RateLimit(100, seconds=3600, burst=100, scope="ecommerce"),
        RateLimit(100, seconds=3600, burst=100, scope="default"),
    )
    api_version = "v3"
    documentation = "https://developers.brevo.com/reference"

    def connect(self) -> Http:
        """A client that sends the key in Brevo's own header."""
        settings = self.settings_value
        return Http(
            str(settings.base_url or "https://api.brevo.com"),
            context=self.context,
            auth=ApiKey(settings.token, header="api-key"),
            limits=self.limits,
            errors=ErrorTable(
                # 425: the contact is still being created by another request; this one was not taken.
                rules=(ErrorRule(425, RetryableError, hint="Brevo is still busy with this contact."),),
                code=("code",),
                retry_after=("x-sib-ratelimit-reset",),
            ),
        )

    def check(self) -> accord.Account:
        """Ask for the account, for attributes that it lacks, and whether it can take orders.

        Brevo takes orders once its e-commerce app is activated. Accounts that get contacts only need not have
        it, so that it is missing only where ``currency`` is set, which is about orders and nothing else.
        """
        account = self.http.get("/v3/account").json()
        rows = self.http.get("/v3/contacts/attributes", limit_class="contacts").json()["attributes"]
        known = {row["name"] for row in rows} | {"EXT_ID"}
        wanted = Contacts(self).attributes
        takes_orders = self._takes_orders()
        lacks = [f"contact attribute {name}" for name in wanted if name not in known]
        if not takes_orders and self.settings_value.currency is not None:
            lacks.append("the e-commerce app, without which no orders are taken")
        plans = ", ".join(sorted(plan["type"] for plan in account.get("plan", ())))
        return accord.Account(
            fingerprint=account.get("organization_id") or _digest(account["email"]),
            title=account["companyName"],
            details={
                "plan": plans,
                "api": self.api_version,
                "orders": "taken" if takes_orders else "not taken: the e-commerce app is not activated",
            },
            missing=lacks,
        )

    def _takes_orders(self) -> bool:
        """Whether the e-commerce app is activated: its display currency is shown to nobody else."""
        path = "/v3/ecommerce/config/displayCurrency"
        return self.http.get(path, accept={NOT_ACTIVATED}, limit_class="ecommerce").status != NOT_ACTIVATED


def _digest(email: str) -> str:
    """An account without an organisation id is known by its owner's address, which is not stored."""
    return hashlib.sha256(email.lower().encode()).hexdigest()[:32]
