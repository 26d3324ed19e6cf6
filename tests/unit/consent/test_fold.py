"""What a log of signals means for one permission."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.consent.fold import Cell, CellState, Fold
from accord.consent.policy import Policy, shipped
from accord.consent.scope import lineage
from accord.consent.signal import Actor, ConsentSignal, Kind, NoticeVersion
from tests.unit.consent.said import CELL, DAY, HOUR, NOW, POINT, fold, grant, said, withdraw

PERSON = {"actor": Actor.PERSON, "evidence": "form-7"}


def policy(**signals: Any) -> Policy:
    """The shipped policy with other rules for signals."""
    known = shipped()
    return known.model_copy(update={"signals": known.signals.model_copy(update=signals)})


signals = st.builds(
    said,
    st.sampled_from(Kind),
    actor=st.sampled_from(Actor),
    source=st.sampled_from(("shop", "crm", "news", "operator")),
    event=st.sampled_from(("e1", "e2", "e3", "e4")),
    effective_at=st.none() | st.floats(NOW - 90 * DAY, NOW + DAY).map(lambda at: round(at / 600) * 600.0),
    received_at=st.floats(NOW - 90 * DAY, NOW).map(lambda at: round(at / 600) * 600.0),
    purpose=st.sampled_from(("marketing.direct", "marketing", "*", "ads.audience_match")),
    channel=st.sampled_from(("email", "sms", "*")),
    contact_point=st.sampled_from(("", POINT, "bb" * 16)),
    evidence=st.sampled_from(("", "form-7")),
    precision=st.sampled_from((0.0, DAY)),
    topic=st.sampled_from(("", "news")),
)
logs = st.lists(signals, max_size=8)


@given(logs, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_changes_the_state(
    log: list[ConsentSignal], dice: random.Random
) -> None:
    shuffled = log + dice.choices(log, k=len(log)) if log else []
    dice.shuffle(shuffled)
    assert fold(*shuffled) == fold(*log)


@given(logs)
def test_a_later_withdrawal_by_the_person_always_closes(log: list[ConsentSignal]) -> None:
    last = withdraw(effective_at=NOW + DAY, received_at=NOW + 2 * DAY, **PERSON)
    assert fold(*log, last).state == "withdrawn"


@given(logs)
def test_a_closing_signal_raises_the_epoch(log: list[ConsentSignal]) -> None:
    assert fold(*log, withdraw(**PERSON)).epoch == fold(*log).epoch + 1


@given(logs, signals)
def test_only_evidence_or_the_same_source_reopens(log: list[ConsentSignal], more: ConsentSignal) -> None:
    closed = [*log, withdraw(source="elsewhere")]
    opened = fold(*closed, more).state in ("granted", "soft_opt_in")
    assert not opened or fold(*closed).state in ("granted", "soft_opt_in") or more.is_evidenced


@given(logs)
def test_an_observation_never_opens(log: list[ConsentSignal]) -> None:
    seen = [replace(one, kind=Kind.OBSERVE) for one in log]
    assert fold(*seen).state == "unknown"


def then(log: list[ConsentSignal], at: float) -> CellState:
    """What held at an instant."""
    known = Fold(shipped(), at)
    return known.cell(CELL, known.said_by_then(log))


@given(st.lists(signals, max_size=5), st.lists(signals, max_size=3), st.floats(-40 * DAY, 0))
def test_what_held_then_is_not_changed_by_what_was_said_later(
    log: list[ConsentSignal], more: list[ConsentSignal], ago: float
) -> None:
    at = NOW + ago
    later = [
        replace(one, id=f"l{n}", event=f"l{n}", effective_at=at + 1 + n, received_at=at + 1 + n)
        for n, one in enumerate(more)
    ]
    assert then(log + later, at) == then(log, at)


@given(st.lists(signals, max_size=5))
def test_what_held_then_was_never_more_than_the_log_of_that_time_allows(log: list[ConsentSignal]) -> None:
    dated = [replace(one, effective_at=one.received_at, precision=0.0) for one in log]
    assert then(dated, NOW) == fold(*dated)


@pytest.mark.parametrize("uncertain", [{"effective_at": None}, {"precision": DAY}])
def test_a_yes_that_may_have_come_later_did_not_hold_then(uncertain: dict[str, Any]) -> None:
    yes = grant(effective_at=NOW - HOUR, actor=Actor.PERSON, evidence="form")
    assert then([yes], NOW).state == "granted"
    assert then([replace(yes, **uncertain)], NOW).state == "unknown"


def test_silence_is_unknown() -> None:
    assert fold() == CellState()


def test_a_dated_yes_of_a_vendor_grants() -> None:
    yes = grant()
    assert fold(yes) == CellState("granted", "consent", 0, yes.effective_at, yes.id)


def test_a_tie_of_two_clocks_goes_to_the_withdrawal() -> None:
    no = withdraw(source="crm")
    assert (
        fold(grant(evidence="f", actor=Actor.PERSON, effective_at=no.received_at + 299), no).state
        == "withdrawn"
    )
    assert (
        fold(grant(evidence="f", actor=Actor.PERSON, effective_at=no.received_at + 301), no).state
        == "granted"
    )


def test_within_one_source_its_own_time_decides_and_a_tie_is_a_no() -> None:
    no = withdraw()
    assert fold(no, grant(effective_at=no.received_at, **PERSON)).state == "withdrawn"
    assert fold(no, grant(effective_at=no.received_at + 1, **PERSON)).state == "granted"


def test_what_a_system_shows_never_reopens_a_refusal_it_showed_itself() -> None:
    no = withdraw(effective_at=None)
    yes = grant(effective_at=NOW, received_at=NOW)
    assert fold(no, yes).state == "withdrawn"
    assert fold(no, yes).conflicts == (yes.id,)


def test_within_one_source_its_own_numbers_decide() -> None:
    no = withdraw(sequence=7, effective_at=NOW - HOUR)
    assert fold(no, grant(sequence=8, effective_at=NOW - DAY, **PERSON)).state == "granted"
    assert fold(no, grant(sequence=6, effective_at=NOW, **PERSON)).state == "withdrawn"


def test_dates_without_a_time_are_a_tie_for_a_day() -> None:
    no = withdraw(source="crm", precision=DAY)
    assert fold(no, grant(effective_at=no.received_at + 20 * HOUR, **PERSON)).state == "withdrawn"
    assert fold(no, grant(effective_at=no.received_at + 25 * HOUR, **PERSON)).state == "granted"


def test_an_undated_withdrawal_counts_from_its_arrival() -> None:
    no = withdraw(effective_at=None, received_at=NOW)
    assert fold(no, grant(source="crm", effective_at=NOW - DAY, **PERSON)).state == "withdrawn"


def test_a_withdrawal_dated_in_the_future_acts_at_once() -> None:
    no = withdraw(effective_at=NOW + 30 * DAY, received_at=NOW - DAY)
    assert fold(grant(effective_at=NOW - 2 * DAY), no).state == "withdrawn"


def test_a_grant_dated_in_the_future_counts_from_its_arrival() -> None:
    yes = grant(effective_at=NOW + 30 * DAY, received_at=NOW - 10 * DAY, **PERSON)
    assert fold(yes, withdraw(source="crm", effective_at=NOW - DAY)).state == "withdrawn"


@pytest.mark.parametrize(
    ("yes", "state"),
    [
        ({}, "withdrawn"),
        ({"evidence": "row"}, "withdrawn"),
        (PERSON, "granted"),
        ({"actor": Actor.AGENT, "evidence": "ticket-9"}, "granted"),
        ({"actor": Actor.PERSON}, "withdrawn"),
        ({"kind": Kind.ATTEST_IMPORT, "actor": Actor.IMPORT, "evidence": "list"}, "withdrawn"),
    ],
)
def test_what_one_system_shows_never_overrules_what_another_was_told(yes: dict[str, Any], state: str) -> None:
    no = withdraw(source="crm", effective_at=NOW - 20 * DAY)
    later = said(
        yes.get("kind", Kind.GRANT),
        **{"effective_at": NOW - DAY} | {k: v for k, v in yes.items() if k != "kind"},
    )
    assert fold(no, later).state == state


def test_a_grant_must_beat_every_withdrawal() -> None:
    first, second = withdraw(effective_at=NOW - 9 * DAY), withdraw(source="crm", effective_at=NOW - 3 * DAY)
    between = grant(effective_at=NOW - 5 * DAY, **PERSON)
    assert fold(first, between).state == "granted"
    assert fold(first, between, second).state == "withdrawn"


@pytest.mark.parametrize("purpose", lineage("marketing.direct.similar_products"))
def test_a_withdrawal_of_a_parent_closes_its_children(purpose: str) -> None:
    child = Cell("marketing.direct.similar_products", "email", POINT)
    yes = grant(purpose="marketing.direct.similar_products")
    assert fold(yes, cell=child).state == "granted"
    assert fold(yes, withdraw(purpose=purpose), cell=child).state == "withdrawn"


def test_a_withdrawal_of_a_child_leaves_the_parent() -> None:
    assert fold(grant(), withdraw(purpose="marketing.direct.similar_products")).state == "granted"


def test_a_withdrawal_of_one_topic_leaves_the_channel() -> None:
    assert fold(grant(), withdraw(topic="offers")).state == "granted"
    assert fold(grant(), withdraw(topic="offers"), cell=replace(CELL, topic="offers")).state == "withdrawn"


def test_a_grant_on_a_parent_covers_a_child_only_if_its_notice_names_it() -> None:
    child = Cell("marketing.direct.similar_products", "email", POINT)
    text = NoticeVersion("n", "1", purposes=("marketing.direct.similar_products",))
    yes = grant(notice=text.reference)
    assert fold(yes, cell=child).state == "unknown"
    assert fold(yes, cell=child, notices={text.reference: text}).state == "granted"


def test_a_grant_does_not_reach_beyond_the_text_that_was_shown() -> None:
    text = NoticeVersion("loyalty", "2", purposes=("marketing.partners",))
    assert fold(grant(notice=text.reference), notices={text.reference: text}).state == "unknown"
    assert fold(grant(notice=text.reference)).state == "granted"


def test_a_grant_for_ad_platforms_covers_those_its_notice_names() -> None:
    text = NoticeVersion("n", "1", partners=("meta",))
    yes = grant(purpose="ads.audience_match", channel="ad_platform", contact_point="", notice=text.reference)
    for platform, state in (("meta", "granted"), ("tiktok", "unknown")):
        cell = Cell("ads.audience_match", f"ad_platform:{platform}")
        assert fold(yes, cell=cell, notices={text.reference: text}).state == state


def test_a_grant_stays_with_its_address() -> None:
    assert fold(grant(), cell=replace(CELL, contact_point="cc" * 16)).state == "unknown"


@pytest.mark.parametrize(("bind", "state"), [("person", "withdrawn"), ("address", "granted")])
def test_a_withdrawal_at_one_address_closes_the_person_by_policy(bind: str, state: str) -> None:
    other = withdraw(contact_point="cc" * 16)
    assert fold(grant(), other, policy=policy(withdrawals_bind=bind)).state == state


def test_a_statement_of_the_person_closes_every_address() -> None:
    no = withdraw(contact_point="")
    assert (
        fold(grant(effective_at=NOW - 40 * DAY), no, policy=policy(withdrawals_bind="address")).state
        == "withdrawn"
    )


def test_a_request_waits_for_its_click() -> None:
    ask = said(Kind.REQUEST_DOI, effective_at=NOW - DAY)
    click = said(Kind.CONFIRM_DOI, effective_at=NOW - HOUR, request=ask.event, **PERSON)
    assert fold(ask).state == "pending_confirmation"
    assert fold(ask, click).state == "granted"


def test_a_click_that_comes_too_late_confirms_nothing() -> None:
    ask = said(Kind.REQUEST_DOI, effective_at=NOW - 40 * DAY)
    click = said(Kind.CONFIRM_DOI, effective_at=NOW - HOUR, request=ask.event, **PERSON)
    assert fold(ask, click).state == "unknown"


def test_a_click_for_another_request_confirms_nothing() -> None:
    ask = said(Kind.REQUEST_DOI, effective_at=NOW - DAY)
    assert fold(ask, said(Kind.CONFIRM_DOI, request="another", **PERSON)).state == "pending_confirmation"


def test_a_withdrawal_between_request_and_click_closes() -> None:
    ask = said(Kind.REQUEST_DOI, effective_at=NOW - 5 * DAY)
    no = withdraw(effective_at=NOW - 4 * DAY)
    click = said(Kind.CONFIRM_DOI, effective_at=NOW - 3 * DAY, request=ask.event, **PERSON)
    assert fold(ask, no, click).state == "withdrawn"


def test_a_request_nobody_answers_ends() -> None:
    assert fold(said(Kind.REQUEST_DOI, effective_at=NOW - 31 * DAY)).state == "unknown"


def test_a_request_after_a_single_yes_waits_for_the_click() -> None:
    assert (
        fold(grant(), said(Kind.REQUEST_DOI, source="news", effective_at=NOW - DAY)).state
        == "pending_confirmation"
    )


def test_a_sale_with_notice_is_a_soft_opt_in_until_anybody_objects() -> None:
    sale = said(Kind.PURCHASE, notice="n@1")
    assert fold(sale).state == "soft_opt_in"
    assert fold(said(Kind.PURCHASE)).state == "unknown"
    assert fold(sale, said(Kind.OBJECT, effective_at=NOW - 60 * DAY)).state == "withdrawn"


def test_a_grant_ends_on_its_date() -> None:
    yes = grant(expires_at=NOW - 1)
    assert fold(yes).state == "expired"
    assert fold(yes, grant(effective_at=NOW - HOUR)).state == "granted"


def test_an_expiry_ends_a_grant_and_a_later_yes_begins_anew() -> None:
    over = said(Kind.EXPIRE, actor=Actor.ACCORD, effective_at=NOW - 2 * DAY)
    assert fold(grant(), over).state == "expired"
    assert fold(grant(), over, grant(effective_at=NOW - DAY)).state == "granted"


def test_undated_opt_ins_without_evidence_stay_unknown() -> None:
    import_ = said(Kind.ATTEST_IMPORT, actor=Actor.IMPORT, effective_at=None)
    assert fold(import_).state == "unknown"
    assert fold(replace(import_, effective_at=NOW - DAY, evidence="list-3")).state == "granted"


def test_a_system_that_shows_a_yes_against_a_withdrawal_is_reported() -> None:
    seen = said(Kind.OBSERVE, source="news", received_at=NOW)
    no = withdraw()
    assert fold(no, seen) == CellState("withdrawn", "none", 1, no.effective_at, no.id, None, (seen.id,))


def test_an_echo_changes_nothing() -> None:
    assert fold(grant(), withdraw(echo_of="w1")).state == "granted"
