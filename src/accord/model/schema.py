"""What the engine knows of the models beyond their types: names, merge rules, keys, references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

from accord.errors import SetupError
from accord.model.cells import shape
from accord.model.customer import Customer
from accord.model.document import Canonical
from accord.model.inventory import InventoryLevel, Location
from accord.model.order import FinancialStatus, Order, OrderStatus
from accord.model.product import Product
from accord.model.record import Document
from accord.model.telephone import parse_phone
from accord.model.touchpoint import Touchpoint

VERSION = "1"
"""Changes when a normaliser gives other results; part of every mapping's version."""

MODELS: Mapping[str, type[Canonical]] = {
    "customer": Customer,
    "order": Order,
    "product": Product,
    "inventory_level": InventoryLevel,
    "location": Location,
    "touchpoint": Touchpoint,
}

REFERENCES: Mapping[str, Mapping[str, str]] = {
    "order": {"customer": "customer"},
    "touchpoint": {"customer": "customer", "order": "order"},
}
"""Per model: the fields that refer to another record, and that record's model."""

PERSONAL: Mapping[str, frozenset[str]] = {
    "customer": frozenset(Customer.model_fields) - {"lifecycle", "currency", "loyalty_tier"},
    "order": frozenset({"customer", "email", "phone", "name", "addresses", "notes", "consent", "custom"}),
    "touchpoint": frozenset(
        {"customer", "email", "anonymous_id", "click_id", "url", "referrer", "consent", "custom"}
    ),
}
"""Per model: the fields that tell, or may tell, who somebody is."""

NATURAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "customer": ("email", "phone", "number", "vat_id"),
    "order": ("number",),
    "product": ("sku", "gtin"),
    "inventory_level": ("sku+location",),
    "location": ("code",),
    "touchpoint": (),
}
"""Per model: what may identify a record across systems; ``a+b`` is a key of two fields together."""


class Merge(StrEnum):
    """How two changes of one field come together (sync.md A4)."""

    SCALAR = "scalar"
    STRUCT = "struct"
    KEYED = "keyed"
    SET = "set"
    LATTICE = "lattice"
    MOST_RESTRICTIVE = "most_restrictive"


LATTICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "order": {
        "status": tuple(OrderStatus),
        "financial_status": tuple(FinancialStatus),
    }
}
"""Per model and field: values in the one direction they may move; a later one wins."""


def model_named(name: str) -> type[Canonical]:
    """The model of a name as it stands in the configuration.

    Raises:
        SetupError: there is no such model.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise SetupError(
            f"there is no model called {name!r}", hint=f"Models are: {', '.join(MODELS)}."
        ) from None


@cache
def name_of(model: type[Canonical]) -> str:
    """The name of a model.

    Raises:
        SetupError: the class is none of Accord's models.
    """
    for name, known in MODELS.items():
        if issubclass(model, known):
            return name
    raise SetupError(f"{model.__name__} is no canonical model", hint=f"Models are: {', '.join(MODELS)}.")


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a model's canonical documents."""
    return model_named(name).model_json_schema(mode="validation")


@cache
def merge_kinds(model: type[Canonical]) -> Mapping[str, Merge]:
    """How each field of a model merges."""
    fields = shape(model)
    kinds = dict.fromkeys(fields.scalar, Merge.SCALAR)
    kinds |= dict.fromkeys(fields.struct, Merge.STRUCT)
    kinds |= dict.fromkeys(fields.keyed, Merge.KEYED)
    kinds |= dict.fromkeys(fields.set, Merge.SET)
    kinds |= dict.fromkeys(LATTICES.get(name_of(model), ()), Merge.LATTICE)
    if "consents" in kinds:
        kinds["consents"] = Merge.MOST_RESTRICTIVE
    return kinds


def references(model: type[Canonical]) -> Mapping[str, str]:
    """The reference fields of a model and the name of the model each refers to."""
    return REFERENCES.get(name_of(model), {})


