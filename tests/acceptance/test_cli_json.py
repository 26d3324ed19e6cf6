"""docs/reference/json.md shows every JSON document with the keys that are really printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cli_stage import Said, Stage

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "json.md"
LEA = "lea@example.com"
FREE = {"facts", "profile", "provenance", "record"}
"""Keys whose content is a record's, of any shape."""
OPEN = {
    "identifiers",
    "members",
    "held",
    "counts",
    "details",
    "environment",
    "batches",
    "payload",
    "intents",
    "accord",
}
"""Keys whose tables have names of the user's or the vendor's; ``connections`` of ``config show``, too."""
KEY = "QnJhbmQtbmV3LWtleS1mb3ItdGhlLXRlc3RzLW9ubHk="


def examples() -> dict[str, list[Any]]:
    blocks = re.findall(
        r"^```json ([^\n]+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    found: dict[str, list[Any]] = {}
    for name, text in blocks:
        found.setdefault(name, []).append(json.loads(text))
    return found


SHOWN = examples()


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """Every command's document, in one story."""
    stage = Stage(tmp_path_factory.mktemp("json"))
    said: dict[str, Said] = {}

    def run(name: str, *more: str, stdin: str = "") -> Any:
        said[name] = stage.inside(*name.split()[1:], *more, "--json", stdin=stdin, ACCORD_KEY=KEY)
        return said[name].document

    stage.edit("tom@example.org", "no address")
    run("accord init", "-c", "new.toml")
    for name in ("check", "plan", "sync", "status", "runs", "migrate", "connectors list", "config show"):
        run(f"accord {name}")
    stage.edit("Léa", "Lea")
    stage.members(
        "UPDATE members SET first = 'Leah', changed = datetime('now') WHERE mail = 'lea@example.com'"
    )
    stage.inside("sync", ACCORD_KEY=KEY)
    run("accord show", "lea@example.com")
    run("accord explain", "lea@example.com")
    (conflict,) = run("accord conflicts list")["conflicts"]
    run("accord conflicts show", conflict["id"][:8])
    run("accord conflicts resolve", conflict["id"][:8], "hub")
    (letter,) = run("accord dead-letters list")["dead_letters"]
    run("accord dead-letters show", letter["id"][:8])
    run("accord dead-letters replay", letter["id"][:8])
    run("accord dead-letters discard", letter["id"][:8])
    header = "connection,stream,external_id,other_connection,other_stream,other_external_id"
    stage.till.write_text(
        f"{stage.till.read_text(encoding='utf-8')}9,Zoe,zoe@example.com,1\n", encoding="utf-8"
    )
    stage.members("INSERT INTO members VALUES (9, 'Zoe', 'zoe@example.com', 1, datetime('now'))")
    (stage.root / "pairs.csv").write_text(f"{header}\ntill,customers,9,loyalty,members,9\n", encoding="utf-8")
    run("accord link import", "pairs.csv")
    run("accord link split", "till:1", "loyalty", "1")
    run("accord link merge", "till:1", "loyalty:1")
    run("accord config secret set", "shop", stdin="very secret\n")
    run("accord config secret list")
    run("accord connectors show", "hubspot")
    run("accord consent record", LEA, "--method", "pos_paper", "--reference", "form 12")
    for name in ("withdraw", "show", "history", "explain"):
        run(f"accord consent {name}", LEA)
    named = ("--text", "pairs.csv", "--purpose", "marketing.direct", "--partner", "letter")
    run("accord consent notice", "news@1", *named)
    run("accord consent retain")
    run("accord consent audit", "--verify")
    run("accord export", LEA)
    report = run("accord erase", LEA, "--identity", "ticket 17")["erasure"]
    run("accord erasures list")
    run("accord erasures show", report["request"])
    run("accord erasures lift", report["request"])
    stage.leave()
    run("accord link retired")
    run("accord link release", "loyalty/members", "--told")
    return said


def same(shown: Any, real: Any, at: str = "") -> None:
    """Compare keys, one level after the other."""
    if at.rpartition(".")[2] in FREE:
        return
    if isinstance(shown, str) and shown.startswith("@"):
        shown = SHOWN[shown[1:]][0]
    if isinstance(shown, dict) and isinstance(real, dict):
        if at.rpartition(".")[2] in OPEN:
            for each in real.values():
                same(next(iter(shown.values())), each, f"{at}.*")
            return
        assert set(shown) >= set(real), at
        assert set(real) >= set(shown) - {"first", "counts", "writes"}, at
        for key, each in real.items():
            same(shown[key], each, f"{at}.{key}")
    elif isinstance(shown, list) and isinstance(real, list):
        for each in real:
            same(shown[0] if shown else each, each, at)
    else:
        assert not isinstance(real, dict) or shown is None, at


ELSEWHERE = {"accord demo", "accord sandbox", "accord serve"}
"""Commands that run for long: their own tests read their documents."""
TOLD = sorted(name for name in SHOWN if name.startswith("accord ") and name not in ELSEWHERE)


@pytest.mark.parametrize("name", TOLD)
def test_a_document_has_the_documented_keys(printed: dict[str, Said], name: str) -> None:
    (shown,) = SHOWN[name]
    document = printed[name].document
    if name == "accord config show":
        assert set(document) == set(shown)
    else:
        same(shown, document, name.rsplit(maxsplit=1)[-1])


def test_a_list_of_dead_letters_holds_no_rows(printed: dict[str, Said]) -> None:
    assert printed["accord dead-letters list"].document["dead_letters"][0]["payload"] is None
    assert printed["accord dead-letters show"].document["dead_letter"]["payload"]


def test_no_document_shows_a_secret(printed: dict[str, Said]) -> None:
    assert [name for name, said in printed.items() if "very secret" in said.out] == []


def test_errors_have_the_documented_keys(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    plain, listed = SHOWN["error"]
    same(plain, stage.inside("show", "nobody@example.com", "--json").document)
    same(listed, stage.inside("status", "-c", "nowhere.toml", "--json").document)
    same(plain, stage.inside("status", "--nonsense", "--json").document)
