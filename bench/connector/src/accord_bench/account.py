"""What all three connectors share: an address, and who answers there."""

from __future__ import annotations

import accord
from accord.http import Http, NoAuth


class Account(accord.Connector[accord.Settings]):
    """A part of the vendor, found at ``base_url``."""

    settings = accord.Settings

    def connect(self) -> Http:
        """A client without credentials: the vendor is local."""
        return Http(str(self.settings_value.base_url), context=self.context, auth=NoAuth())

    def check(self) -> accord.Account:
        """The part's path is the account."""
        return accord.Account(fingerprint=str(self.http.get("/account").json()["id"]))
