"""A person merges, splits and links hub records."""

from __future__ import annotations

import pytest

from accord.connector import Creates
from accord.engine.decide import Pair
from accord.errors import SetupError
from tests.integration.engine.town import BOTH, Build, Town

pytestmark = BOTH


@pytest.fixture
def town(town: Town) -> Town:
    """Ann of the shop and Anne of the crm, known to both systems as two."""
    town["shop"].put(mail="ann@example.com", first="Ann", tags=["a"])
    town["crm"].put(mail="anne@example.com", last="Lee", tags=["b"])
    town.sync()
    return town


def test_a_merge_moves_the_links_to_the_survivor(town: Town) -> None:
    town.accord.merge("ann@example.com", "anne@example.com")
    assert sorted(town.links("shop:s1").values()) == ["live", "live", "shadowed", "shadowed"]


def test_a_merge_keeps_one_live_record_per_system(town: Town) -> None:
    town.accord.merge("ann@example.com", "anne@example.com")
    town.settle()
    live = [name.partition(":")[0] for name, state in town.links("shop:s1").items() if state == "live"]
    assert sorted(live) == ["crm", "shop"]


def test_a_merge_unites_fields_and_tags(town: Town) -> None:
    survivor = town.accord.merge("ann@example.com", "anne@example.com")
    town.settle()
    cells = town.hub(survivor.id).cells
    assert (cells["given_name"], cells["family_name"]) == ("Ann", "Lee")
    assert {"tags.a", "tags.b"} <= set(cells)


def test_a_merge_creates_and_deletes_nobody(town: Town) -> None:
    town.accord.merge("ann@example.com", "anne@example.com")
    town.settle()
    assert (len(town["shop"].rows), len(town["crm"].rows)) == (2, 2)


def test_a_record_whose_create_was_under_way_shows_the_survivor_too(build: Build) -> None:
    town = build()
    town["shop"].put(mail="ann@example.com", first="Ann")
    town["shop"].put(mail="anne@example.com", first="Anne")
    survivor: list[str] = []

    def merge(_: object) -> None:
        survivor.append(town.accord.merge("anne@example.com", "ann@example.com").id)

    town["crm"].once("create", merge)
    town.settle()
    live = [id_ for id_, state in town.links(survivor[0]).items() if (id_[:3], state) == ("crm", "live")]
    (shown,) = (town["crm"].rows[id_.partition(":")[2]] for id_ in live)
    assert shown["mail"] == town.hub(survivor[0]).cells["email"]


def test_the_losers_id_leads_to_the_survivor(town: Town) -> None:
    loser = town.hub("anne@example.com").id
    survivor = town.accord.merge("ann@example.com", "anne@example.com")
    assert town.hub(loser).id == survivor.id


def test_a_merge_is_kept_as_history(town: Town) -> None:
    loser = town.hub("anne@example.com").id
    survivor = town.accord.merge("ann@example.com", "anne@example.com")
    with town.accord.store.reading() as tx:
        (entry,) = tx.merges.of(survivor.id)
    assert entry.loser == loser


def test_a_record_is_not_merged_with_itself(town: Town) -> None:
    with pytest.raises(SetupError, match="two different records"):
        town.accord.merge("ann@example.com", "shop:s1")


