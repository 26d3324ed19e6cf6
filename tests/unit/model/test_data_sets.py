"""Public number and address collections, read where they lie outside the repository."""

from __future__ import annotations

import csv
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from accord.model import telephone, values

DATA = Path(os.environ.get("ACCORD_DATA", Path(__file__).parents[4] / "shared" / "data")) / "normalization"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(),
    reason=f"NOT CHECKED: 1,144 telephone numbers and 164 addresses: no folder {DATA}",
)


def test_every_example_number_becomes_its_published_form() -> None:
    with (DATA / "phone_examples.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wrong = {row["region"] for row in rows if _e164(row["e164"]) != row["e164"]}
    # Benin went from eight digits to ten in 2024, after the collection was made.
    assert wrong <= {"BJ"}
    assert len(rows) > 1000


def _e164(number: str) -> str | None:
    try:
        return telephone.phone(number)
    except ValueError:
        return None


def test_national_numbers_are_read_with_their_country() -> None:
    with (DATA / "phone_examples.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["region"] != "001"]
    wrong = [row for row in rows if _national(row) != row["e164"]]
    # Short codes and shared-cost numbers of a few territories cannot be told from others'.
    assert len(wrong) <= len(rows) // 100


def _national(row: dict[str, str]) -> str:
    try:
        return telephone.parse_phone(row["national_example"], row["region"])
    except ValueError:
        return ""


def test_addresses_are_judged_as_the_collection_says() -> None:
    tests = ET.parse(DATA / "isemail_tests.xml").getroot().iter("test")
    judged = [(_decoded(test.findtext("address") or ""), test.findtext("category") or "") for test in tests]
    plain = [
        address for address, category in judged if category in ("ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN")
    ]
    wrong = [address for address, category in judged if category == "ISEMAIL_ERR"]
    assert [address for address in plain if _accepted(address) != _expected(address)] == []
    assert [address for address in wrong if address.strip() == address and _accepted(address)] == []
    assert len(plain) > 10
    assert len(wrong) > 50


def _decoded(address: str) -> str:
    """The collection writes control characters as symbols from U+2400 on."""
    return "".join(chr(ord(sign) - 0x2400) if 0x2400 <= ord(sign) < 0x2420 else sign for sign in address)


def _accepted(address: str) -> bool:
    try:
        return values.email(address) is not None
    except ValueError:
        return False


def _expected(address: str) -> bool:
    """Quoted local parts and domains that are one word or an address literal are no customer's."""
    _, _, domain = address.rpartition("@")
    return not address.startswith('"') and "." in domain and "[" not in domain
