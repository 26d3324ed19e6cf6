"""Whatever makes a past permission invalid is carried out where the person still stands."""

from __future__ import annotations

from typing import Any

import pytest

from accord.consent.signal import Actor, Kind
from accord.store.consent_rows import SendState
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Stage

DAY = 86_400.0
AD = "ad_platform:meta"
ADS = ("ads.audience_match", AD)


def ann_everywhere(stage: Stage, **more: Any) -> None:
    """Ann reads the newsletter and is in the audience."""
    yes = stage.yes(days=2)
    stage["shop"].put(
        "s1", mail="ann@example.com", first="Ann", mail_consent=yes, ads_consent=yes, ads_personal=yes, **more
    )
    stage.sync()
    assert verbs(stage, "letter")[0] == "create"
    assert verbs(stage, "ads") == ["create"]
    stage.settle()


def verbs(stage: Stage, system: str) -> list[str]:
    return [verb for verb, _ in stage.written(system)]


def born(stage: Stage, years: float) -> str:
    return stage.ago(days=years * 365.25)[:10]


def test_a_birth_date_learned_after_a_send_takes_a_minor_out_of_audiences(stage: Stage) -> None:
    ann_everywhere(stage)
    (sent,) = [send for send in stage.sends() if send.connection == "ads"]
    stage["shop"].put("s1", born=born(stage, 16.5))
    stage.sync()
    ((_, removal),) = [call for call in stage.written("ads") if call[0] == "remove"]
    assert removal.identifiers == sent.identifiers
    assert "unsubscribe" not in verbs(stage, "letter")
    assert [one.denied for one in stage.revocations() if one.connection == "ads"] == ["minor"]
    assert {send.status for send in stage.sends() if send.connection == "ads"} == {SendState.REVOKED}


def test_a_birth_date_learned_after_a_send_ends_a_childs_newsletter(stage: Stage) -> None:
    ann_everywhere(stage)
    stage.settle()
    stage["shop"].put("s1", born=born(stage, 13.5))
    stage.settle()
    assert verbs(stage, "letter").count("unsubscribe") == 1
    assert verbs(stage, "ads") == ["create", "remove"]
    assert stage.state() == "granted"  # nobody said anything: age is no withdrawal


def test_a_parental_reference_that_disappears_ends_a_childs_newsletter(stage: Stage) -> None:
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", born=born(stage, 13))
    stage.sync(connections=["shop"])
    stage.say(Kind.GRANT, evidence="form-7", actor=Actor.PERSON, parental="mother-1")
    stage.sync()
    assert verbs(stage, "letter")[0] == "create"
    stage.env.forward(3600)
    stage.say(Kind.GRANT, evidence="form-8", actor=Actor.PERSON)
    stage.settle()
    assert verbs(stage, "letter").count("unsubscribe") == 1


def test_a_birthday_does_not_make_a_childs_own_yes_valid(stage: Stage) -> None:
    stage["shop"].put(
        "s1", mail="ann@example.com", first="Ann", born=born(stage, 14.9), mail_consent=stage.yes(days=1)
    )
    stage.sync()
    assert stage["letter"].rows == {}
    stage.env.forward(60 * DAY)
    stage["shop"].put("s1", first="Anna")
    stage.settle()
    assert stage["letter"].rows == {}
    assert stage.decisions("letter")[0].facts["reason"] == "minor_when_granted"
    stage.say(Kind.GRANT, evidence="form-9", actor=Actor.PERSON)
    stage.settle()
    assert stage.mails("letter") == ["ann@example.com"]


def test_a_second_permission_that_the_policy_requires_is_part_of_the_first(stage: Stage) -> None:
    ann_everywhere(stage)
    stage.withdraw("ads.personalisation", AD)
    stage.sync()
    assert verbs(stage, "ads") == ["create", "remove"]


def test_an_expired_permission_is_carried_out_by_the_next_sync(stage: Stage) -> None:
    stage["shop"].put("s1", mail="ann@example.com", first="Ann")
    stage.sync()
    ends = stage.env.now().timestamp() + 10 * DAY
    stage.say(Kind.GRANT, evidence="form-7", actor=Actor.PERSON, expires_at=ends)
    stage.settle()
    stage.env.forward(11 * DAY)
    stage.sync()
    assert verbs(stage, "letter").count("unsubscribe") == 1
    assert stage.state() == "expired"


def test_a_stricter_policy_is_carried_out_by_the_next_sync(build_stage: Build, tmp_path: Any) -> None:
    from accord.consent.policy import shipped

    stage = build_stage()
    ann_everywhere(stage)
    policy = shipped().model_copy(
        update={
            "version": "stricter",
            "destinations": shipped().destinations.model_copy(
                update={"contracts_required": True, "contracts": {"letter": "DPA-1"}}
            ),
        }
    )
    world = stage.accord.world
    object.__setattr__(world, "policy", policy)
    stage.sync()
    assert verbs(stage, "ads") == ["create", "remove"]
    assert "unsubscribe" not in verbs(stage, "letter")
    (row,) = [d for d in stage.decisions("ads") if d.outcome == "revoke" and d.facts["state"] == "done"]
    assert (row.facts["denied"], row.facts["policy"]) == ("no_contract", "fr@stricter")


