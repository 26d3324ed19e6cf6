"""The demo counts people itself: its oracle must see what is missing and what is double."""

from __future__ import annotations

from accord.demo.census import Census, Held


def census(**held: list[tuple[str, str]]) -> Census:
    records = {
        name: [Held(f"{name}-{n}", *keys, {}) for n, keys in enumerate(rows)] for name, rows in held.items()
    }
    return Census(records)


ANA, BEN = ("ana@example.com", "+33199001234"), ("ben@example.com", "")
ANA_WITHOUT_ADDRESS = ("", "+33199001234")
CAL = ("", "+33199005678")


def test_a_person_without_address_is_known_by_telephone() -> None:
    found = census(shop=[ANA, CAL], crm=[ANA_WITHOUT_ADDRESS, BEN])
    assert found.persons() == {"ana@example.com", "ben@example.com", "+33199005678"}


def test_a_second_record_is_a_duplicate() -> None:
    before = census(shop=[ANA], crm=[BEN])
    assert census(shop=[ANA, ANA], crm=[BEN]).duplicates(before) == 1


def test_what_was_typed_twice_before_is_no_new_duplicate() -> None:
    before = census(till=[ANA, ANA])
    assert census(till=[ANA, ANA]).duplicates(before) == 0
    assert census(till=[ANA, ANA, ANA]).duplicates(before) == 1


def test_only_who_is_everywhere_once_may_be_edited() -> None:
    found = census(shop=[ANA, BEN], crm=[ANA, BEN], till=[ANA, ANA, BEN], loyalty=[ANA, BEN], letter=[])
    assert found.everywhere() == ["ben@example.com"]


def test_free_telephone_numbers_belong_to_nobody() -> None:
    free = next(census(shop=[ANA]).free_phones())
    assert next(census(shop=[ANA, ("", free)]).free_phones()) != free
