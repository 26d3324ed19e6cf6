from __future__ import annotations

from accord.model.recurring import MOST_FORMS, Recurring, values_of


def test_a_list_of_names_is_worked_out_when_it_comes_again() -> None:
    asked: list[tuple[str, ...]] = []

    def told(names: tuple[str, ...]) -> int:
        asked.append(names)
        return len(names)

    forms = Recurring(told)
    assert [forms["a", "b"] for _ in range(4)] == [None, 2, 2, 2]
    assert asked == [("a", "b")]


def test_lists_without_number_take_no_room() -> None:
    forms = Recurring(len)
    for number in range(3 * MOST_FORMS):
        for _ in range(2):
            forms[f"lines.{number}",]
    assert len(forms) <= MOST_FORMS


def test_values_come_in_the_order_asked_for() -> None:
    held = {"a": 1, "b": 2, "c": 3}
    assert values_of(["c", "a"])(held) == (3, 1)
    assert values_of(["b"])(held) == (2,)
    assert values_of([])(held) == ()
