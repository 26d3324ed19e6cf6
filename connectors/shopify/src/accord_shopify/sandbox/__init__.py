"""A local Shopify shop: the Admin GraphQL API over HTTP, with state, costs, lag and the vendor's refusals.

Start it with ``accord sandbox shopify`` (needs the extra ``sandbox`` of this distribution).
"""

from __future__ import annotations

from accord.sandbox import Sandbox, SandboxOptions


def create(options: SandboxOptions) -> Sandbox:
    """The sandbox as ``accord sandbox shopify`` starts it."""
    from accord_shopify.sandbox.shop import ShopifySandbox

    return ShopifySandbox(options)