def test_a_policy_that_is_as_it_was_revokes_nothing(stage: Stage) -> None:
    ann_everywhere(stage)
    stage.settle()
    assert [one.verb for one in stage.revocations()] == ["subscribe"]


@pytest.mark.parametrize("partners", [("other",), ("ads",)])
def test_a_notice_that_does_not_name_the_platform_takes_people_out_of_its_audience(
    stage: Stage, partners: tuple[str, ...]
) -> None:
    from accord.consent.signal import NoticeVersion

    ann_everywhere(stage)
    notice = NoticeVersion(
        "ads", "2", purposes=("ads.audience_match", "ads.personalisation"), partners=partners
    )
    with stage.accord.store.transaction("notices") as tx:
        tx.notices.add(notice)
    stage.say(Kind.GRANT, *ADS, evidence="form-7", actor=Actor.PERSON, notice="ads@2")
    stage.sync()
    assert ("remove" in verbs(stage, "ads")) is (partners == ("other",))


def test_a_notice_that_does_not_name_the_purpose_grants_nothing(stage: Stage) -> None:
    from accord.consent.signal import NoticeVersion

    stage["shop"].put("s1", mail="ann@example.com", first="Ann")
    stage.sync()
    with stage.accord.store.transaction("notices") as tx:
        tx.notices.add(NoticeVersion("care", "1", purposes=("profiling",)))
    stage.say(Kind.GRANT, evidence="form-7", actor=Actor.PERSON, notice="care@1")
    stage.sync()
    assert stage["letter"].rows == {}


def test_people_who_share_an_address_lose_what_one_of_them_refuses(stage: Stage) -> None:
    yes = stage.yes(days=2)
    for name in ("Ann", "Bob"):
        stage["shop"].put(mail="info@example.com", first=name, ads_consent=yes, ads_personal=yes)
    stage.sync()
    assert verbs(stage, "ads") == ["create", "create"]
    stage["shop"].put("s1", ads_consent=stage.no(minutes=5))
    stage.sync()
    assert verbs(stage, "ads").count("remove") == 2


def test_the_account_of_a_revocation_names_policy_epoch_and_signal(stage: Stage) -> None:
    ann_everywhere(stage)
    stage.withdraw()
    stage.sync()
    rows = [one.facts for one in stage.decisions("letter") if one.facts.get("verb") == "unsubscribe"]
    assert [row["state"] for row in rows] == ["done", "pending"]
    said = stage.signals()[-1].id
    assert {(r["policy"], r["epoch"], r["signal"], r["denied"]) for r in rows} == {
        ("fr@2026-11", 1, said, "withdrawn")
    }


def test_an_address_that_was_left_goes_alone_and_the_new_one_stays(stage: Stage) -> None:
    from hashlib import sha256

    ann_everywhere(stage)
    stage["shop"].put("s1", mail="anna@example.com")
    stage.settle()
    calls = [(verb, write) for verb, write in stage.written("ads")]
    assert [verb for verb, _ in calls] == ["create", "remove", "update"]
    old = sha256(b"ann@example.com").hexdigest()
    assert calls[1][1].identifiers == {"em": old, "normaliser": "stage/em/1"}
    assert calls[1][1].document == {"email": "ann@example.com"}
    assert [row["mail"] for row in stage["ads"].rows.values()] == ["anna@example.com"]


def test_a_send_under_another_address_is_not_called_back_when_one_is_left(stage: Stage) -> None:
    ann_everywhere(stage)
    stage["shop"].put("s1", tel="+33639980001")
    stage.settle()
    before = verbs(stage, "ads")
    stage["shop"].put("s1", tel="+33639980002")
    stage.settle()
    assert "remove" not in verbs(stage, "ads")[len(before) - 1 :]


def test_a_destination_that_asked_a_child_itself_is_told(stage: Stage) -> None:
    stage["letter"].put("l1", mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=2))
    stage.settle()
    assert stage.state() == "granted"
    stage["shop"].put("s1", mail="ann@example.com", born=born(stage, 13))
    stage.settle()
    assert verbs(stage, "letter").count("unsubscribe") == 1
    assert stage["letter"].row(id="l1")["mail_consent"]["state"] == "withdrawn"


def test_the_daily_look_finds_what_changed_unnoticed(stage: Stage) -> None:
    from accord.store.rows import Stamp

    ann_everywhere(stage)
    person = stage.person()
    with stage.accord.store.transaction("unnoticed") as tx:
        person.rev += 1
        person.cells["birth_date"] = born(stage, 12)
        person.stamps["birth_date"] = Stamp(person.rev, "operator", stage.env.now().timestamp())
        tx.entities.update([person])
    stage.sync()
    assert "remove" not in verbs(stage, "ads")
    stage.accord.consent.retain()
    stage.sync()
    assert verbs(stage, "ads")[-1] == "remove"
    assert verbs(stage, "letter")[-1] == "unsubscribe"
