from __future__ import annotations

from typing import Any

import pytest

from accord.errors import MappingError, SetupError
from accord.mapping import (
    MISSING,
    FullName,
    Mapping,
    MoneyIn,
    PhoneNumber,
    Values,
    Via,
    both,
    each,
    passthrough,
    read,
    write,
)
from accord.model import Customer, Location, Order, explode
from tests.unit.mapping.samples import CRM, CRM_ROW, FILE, FILE_ROW, SHOP, SHOP_ROW


def bound(*declarations: Any, **options: Any) -> Mapping:
    return Mapping(*declarations, **options).bound(connector="x", stream="things", model=Customer)


def test_a_flat_row_becomes_a_customer() -> None:
    document = FILE.read(FILE_ROW)
    assert document["given_name"] == "Anna"
    assert document["family_name"] == "von Martin"
    assert document["addresses"]["default"]["country"] == "FR"
    assert document["custom"] == {"newsletter": True}


def test_a_nested_row_becomes_a_customer() -> None:
    document = CRM.read(CRM_ROW)
    assert document["phone"] == "+33612345678"
    assert document["consents"] == {
        "marketing.direct:email": {"state": "granted", "at": "2026-01-31T12:00:00Z"}
    }
    assert document["job_title"] == "BUYER"
    assert document["custom"] == {"shoe_size": 42}


def test_an_order_keeps_its_lines_by_id() -> None:
    document = SHOP.read(SHOP_ROW)
    assert document["customer"] == {"ref": "5"}
    assert document["lines"]["9"] == {
        "position": 1,
        "sku": "B",
        "quantity": 2,
        "unit_price": {"amount": "10.00", "currency": "EUR"},
        "custom": {"gift": "yes"},
    }
    assert document["taxes"] == {"1": {"name": "VAT", "rate": 0.2}}


def test_an_order_is_written_as_it_was_read() -> None:
    assert SHOP.write(SHOP.read(SHOP_ROW)) == SHOP_ROW


def test_lines_are_written_in_their_order() -> None:
    lines = {"9": {"position": 2, "sku": "B"}, "7": {"position": 1, "sku": "A"}, "3": None}
    assert [item["id"] for item in SHOP.write({"lines": lines})["items"]] == [7, 9]
    assert SHOP.project({"lines": lines})["lines"].keys() == {"7", "9"}


def test_a_missing_key_is_unset_and_null_is_empty() -> None:
    assert CRM.read({"properties": {"email": None}}) == {"email": None}
    assert "addresses" not in CRM.read({"properties": {}})


def test_a_structure_of_empty_subfields_is_null() -> None:
    assert FILE.read({"Strasse": "", "Ort": " ".strip(), "Land": None})["addresses"] == {"default": None}
    place = Mapping(both("address.locality", "city")).bound(connector="x", stream="y", model=Location)
    assert place.read({"city": None}) == {"address": None}


def test_a_null_parent_empties_its_subfields() -> None:
    nested = bound(both("addresses.work.locality", "work.city"), both("addresses.work.region", "work.region"))
    assert nested.read({"work": None}) == {"addresses": {"work": None}}
    assert nested.write({"addresses": {"work": None}}) == {"work": {"city": None, "region": None}}
    assert nested.project({"addresses": {"work": None}}) == {"addresses": {"work": None}}


def test_partial_documents_give_partial_rows() -> None:
    assert CRM.write({"family_name": "Martin"}) == {"properties": {"lastname": "Martin"}, "type": "contact"}
    assert CRM.write({"company": "not mapped"}) == {}


def test_an_empty_field_is_written_as_the_vendor_wants_it() -> None:
    assert FILE.write({"email": None, "phone": None}) == {"E-Mail": "", "Tel": ""}


def test_a_part_of_a_name_is_completed_from_the_present_row() -> None:
    assert FILE.write({"given_name": "Bo"}, previous=FILE_ROW) == {"Name": "Bo von Martin"}
    assert FILE.completes(["given_name", "email"]) == {"given_name", "family_name"}


def test_a_list_keeps_the_members_that_nobody_maps() -> None:
    granted = {"consents": {"marketing.direct:email": {"state": "withdrawn"}}}
    row = CRM.write(granted, previous=CRM_ROW)
    assert row["subscriptions"] == [
        {"channel": "sms", "state": "out"},
        {"channel": "email", "state": "out", "at": 1769860800000},
    ]
    assert CRM_ROW["subscriptions"][1]["state"] == "in"  # type: ignore[index]  # a list of objects


