"""People at a sandbox change what they subscribed to."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.shop import Shop


@pytest.mark.parametrize("act", ["person_unsubscribes", "person_subscribes"])
def test_a_vendor_without_subscriptions_says_so(act: str) -> None:
    with pytest.raises(KeyError, match="subscription of"):
        getattr(Shop(), act)("customers", "1001", "email")
