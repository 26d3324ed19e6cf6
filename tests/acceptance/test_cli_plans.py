"""What a person reads of a plan, and of a run that waits for one: what it is about, and how to go on."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.acceptance.cli_stage import Said, Stage

LIMITS = "\n[flows.customers.limits]\nmax_creates = 1\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def limited(stage: Stage) -> Stage:
    """Two people of the till are new to the loyalty programme, which may get one in a run."""
    stage.config.write_text(stage.config.read_text(encoding="utf-8") + LIMITS, encoding="utf-8")
    return stage


def says(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said
    for each in words:
        assert each in said.out, said.out


def test_a_plan_beyond_a_limit_says_how_to_go_on(limited: Stage) -> None:
    said = limited.inside("plan")
    says(said, 4, "would create more than 1 record in loyalty/members")
    says(said, 4, "If it is what you want, go on with: accord sync --flow customers --approve\n")
    assert limited.inside("sync", "--flow", "customers", "--approve").code == 0


def test_a_sync_stopped_by_a_limit_shows_what_it_would_have_written(limited: Stage) -> None:
    limited.inside("plan")
    said = limited.inside("sync")
    says(said, 4, "waits for your approval", "planned: create")
    (row,) = [line for line in said.out.splitlines() if line.startswith("loyalty/members")]
    assert row.split()[-3:] == ["2", "0", "0"]
    assert "planned: create" not in limited.inside("sync", "--approve").out


def test_a_plan_names_the_command_for_just_what_it_shows(stage: Stage) -> None:
    said = stage.inside("plan", "--full", "--connection", "till")
    says(said, 0, "Go on with: accord sync --flow customers --full --connection till\n")


@pytest.fixture
def remapped(stage: Stage) -> Stage:
    """Both systems agree; then the till's column of points is read as something else."""
    assert stage.inside("sync", "--approve").code == 0
    stage.config.write_text(
        stage.config.read_text(encoding="utf-8").replace(
            'loyalty_points = "points"', 'family_name = "points"', 1
        ),
        encoding="utf-8",
    )
    return stage


def test_a_plan_under_a_changed_mapping_says_so_and_how_to_go_on(remapped: Stage) -> None:
    said = remapped.inside("plan")
    says(said, 0, "the first plan under the changed mapping of till/customers; nothing was written")
    says(said, 0, "Go on with: accord sync --flow customers\n")
    (plan,) = remapped.inside("plan", "--json").document["plans"]
    assert (plan["first"], plan["changed"]) == (False, ["till/customers"])
    assert remapped.inside("sync").code == 0
    assert "Go on with" not in remapped.inside("plan").out


def test_a_sync_that_waits_for_a_changed_mapping_says_how_to_go_on(remapped: Stage) -> None:
    says(remapped.inside("sync"), 4, "the first plan under the changed mapping of till/customers")
    assert remapped.inside("sync").code == 0


def test_a_plan_that_a_system_did_not_answer_is_not_the_one_to_go_on_with(remapped: Stage) -> None:
    remapped.edit("card,", "cart,")
    said = remapped.inside("plan")
    assert "too little to be the first under the changed mapping of till/customers" in said.out
    assert "Go on with" not in said.out


def test_a_plan_shows_where_each_new_record_comes_from(stage: Stage) -> None:
    said = stage.inside("plan")
    says(said, 0, "till/customers:1", "till/customers:2")
    writes = stage.inside("plan", "--json").document["plans"][0]["writes"]
    assert [(each["record"], each["external_id"]) for each in writes] == [(None, None)] * 2


def test_a_long_plan_tells_how_many_writes_it_does_not_list(stage: Stage) -> None:
    rows = "".join(f"{number},P{number},p{number}@example.com,1\n" for number in range(10, 1100))
    stage.till.write_text(stage.till.read_text(encoding="utf-8") + rows, encoding="utf-8")
    says(stage.inside("plan"), 0, "… and 1072 more; --all lists 1000\n")
    says(stage.inside("plan", "--all"), 0, "… and 92 more\n")