def test_computed_fields_go_one_way() -> None:
    assert CRM.write({"given_name": "Anna"})["properties"] == {"firstname": "Anna", "greeting": "Anna!"}
    skips = bound(read("email", lambda row: row.get("mail", MISSING)))
    assert skips.read({}) == {}


def test_what_only_a_function_writes_is_shown_as_it_is() -> None:
    """Else a change of it would never be noticed, and never be sent."""
    mapping = Mapping(
        both("email", "mail"),
        both("phone", "tel", as_=PhoneNumber(country="country")),
        write(
            str, "everything", needs=("email", "phone", "given_name", "addresses.default", "addresses.work")
        ),
    ).bound(connector="crm", stream="contacts", model=Customer)
    place = {"locality": "Example"}
    document = {"email": "a@example.com", "given_name": "Ana", "addresses": {"default": place, "work": place}}
    assert mapping.project(document) == document
    assert mapping.show(explode(Customer, document)) == explode(Customer, document)


def test_projection_is_what_the_vendor_will_show() -> None:
    document = {
        "given_name": "Anna Maria",
        "family_name": "Rossi Bianchi",
        "notes": "call",
        "company": "Acme",
    }
    assert FILE.project(document) == {"given_name": "Anna Maria Rossi", "family_name": "Bianchi"}
    assert CRM.project(document) == {
        "given_name": "Anna Maria",
        "family_name": "Rossi Bianchi",
        "notes": "call",
    }


def test_errors_name_connector_stream_and_path_but_no_value() -> None:
    with pytest.raises(MappingError, match=r"file.customers: cannot read birth_date") as caught:
        FILE.read({"Geboren": "secret"})
    assert caught.value.facts == {
        "connector": "file",
        "stream": "customers",
        "field": "birth_date",
        "path": "birth_date",
    }
    assert "secret" not in repr(caught.value)


def test_errors_inside_collections_name_the_collection() -> None:
    with pytest.raises(MappingError) as caught:
        SHOP.read({"currency": "EUR", "items": [{"id": 1, "cents": "x"}]})
    assert caught.value.facts["path"] == "lines.unit_price"
    with pytest.raises(MappingError) as caught:
        SHOP.write({"lines": {"1": {"unit_price": {"amount": "0.001", "currency": "EUR"}}}})
    assert caught.value.facts["field"] == "lines"


def test_the_models_refusal_names_the_stream_too() -> None:
    with pytest.raises(MappingError, match=r"crm.contacts: Customer.email") as caught:
        CRM.read({"properties": {"email": "nobody"}})
    assert caught.value.facts["stream"] == "contacts"


def test_tolerated_fields_are_left_out_when_invalid() -> None:
    assert "phone" not in CRM.read({"properties": {"phone": "ask Anna", "firstname": "Bo"}})
    mapping = bound(both("email", "mail", invalid="unset"), both("given_name", "name"))
    assert mapping.read({"mail": "none", "name": "Anna"}) == {"given_name": "Anna"}


def test_a_foreign_error_is_not_quoted() -> None:
    with pytest.raises(MappingError, match="ValueError in its converter") as caught:
        bound(both("loyalty_points", "points", as_=Via(int))).read({"points": "secret"})
    assert "secret" not in str(caught.value)


def test_a_bug_in_a_function_is_no_crash() -> None:
    broken = bound(read("email", lambda row: row["a"]["b"]))
    with pytest.raises(MappingError, match="KeyError in its converter"):
        broken.read({})


@pytest.mark.parametrize("items", [[{"sku": "A"}], [{"id": 1}, {"id": 1}], ["x"], "x"])
def test_collections_without_clear_keys_are_refused(items: Any) -> None:
    with pytest.raises(MappingError):
        SHOP.read({"currency": "EUR", "items": items})


def test_an_empty_list_says_that_there_are_none() -> None:
    assert SHOP.read({"items": []}) == {"lines": {}}
    assert SHOP.read({"items": None}) == {"lines": None}
    assert SHOP.write({"lines": {}}) == {"items": []}


def test_coverage_is_told_cell_by_cell() -> None:
    written = {"email", "addresses.default", "consents.marketing.direct:email", "custom.any", "notes"}
    assert {
        cell for cell in (*written, "addresses.work", "created_at", "gender") if CRM.covers(cell)
    } == written
    assert CRM.reads("created_at")
    assert not CRM.reads("notes")


