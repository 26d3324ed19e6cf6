"""What must not make Accord forget a refusal, an old address or an erasure. See consent.md 1.4, 1.5, 2.3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from accord.api.consent import Proof
from accord.consent.signal import Actor, Kind
from accord.hookspecs import hookimpl
from accord.store.consent_rows import RevocationState, SendState
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Stage

ANN, ANNA, BEA = "ann@example.com", "anna@example.com", "bea@example.com"
PURPOSES = ("ads.audience_match", "ads.personalisation")
META = "ad_platform:meta"


def target(stage: Stage) -> str:
    """Ann may be matched by the ad platform; the hash that went there."""
    stage["shop"].put("s1", mail=ANN, ads_consent=stage.yes(days=9), ads_personal=stage.yes(days=9))
    stage.sync()
    (sent,) = [send for send in stage.sends() if send.connection == "ads"]
    return sent.identifiers["em"]


def agree(stage: Stage, who: str = ANN) -> None:
    """She says yes at the desk, with a form to prove it, after the tie of two clocks is over."""
    stage.env.forward(600)
    for purpose in PURPOSES:
        stage.say(Kind.GRANT, purpose, META, evidence="form-7", actor=Actor.PERSON, who=who)


def removed(stage: Stage) -> list[Mapping[str, str]]:
    return [write.identifiers for verb, write in stage.written("ads") if verb == "remove"]


def verbs(stage: Stage, system: str) -> list[str]:
    return [verb for verb, _ in stage.written(system)]


def last_hash(stage: Stage, who: str = ANN) -> str:
    """The hash that the ad platform was last sent; other systems are sent at the same instant."""
    return [send for send in stage.sends(who) if send.connection == "ads"][-1].identifiers["em"]


def of_ads(stage: Stage, who: str = ANN) -> list[SendState]:
    return [send.status for send in stage.sends(who) if send.connection == "ads"]


class Breaks:
    """A plugin whose rules fail."""

    @hookimpl
    def accord_gate(self) -> None:
        raise ValueError

    @hookimpl
    def accord_transform(self) -> None:
        raise ValueError


def test_a_withdrawal_does_not_wait_for_a_plugin_that_fails(stage: Stage) -> None:
    target(stage)
    stage.accord.plugins.register(Breaks())
    stage.withdraw("ads.audience_match", META)
    report = stage.accord.sync("customers")
    assert {problem.error for problem in report.problems} == {"PluginError"}
    assert verbs(stage, "ads") == ["create", "remove"]


def test_a_new_yes_puts_a_removed_person_back(stage: Stage) -> None:
    hashed = target(stage)
    stage.withdraw("ads.audience_match", META)
    stage.sync()
    agree(stage)
    stage.sync()
    assert verbs(stage, "ads") == ["create", "remove", "update"]
    assert last_hash(stage) == hashed
    stage.sync()
    assert verbs(stage, "ads") == ["create", "remove", "update"]


def test_an_address_that_was_left_is_removed_before_the_new_one_is_sent(stage: Stage) -> None:
    hashed = target(stage)
    stage["shop"].put("s1", mail=ANNA)
    stage.sync()
    assert verbs(stage, "ads") == ["create", "remove", "update"]
    assert [one["em"] for one in removed(stage)] == [hashed]
    assert of_ads(stage, ANNA) == [SendState.REVOKED, SendState.SENT]
    stage.withdraw("ads.audience_match", META, who=ANNA)
    stage.sync()
    assert [one["em"] for one in removed(stage)][1:] == [last_hash(stage, ANNA)]


def test_a_refusal_after_an_overtaken_one_is_carried_out(stage: Stage) -> None:
    target(stage)
    stage.withdraw("ads.audience_match", META)
    agree(stage)
    stage.sync()
    assert removed(stage) == []
    stage.env.forward(600)
    stage.withdraw("ads.audience_match", META)
    stage.sync()
    assert len(removed(stage)) == 1
    assert set(of_ads(stage)) == {SendState.REVOKED}


def test_a_dated_yes_of_the_system_that_showed_the_no_reopens_nothing(stage: Stage) -> None:
    stage["crm"].put(mail=ANN, mail_consent=stage.no(days=30))
    stage.sync()
    stage["crm"].put(stage["crm"].row(mail=ANN)["id"], mail_consent=stage.yes())
    stage.settle()
    assert stage.state() == "withdrawn"
    assert stage.conflicts() == ["consent"]
    assert stage.mails("letter") == []


def test_a_refusal_and_a_new_request_on_one_page_revoke_all_the_same(stage: Stage) -> None:
    target(stage)
    stage.withdraw("ads.audience_match", META)
    stage.env.forward(600)
    stage.say(Kind.REQUEST_DOI, "ads.audience_match", META)
    stage.sync()
    assert len(removed(stage)) == 1


def test_two_who_become_one_are_revoked_where_only_one_had_refused(stage: Stage) -> None:
    target(stage)
    stage["crm"].put(mail=BEA, ads_consent=stage.no())
    stage.sync()
    stage.accord.merge(stage.person(BEA).id, stage.person(ANN).id)
    stage.sync()
    assert len(removed(stage)) == 1
    assert stage.state("ads.audience_match", META, who=BEA) == "withdrawn"


def test_an_address_that_objected_before_it_was_known_stays_closed_to_what_systems_show(stage: Stage) -> None:
    stage.accord.consent.withdraw(ANN)
    stage.env.forward(600)
    stage["shop"].put("s1", mail=ANN, mail_consent=stage.yes(seconds=1))
    stage.sync()
    assert stage.mails("letter") == []
    assert stage.decisions("letter")[0].facts["reason"] == "objection"
    stage.env.forward(600)
    stage.accord.consent.grant(ANN, "marketing.direct", "email", Proof("web_form", "form-7"))
    stage.sync()
    assert stage.mails("letter") == [ANN]


def test_the_orders_of_an_erased_person_are_emptied_where_they_stand_and_created_nowhere(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the journal of erasures is kept
    stage["shop"].put("s1", mail=ANN, mail_consent=stage.yes())
    stage.sync()
    stage["shop/orders"].put("o1", number="1001", contact_id="s1", mail=ANN, placed=stage.ago(hours=1))
    stage.sync("orders")
    assert stage["letter/orders"].row(number="1001")["mail"] == ANN
    stage.accord.erase(ANN, identity="passport-check-1")
    stage.sync("orders")
    assert stage["letter/orders"].row(number="1001")["mail"] is None
    assert stage["ads/orders"].rows == {}
    assert _clear(stage) == []


def _clear(stage: Stage) -> list[str]:
    """Consent writes that still tell, in clear or by hash, who somebody was."""
    with stage.accord.store.reading() as tx:
        erasures = tx.erasures.every()
        told = tx.revocations.of([one.subject for one in erasures])
    ended: list[Any] = [one for one in told if one.finished_at is not None]
    return [one.id for one in ended if one.document or one.identifiers]


def test_a_person_who_never_went_anywhere_is_told_nowhere(stage: Stage) -> None:
    stage["shop"].put("s1", mail=ANN)
    stage.sync()
    stage["shop"].put("s1", mail=ANNA)
    stage.withdraw()
    stage.settle()
    assert stage.revocations(ANNA) == [] or {one.state for one in stage.revocations(ANNA)} == {
        RevocationState.GONE
    }
    assert verbs(stage, "letter") + verbs(stage, "ads") == []
