"""Secrets: references in the configuration become values when a connection is opened, never earlier.

=====================  ==================================================================
``env:NAME``           an environment variable
``keyring:SERVICE/USER``  an entry of the system's keyring
``store:NAME``         a secret in the store, sealed with the store's key
=====================  ==================================================================
"""

from __future__ import annotations

from accord.secrets.keys import NewKey, Place, create_key, find_sealer, sealer
from accord.secrets.reference import FORMS, Reference, is_reference
from accord.secrets.saving import save
from accord.secrets.stored import StoreSecrets

__all__ = [
    "FORMS",
    "NewKey",
    "Place",
    "Reference",
    "StoreSecrets",
    "create_key",
    "find_sealer",
    "is_reference",
    "save",
    "sealer",
]