def lattice(model: type[Canonical], field: str) -> tuple[str, ...]:
    """The order in which a lattice field moves, lowest first; empty when it is none."""
    return LATTICES.get(name_of(model), {}).get(field, ())


def personal_fields(model: type[Canonical]) -> frozenset[str]:
    """The fields of a model that tell who somebody is."""
    return PERSONAL.get(name_of(model), frozenset())


_RELAY_DOMAIN = re.compile(
    r"(?:marketplace\.amazon\.[a-z.]+|members\.ebay\.[a-z.]+|privaterelay\.appleid\.com"
    r"|(?:.+\.)?(?:marketplace|relay|anonymi[sz]ed)\.[a-z0-9.-]+|(?:.+\.)?mirakl\.net|psgdpr\.com)"
)
"""Addresses a marketplace or mail service lends: one person has many, and they change owner."""
_ROLE_NAME = re.compile(
    r"(?:no|do-?not|dont|ne-?pas)[-_.]?(?:reply|repondre)"
    r"|abuse|accounts?|accueil|admin(?:istrator)?|billing|bonjour|comptabilite|contact|hello|help|hostmaster"
    r"|info|mailer-daemon|marketing|office|orders?|postmaster|root|sales|service|support|webmaster"
    r"|anonymous|customer|guest|guests|invalid|nobody|nomail|noemail|none|null|unknown|walk-?in"
)
"""Addresses of an office or of nobody: many people share them."""


def is_relay_address(address: str) -> bool:
    """Whether a marketplace or mail service lends this e-mail address, going by its domain.

    Some relays look like any address: whoever knows the origin of a record goes by that first.
    """
    return _is_relay_domain(address.rpartition("@")[2])


@lru_cache(1_024)
def _is_relay_domain(domain: str) -> bool:
    return _RELAY_DOMAIN.fullmatch(domain.strip().lower()) is not None


def may_identify(key: str, value: str) -> bool:
    """Whether a value may link records: relay, role and placeholder values may not."""
    if key == "email":
        local = value.rpartition("@")[0]
        return not (_ROLE_NAME.fullmatch(local.partition("+")[0]) or is_relay_address(value))
    if key == "phone":
        return len(set(value[-6:])) > 1
    return True


def natural_keys(
    model: type[Canonical], document: Document, fields: Iterable[str] | None = None
) -> list[tuple[str, str]]:
    """The values of a document by which it may be matched, as (key, normalised value).

    Args:
        model: The document's model.
        document: The canonical record.
        fields: Which keys to look at, ``custom.<name>`` and ``a+b`` included; by default all of
            :data:`NATURAL_KEYS`.
    """
    custom = document.get("custom") or {}

    def held(part: str) -> Any:
        return custom.get(part.removeprefix("custom.")) if part.startswith("custom.") else document.get(part)

    keys = NATURAL_KEYS[name_of(model)] if fields is None else fields
    return [(key, value) for key in keys if (value := key_value(key, held)) is not None]


def key_value(key: str, held: Callable[[str], Any]) -> str | None:
    """The normalised value of a natural key; None where a record has none, or one that identifies nobody.

    Args:
        key: Its name, ``custom.<name>`` and ``a+b`` included.
        held: What the record holds in a field.
    """
    if "+" not in key:
        value = _part(key, held(key))
    else:
        parts = [_part(part, held(part)) for part in key.split("+")]
        value = "\x1f".join(part for part in parts if part) if all(parts) else None
    return value if value and may_identify(key, value) else None


def _part(field: str, value: Any) -> str | None:
    return None if value is None or isinstance(value, (dict, list)) else normal_key(field, str(value))


def normal_key(field: str, value: str) -> str | None:
    """A natural key's value as it is compared: e-mail in lower case as a whole, phone in E.164.

    None when it cannot be one (a telephone number without a country, empty text).
    """
    cleaned = value.strip()
    if field == "email":
        return cleaned.lower() or None
    if field == "phone" and cleaned:
        try:
            return parse_phone(cleaned, None)
        except ValueError:
            # A number that cannot be normalised identifies nobody; it stays a value of the record.
            return None
    return cleaned or None
