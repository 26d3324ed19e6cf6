"""Contacts: the people of the portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import accord
from accord_hubspot.mapping import CONTACTS
from accord_hubspot.streams.crm_object import REFERENCE, CrmObject


class Contacts(CrmObject):
    """Contacts, both ways. HubSpot keeps e-mail addresses unique; a contact need not have one."""

    name = "contacts"
    path = "/crm/v3/objects/contacts"
    model = accord.Customer
    mapping = CONTACTS
    subject = "self"
    modified = "lastmodifieddate"
    # An upsert by our reference repeats safely, but a portal may hold the same person without it: where the
    # contacts are only written, the engine must look before it creates.
    creates = accord.Creates.REFERENCE
    unique: ClassVar[Mapping[str, str]] = {"hub_id": REFERENCE, "email": "email"}
    searched: ClassVar[Mapping[str, Sequence[str]]] = {"phone": ("phone", "mobilephone")}
    extra = ("hs_additional_emails",)
    find_by = ("hub_id", "email", "phone")