def test_a_second_record_of_somebody_is_told(stage: Stage) -> None:
    stage.config.write_text(
        f'{stage.config.read_text(encoding="utf-8")}match = ["email"]\n', encoding="utf-8"
    )
    stage.till.write_text(
        f"{stage.till.read_text(encoding='utf-8')}3,Lea,lea@example.com,\n", encoding="utf-8"
    )
    note = "note: till/customers: second records of what it holds already, linked and not written: 1\n"
    says(stage.inside("plan"), 0, note)
    says(stage.inside("sync"), 0, note, "1 second record to review: `accord conflicts list --all`\n")
    assert "duplicate" in stage.inside("conflicts", "list", "--all").out
    assert "second record" not in stage.inside("sync").out


def test_a_list_that_was_cut_says_so(stage: Stage) -> None:
    rows = [f"{number},P,no address,1\n" for number in range(3, 6)]
    stage.till.write_text(stage.till.read_text(encoding="utf-8") + "".join(rows), encoding="utf-8")
    stage.inside("sync", "--approve")
    cut = "There are more; --limit N lists more of them."
    says(stage.inside("dead-letters", "list", "--limit", "2"), 0, cut)
    assert stage.inside("dead-letters", "list", "--limit", "2", "--json").document["more"] is True
    assert cut not in stage.inside("dead-letters", "list", "--limit", "3").out
    assert stage.inside("dead-letters", "list", "--limit", "3", "--json").document["more"] is False


def test_a_list_without_conflicts_says_where_the_settled_ones_are(stage: Stage) -> None:
    says(stage.inside("conflicts"), 0, "No conflict waits for you; --all lists those that were settled")
    says(stage.inside("conflicts", "list", "--all"), 0, "No conflict.\n")


JOINING = """
[connections.news]
connector = "files"
root = "news"
[connections.news.streams.people]
model = "customer"
path = "people.csv"
write = "people.csv"
key = "id"
hub_id = "accord_id"
[connections.news.streams.people.fields]
given_name = "first"
email = "mail"
"""


@pytest.fixture
def joined(stage: Stage) -> Stage:
    """Both systems agree; then a third one is added to the flow."""
    assert stage.inside("sync", "--approve").code == 0
    (stage.root / "news").mkdir()
    text = stage.config.read_text(encoding="utf-8")
    text = text.replace('both = ["till", "loyalty"]', 'both = ["till", "loyalty"]\nto = ["news"]', 1)
    stage.config.write_text(text + JOINING, encoding="utf-8")
    return stage


def test_a_system_that_joins_a_flow_waits_for_a_plan_and_gets_all_that_is_known(joined: Stage) -> None:
    news = joined.root / "news" / "people.csv"
    said = joined.inside("sync")
    says(
        said,
        4,
        "flow 'customers' has a system that is new to it: this is its plan",
        "the first plan with news/people",
    )
    assert not news.exists()
    says(joined.inside("sync"), 0, "2 writes")
    rows = csv.DictReader(io.StringIO(news.read_text(encoding="utf-8")))
    assert sorted(row["first"] for row in rows) == ["Léa", "Tom"]
    says(joined.inside("sync"), 0, "0 writes")


def test_a_system_that_was_away_gets_what_changed_meanwhile(joined: Stage) -> None:
    assert joined.inside("sync", "--approve").code == 0
    with_news = joined.config.read_text(encoding="utf-8")
    joined.config.write_text(with_news.replace('\nto = ["news"]', "", 1), encoding="utf-8")
    joined.edit("Tom,", "Thomas,")
    assert joined.inside("sync").code == 0
    joined.config.write_text(with_news, encoding="utf-8")
    assert joined.inside("sync").code == 0
    assert "Thomas" in (joined.root / "news" / "people.csv").read_text(encoding="utf-8")


def test_a_connection_with_another_name_is_refused_until_its_old_links_are_released(stage: Stage) -> None:
    assert stage.inside("sync", "--approve").code == 0
    named = stage.config.read_text(encoding="utf-8")
    stage.config.write_text(
        named.replace("connections.till", "connections.counter").replace('["till"', '["counter"'), "utf-8"
    )
    for job in (["plan"], ["sync"], ["sync", "--approve"], ["sync", "--record", "counter:1"]):
        said = stage.inside(*job)
        assert said.code == 2, said
        assert "connection 'counter' leads to the account that 'till' led to" in said.err
        assert "give it its old name 'till' back" in said.err
    assert stage.inside("link", "release", "till/customers").code == 0
    says(stage.inside("sync", "--approve"), 0, "0 writes")
    stage.edit("Tom,", "Thomas,")
    says(stage.inside("sync"), 0, "1 write")
