"""Contacts that are deleted for good in HubSpot itself."""

from __future__ import annotations

import accord
from accord_hubspot.streams.contacts import Contacts
from connectors.hubspot.tests.conftest import Portal


def everybody(stream: Contacts) -> list[str]:
    """Whom a complete read shows, the recycle bin included."""
    return sorted(row["id"] for page in stream.read(accord.ReadRequest()) for row in page.rows)


def test_a_contact_deleted_for_good_is_in_no_list_and_told_by_absence(peopled: Portal) -> None:
    stream = Contacts(peopled.connect())
    gone, *others = everybody(stream)
    stream.http.post(f"{stream.path}/gdpr-delete", json={"objectId": gone})
    assert everybody(stream) == others
    assert stream.get([gone]) == {gone: None}
    assert (stream.deletes, stream.full_read_is_complete) == (accord.Deletes.SCAN, True)


def test_a_merged_contact_is_not_absent(peopled: Portal) -> None:
    stream = Contacts(peopled.connect())
    one, two, *_ = everybody(stream)
    merged = peopled.sandbox.person_merges("contacts", one, two).id
    assert one not in everybody(stream)
    found = stream.get([one, two])
    assert {id_: row and row["id"] for id_, row in found.items()} == {one: merged, two: merged}
