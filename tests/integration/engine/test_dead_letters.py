"""Changes set aside: one row per poison, tried again only when there is a reason to."""

from __future__ import annotations

import pytest

from accord.errors import SetupError
from accord.model.record import Row
from tests.integration.engine.town import BOTH, Town

pytestmark = BOTH


def poison(row: Row) -> str | None:
    return "invalid_name" if row.get("first") == "Poison" else None


@pytest.fixture
def town(town: Town) -> Town:
    """A person whom the crm refuses."""
    town["crm"].refuses = poison
    town["shop"].put(mail="ann@example.com", first="Poison")
    assert town.sync().total.dead_letters == 1
    return town


def test_a_refused_write_is_one_row(town: Town) -> None:
    (letter,) = town.accord.dead_letters()
    assert (letter.direction, letter.connection, letter.reason) == ("write", "crm", "invalid_name")
    assert letter.entity == town.hub().id


def test_a_refused_write_is_not_repeated(town: Town) -> None:
    for _ in range(3):
        report = town.sync(full=True)
        assert (report.writes, report.total.dead_letters) == (0, 0)
    assert len(town["crm"].calls) == 1


def test_a_changed_record_is_tried_again(town: Town) -> None:
    town["shop"].put("s1", first="Ann")
    assert town.sync().total.created == 1
    assert town["crm"].shown("first") == [{"first": "Ann"}]


def test_a_letter_closes_when_the_write_succeeds(town: Town) -> None:
    town["shop"].put("s1", first="Ann")
    town.sync()
    assert town.accord.dead_letters() == []


def test_a_letter_of_a_create_closes_when_the_record_is_entered_there(town: Town) -> None:
    town["crm"].put(mail="ann@example.com", first="Ann")
    town.sync()
    assert town.accord.dead_letters() == []


def test_a_letter_closes_when_what_was_refused_is_taken_back(town: Town) -> None:
    bob = town["shop"].put(mail="bob@example.com", first="Bob")
    town.sync()
    town["shop"].put(bob, first="Poison")
    town.sync()
    assert len(town.accord.dead_letters()) == 2
    town["shop"].put(bob, first="Bob")
    town.sync()
    assert [letter.entity for letter in town.accord.dead_letters()] == [town.hub("ann@example.com").id]


def test_a_change_refused_again_stays_one_row(town: Town) -> None:
    town["shop"].put("s1", last="Lee")
    town.sync()
    (letter,) = town.accord.dead_letters()
    assert letter.attempts == 2


def test_a_replayed_letter_is_tried_again(town: Town) -> None:
    town["crm"].refuses = lambda row: None
    assert town.accord.replay([town.accord.dead_letters()[0].id]) == 1
    assert town.sync().total.created == 1


def test_a_replay_refused_again_opens_the_letter_again(town: Town) -> None:
    town.accord.replay()
    assert town.sync().total.dead_letters == 1
    assert len(town.accord.dead_letters()) == 1


def test_a_discarded_letter_is_not_tried_again(town: Town) -> None:
    town.accord.discard(town.accord.dead_letters()[0].id)
    town.sync(full=True)
    assert town.accord.dead_letters() == []
    assert len(town["crm"].calls) == 1


def test_an_unknown_letter_is_a_clear_mistake(town: Town) -> None:
    with pytest.raises(SetupError, match="no dead letter 'nonsense'"):
        town.accord.discard("nonsense")
    with pytest.raises(SetupError, match="no dead letter 'nonsense'"):
        town.accord.replay(["nonsense"])


class TestUnreadable:
    @pytest.fixture
    def town(self, town: Town) -> Town:
        town["crm"].refuses = lambda row: None
        town["shop"].put("s1", first="Ann")
        town["shop"].put(mail="bob@example.com", born="the first of May")
        town["shop"].put(mail="cid@example.com")
        town.sync()
        return town

    def test_an_unreadable_row_is_set_aside_alone(self, town: Town) -> None:
        assert [row["mail"] for row in town["crm"].shown("mail")] == ["ann@example.com", "cid@example.com"]

    def test_the_letter_says_where_and_not_what(self, town: Town) -> None:
        (letter,) = town.accord.dead_letters()
        assert (letter.direction, letter.external_id, letter.error) == ("read", "s2", "MappingError")
        assert "birth_date" in letter.reason
        assert "first of May" not in letter.reason

    def test_a_corrected_row_closes_its_letter(self, town: Town) -> None:
        town["shop"].put("s2", born="1990-05-01")
        town.sync()
        assert town.accord.dead_letters() == []
        assert town["crm"].row(mail="bob@example.com")["born"] == "1990-05-01"

    def test_an_unreadable_row_met_again_is_one_row(self, town: Town) -> None:
        town.sync(full=True)
        (letter,) = town.accord.dead_letters()
        assert letter.attempts >= 2

    def test_a_replay_reads_the_row_again(self, town: Town) -> None:
        town["shop"].rows["s2"]["born"] = "1990-05-01"
        town.accord.replay()
        town.sync()
        assert len(town["crm"].rows) == 3
