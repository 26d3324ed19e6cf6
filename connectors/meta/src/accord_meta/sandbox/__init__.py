"""A stand-in for Meta's Graph API: one ad account with a customer list and a dataset.

Shapes follow Meta's own description (facebook-business-sdk-codegen, April 2026) and the reference pages
named in the modules. It takes bodies as JSON and as forms, as the vendor and its SDKs do.
"""

from __future__ import annotations

from accord.sandbox import SandboxOptions
from accord_meta.sandbox.account import ACCOUNT, AUDIENCE, DATASET, MetaSandbox

__all__ = ["ACCOUNT", "AUDIENCE", "DATASET", "MetaSandbox", "create"]


def create(options: SandboxOptions) -> MetaSandbox:
    """The factory behind ``accord sandbox meta``."""
    return MetaSandbox(options)