class TestSplit:
    @pytest.fixture
    def town(self, town: Town) -> Town:
        """Two people linked by mistake: they share an address."""
        town["shop"].put(mail="bob@example.com", first="Bob")
        town["crm"].put(mail="bob@example.com", first="Bert")
        town.sync()
        town.accord.split("bob@example.com", "crm", town["crm"].row(mail="bob@example.com")["id"])
        return town

    def test_a_split_makes_two_people(self, town: Town) -> None:
        town.sync()
        assert len(town.accord.find("bob@example.com")) == 2

    def test_two_people_split_are_never_matched_again(self, town: Town) -> None:
        for _ in range(3):
            town.sync(full=True)
        assert len(town.accord.find("bob@example.com")) == 2

    def bobs(self, town: Town) -> list[str]:
        return sorted(entity.id for entity, _ in town.accord.find("bob@example.com"))

    def test_a_record_entered_anew_goes_to_neither_by_itself(self, town: Town) -> None:
        two = self.bobs(town)
        bert = town["crm"].row(mail="bob@example.com", first="Bert")
        town["crm"].remove(bert["id"])
        town["crm"].put(mail="bob@example.com", first="Bert", ref=bert.get("ref") or two[0])
        for _ in range(3):
            town.run(full=True)
        assert self.bobs(town) == two
        assert "identity" in town.kinds("open")

    def test_a_merge_by_the_vendor_asks_a_person(self, town: Town) -> None:
        town.sync()
        two = self.bobs(town)
        first, second = (row["id"] for row in town["crm"].rows.values() if row["mail"] == "bob@example.com")
        town["crm"].merge(first, second)
        for _ in range(3):
            town.run(full=True)
        assert self.bobs(town) == two
        assert "identity" in town.kinds("open")

    def test_an_upsert_does_not_write_one_over_the_other(self, town: Town) -> None:
        town["crm"].unique = town["shop"].unique = "mail"
        for name in town.names:
            town.change(name, creates=Creates.UPSERT)
        before = [row.get("first") for row in town["shop"].rows.values()]
        report = town.sync(full=True)
        assert [row.get("first") for row in town["shop"].rows.values()] == before
        assert report.total.held == {"apart:split": 2}

    def test_a_person_may_merge_the_two_again(self, town: Town) -> None:
        one, other = self.bobs(town)
        town.accord.merge(one, other)
        town.settle()
        with town.accord.store.reading() as tx:
            assert tx.apart.pairs_of([one, other]) == set()
        assert self.bobs(town) == [one]

    def test_edits_of_the_two_stay_apart(self, town: Town) -> None:
        town.sync()
        id_ = next(r["id"] for r in town["crm"].rows.values() if r["mail"] == "bob@example.com")
        town["crm"].put(id_, last="Barker")
        town.settle()
        assert [row["last"] for row in town["shop"].shown("mail", "last")].count("Barker") == 1

    def test_a_link_it_has_not_cannot_be_split(self, town: Town) -> None:
        with pytest.raises(SetupError, match="beside another one"):
            town.accord.split("ann@example.com", "crm", "none")


class TestImport:
    def pair(self, shop: str = "s1", crm: str = "c1", stream: str = "contacts") -> Pair:
        return Pair("shop", stream, shop, "crm", "contacts", crm)

    def test_a_known_pair_becomes_one_record(self, build: Build) -> None:
        town = build()
        town["shop"].put(mail="ann@example.com")
        town["crm"].put(mail="other@example.com")
        assert town.accord.import_links([self.pair()]) == 1
        town.sync()
        assert (len(town["shop"].rows), len(town["crm"].rows)) == (1, 1)

    def test_two_known_records_are_merged(self, town: Town) -> None:
        shop = town["shop"].row(mail="ann@example.com")["id"]
        crm = town["crm"].row(mail="anne@example.com")["id"]
        town.accord.import_links([self.pair(shop, crm)])
        assert town.hub(f"shop:{shop}").id == town.hub(f"crm:{crm}").id

    def test_an_unknown_stream_is_refused_with_words(self, town: Town) -> None:
        with pytest.raises(SetupError, match="not streams of one model"):
            town.accord.import_links([self.pair(stream="leads")])

    def test_importing_twice_changes_nothing(self, build: Build) -> None:
        town = build()
        pairs = [self.pair(town["shop"].put(mail="ann@example.com"), town["crm"].put(mail="b@example.com"))]
        town.accord.import_links(pairs)
        before = town.rows()
        town.accord.import_links(pairs)
        assert town.rows() == before

    @pytest.mark.parametrize("policy", ["propagate", "archive", "detach"])
    def test_an_id_that_is_not_there_is_refused_before_it_looks_deleted(
        self, build: Build, policy: str
    ) -> None:
        town = build(flow={"delete": policy})
        shop, crm = town["shop"].put(mail="ann@example.com"), town["crm"].put(mail="ann@example.com")
        with pytest.raises(SetupError, match="crm/contacts has no record 'c77'"):
            town.accord.import_links([self.pair(shop, "c77")])
        town.settle()
        assert (list(town["shop"].rows), list(town["crm"].rows)) == ([shop], [crm])
        assert town.hub(f"shop:{shop}").id == town.hub(f"crm:{crm}").id

    def test_each_refused_pair_is_told_with_its_place(self, build: Build) -> None:
        town = build()
        shop, crm = town["shop"].put(mail="ann@example.com"), town["crm"].put(mail="ann@example.com")
        pairs = [
            self.pair("s77", crm),
            self.pair(shop, crm),
            self.pair(stream="leads"),
            self.pair(shop, "c77"),
        ]
        with pytest.raises(SetupError) as raised:
            town.accord.import_links(pairs)
        assert [position for position, _ in raised.value.facts["refused"]] == [0, 2, 3]
