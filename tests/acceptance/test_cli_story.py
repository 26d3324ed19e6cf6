"""One story from the first plan to a resolved conflict, told with the real command over real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cli_stage import Said, Stage

Story = dict[str, Said]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def story(stage: Stage) -> Story:
    """Everything that is done, in its order; the tests look at what was said."""
    told: Story = {"check": stage.accord("check", "--json")}
    told["first sync"] = stage.accord("sync")
    assert stage.members() == []
    told["plan"] = stage.accord("plan", "--json")
    told["sync"] = stage.accord("sync", "--json")
    told["again"] = stage.inside("sync")
    told["due"] = stage.inside("sync", "--due", "--json")
    stage.members("UPDATE members SET points = 11, changed = datetime('now') WHERE mail = 'lea@example.com'")
    told["edited"] = stage.inside("sync", "--json")
    stage.edit("Tom", "Thomas")
    stage.members(
        "UPDATE members SET first = 'Tommy', changed = datetime('now') WHERE mail = 'tom@example.org'"
    )
    told["conflict"] = stage.accord("sync", "--log-json", TRACEPARENT=f"00-{'a' * 32}-{'b' * 16}-01")
    told["conflicts"] = stage.inside("conflicts", "--json")
    (conflict,) = told["conflicts"].document["conflicts"]
    told["resolve"] = stage.inside("conflicts", "resolve", conflict["id"][:8], "vendor")
    told["settled"] = stage.inside("sync", "--json")
    told["explain"] = stage.inside("explain", "tom@example.org", "--json")
    told["show"] = stage.accord("show", "till:2")
    told["runs"] = stage.inside("runs")
    told["status"] = stage.inside("status", "--json", LOYALTY_URL=None)
    return told


def test_check_names_the_accounts(story: Story) -> None:
    found = story["check"].document["connections"]
    assert [(each["connection"], each["error"]) for each in found] == [("till", ""), ("loyalty", "")]


def test_the_first_sync_only_plans(story: Story) -> None:
    said = story["first sync"]
    assert said.code == 4
    assert "first plan of flow customers" in said.out
    assert "accord sync --flow customers" in said.out


def test_a_plan_is_what_the_sync_does(story: Story) -> None:
    (plan,) = story["plan"].document["plans"]
    (report,) = story["sync"].document["reports"]
    assert plan["first"]
    assert plan["counts"]["loyalty/members"]["create"] == 2
    assert report["members"]["loyalty/members"]["created"] == 2
    assert plan["writes"][0]["fields"] == ["email", "given_name", "loyalty_points"]


def test_a_second_sync_writes_nothing(story: Story) -> None:
    assert story["again"].code == 0
    assert "0 writes" in story["again"].out


def test_nothing_is_due_right_after_a_run(story: Story) -> None:
    assert story["due"].document["reports"] == []
    assert story["due"].code == 0


def test_an_edit_in_the_database_reaches_the_file(story: Story, stage: Stage) -> None:
    assert story["edited"].document["reports"][0]["total"]["updated"] == 1
    assert stage.cards()["1"]["points"] == "11"


def test_a_new_conflict_is_exit_code_3(story: Story) -> None:
    assert story["conflict"].code == 3
    (conflict,) = story["conflicts"].document["conflicts"]
    assert {conflict["hub_value"], conflict["vendor_value"]} == {"Thomas", "Tommy"}


def test_log_lines_carry_the_callers_trace(story: Story) -> None:
    import json

    lines = [json.loads(line) for line in story["conflict"].err.splitlines()]
    assert {line["trace"] for line in lines} == {"a" * 32}
    assert {line.get("flow") for line in lines} == {"customers"}
    assert {line["connection"] for line in lines if line["event"] == "stream done"} == {"till", "loyalty"}


def test_a_resolved_conflict_reaches_every_system(story: Story, stage: Stage) -> None:
    (conflict,) = story["conflicts"].document["conflicts"]
    chosen = conflict["vendor_value"]
    assert story["settled"].code == 0
    assert stage.cards()["2"]["first"] == chosen
    assert stage.members()[1][0] == chosen


def test_explain_tells_who_decided(story: Story) -> None:
    (record,) = story["explain"].document["records"]
    (name,) = [each for each in record["fields"] if each["cell"] == "given_name"]
    assert (name["source"], name["rule"]) == ("operator", "resolved:vendor")
    assert name["lost"][0]["policy"] == "manual"


def test_show_is_plain_text_when_piped(story: Story) -> None:
    assert "tom@example.org" in story["show"].out
    assert "\x1b" not in story["show"].out


def test_runs_lists_the_newest_first(story: Story) -> None:
    lines = story["runs"].out.splitlines()
    assert lines[0].startswith("run ")
    assert lines[1].split() > lines[-1].split()


def test_status_needs_no_secret(story: Story) -> None:
    (flow,) = story["status"].document["flows"]
    assert story["status"].code == 0
    assert flow["records"] == 2
    assert story["status"].document["open_conflicts"] == 0


def test_nothing_but_the_document_is_printed(story: Story) -> None:
    assert [name for name, said in story.items() if said.err and name != "conflict"] == []


def test_a_store_is_private(story: Story, stage: Stage) -> None:
    assert story["sync"].code == 0
    assert Path(stage.root / "accord.db").stat().st_mode & 0o077 == 0
