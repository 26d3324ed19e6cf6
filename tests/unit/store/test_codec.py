from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.store.codec import pack_shadow, unpack_shadow
from accord.store.rows import Shadow

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), min_size=1, max_size=20)
SHADOWS = st.builds(
    Shadow,
    seen=st.dictionaries(NAMES, st.binary(min_size=8, max_size=8)),
    agreed=st.dictionaries(NAMES, st.integers(0, 2**40)),
    base=st.integers(0, 2**31),
)


@given(SHADOWS)
def test_a_packed_shadow_unpacks_to_itself(shadow: Shadow) -> None:
    assert unpack_shadow(pack_shadow(shadow)) == shadow


def test_a_shadow_is_compact() -> None:
    shadow = Shadow({f"cell{number}": bytes(8) for number in range(10)}, {}, 4)
    assert len(pack_shadow(shadow)) <= 12 + 10 * (8 + 6)


def test_a_digest_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        pack_shadow(Shadow({"email": b"short"}))