def test_only_whole_lists_enumerate_their_members() -> None:
    assert SHOP.enumerates("lines.9")
    assert FILE.enumerates("tags.vip")
    assert not CRM.enumerates("custom.shoe_size")
    assert not CRM.enumerates("addresses.work")
    assert bound(passthrough("custom", "fields", complete=True)).enumerates("custom.x")


def test_vendor_paths_can_be_asked_for() -> None:
    assert "properties.role" in CRM.vendor_paths()
    assert "properties.memo" not in CRM.vendor_paths()
    assert {"items", "currency", "amount.currency"} <= set(SHOP.vendor_paths())


def test_references_name_their_stream() -> None:
    assert SHOP.references == {"customer": "customers"}


def test_custom_fields_extend_a_mapping() -> None:
    longer = CRM.extended(both("custom.shoe_size", "properties.shoe_size", as_=Values({42: "L"})))
    assert longer.read(CRM_ROW)["custom"] == {"shoe_size": "L"}
    assert longer.version != CRM.version
    replaced = CRM.extended(both("email", "properties.mail"))
    assert replaced.read({"properties": {"mail": "a@example.com"}})["email"] == "a@example.com"


def test_the_version_follows_the_declaration() -> None:
    assert bound(both("email", "a")).version == bound(both("email", "a")).version
    versions = [
        bound(both("email", "a")),
        bound(both("email", "b")),
        bound(read("email", "a")),
        bound(both("email", "a"), empty=""),
        bound(read("email", lambda row: row["a"])),
        bound(read("email", lambda row: row["b"])),
    ]
    assert len({mapping.version for mapping in versions}) == len(versions)


def test_losses_are_declared() -> None:
    losses = dict(CRM.losses())
    assert losses["gender"] == "the vendor keeps none"
    assert losses["company"] == "not mapped"
    assert "lifecycle" in losses
    assert "email" not in losses


@pytest.mark.parametrize(
    ("declare", "problem"),
    [
        (lambda: Mapping(both("email", "a"), both("email", "b")), "twice"),
        (lambda: Mapping(both("email", "a"), both("phone", "a")), "twice"),
        (lambda: bound(both("e_mail", "a")), r"the mapping of \w+\.\w+: Customer has no field 'e_mail'"),
        (lambda: bound(both("addresses.default.zip", "a")), "no field 'addresses.default.zip'"),
        (lambda: both("lifecycle", "a", values={"x": "lead", "y": "lead"}), "several vendor values"),
        (lambda: both("email", "a", unseen="keep"), "only go with values"),
        (lambda: both("email", "a", as_=FullName(), values={}), "not both"),
        (lambda: each("lines", "items", key="id"), "either fields or value"),
        (lambda: write(lambda d: d, "a"), "needs"),
        (lambda: read(("email", "phone"), lambda r: r), "one canonical path"),
        (lambda: both("custom.all", ""), "whole row"),
    ],
)
def test_mistakes_are_found_before_any_record(declare: Any, problem: str) -> None:
    with pytest.raises(SetupError, match=problem):
        declare()


def test_a_misspelt_field_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(SetupError) as caught:
        bound(both("givenname", "first"))
    assert caught.value.hint.startswith("Did you mean 'given_name'?")


def test_an_unbound_mapping_does_not_validate() -> None:
    assert Mapping(both("anything", "a")).read({"a": object}) == {"anything": object}


def test_the_whole_row_can_be_passed_through() -> None:
    mapping = bound(both("email", "mail"), passthrough("custom", ""))
    assert mapping.read({"mail": "a@example.com", "size": 4})["custom"] == {"size": 4}
    assert mapping.write({"custom": {"size": None, "mail": "x"}}) == {"size": None}


def test_money_keeps_its_own_currency_in_pairs() -> None:
    order = Mapping(both("total", ("a", "c"), as_=MoneyIn())).bound(connector="x", stream="y", model=Order)
    assert order.write({"total": {"amount": "1.00", "currency": "USD"}}) == {"a": "1.00", "c": "USD"}
    assert order.write({"total": None}) == {"a": None, "c": None}
    assert order.read({"a": None, "c": "EUR"}) == {"total": None}


class Choosy(Mapping):
    """Refuses whoever has no name, where records are read."""

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        if not row.get("first"):
            raise MappingError("no name", hint="Give one.")
        return super().read(row)


def test_a_mapping_that_refuses_in_reading_refuses_as_cells_too() -> None:
    mapping = Choosy(both("given_name", "first"))
    mapping.model = Customer
    assert mapping.cells({"first": "Ann"}) == {"given_name": "Ann"}
    with pytest.raises(MappingError, match="no name"):
        mapping.cells({"first": ""})
