"""House rules that a machine can hold. CONTRIBUTING.md says why they exist."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import accord

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
TIERS = ("bronze", "silver", "gold", "platinum")
# Written in pieces so that this file does not name what it forbids.
REGISTRIES = re.compile("|".join(["py" + r"pi\.org/", "python" + r"hosted\.org", "npm" + r"js\.org"]))
LOCKS = {"uv.lock", "poetry.lock", "pylock.toml", "Pipfile.lock"}
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|NotImplemented" + r"Error)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
SKIPPED = {"__pycache__", "build", "dist", "node_modules"}


def files() -> list[Path]:
    """Every file of the tree that git would keep, without asking git (a copy has no history)."""
    return sorted(_walk(ROOT))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        hidden = path.name.startswith(".") and path.name not in {".ci", ".gitignore", ".gitattributes"}
        if hidden or path.name in SKIPPED or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def sources() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def settings() -> dict[str, Any]:
    return tomllib.loads(text(ROOT / "pyproject.toml"))


def connectors() -> list[Path]:
    return sorted(file.parent for file in ROOT.glob("connectors/*/pyproject.toml"))


def rules() -> dict[str, tuple[str, str]]:
    """The rules of quality.toml with tier and evidence, from the table that documents them."""
    table = text(ROOT / "docs/reference/quality.md")
    rows = re.findall(r"^\| (\w+) \| `([a-z-]+)` \|[^|]*\|([^|]*)\|$", table, re.MULTILINE)
    return {rule: (tier, evidence.strip(" `")) for tier, rule, evidence in rows}


def by_name(path: Path) -> str:
    return path.name


def test_no_file_is_too_long() -> None:
    long = {shown(path): n for path in sources() if (n := len(text(path).splitlines())) > LONGEST_FILE}
    assert long == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": lines
        for path in sources()
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_nothing_shipped_is_marked_unfinished() -> None:
    shipped = [path for path in sources() if "tests" not in path.parts]
    assert [shown(path) for path in shipped if UNFINISHED.search(text(path))] == []


def test_no_registry_address_is_committed() -> None:
    assert [shown(path) for path in files() if REGISTRIES.search(text(path))] == []


@pytest.mark.skipif(shutil.which("git") is None, reason="git says what is committed")
def test_no_lock_file_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert [name for name in listed.stdout.splitlines() if Path(name).name in LOCKS] == []


def test_every_relative_link_resolves() -> None:
    broken = [
        f"{shown(page)} -> {target}"
        for page in files()
        if page.suffix == ".md"
        for target in LINK.findall(_prose(page))
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert broken == []


def _prose(page: Path) -> str:
    """A page without its code, where brackets mean something else."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text(page), flags=re.MULTILINE | re.DOTALL))


def test_every_page_is_reachable() -> None:
    docs = ROOT / "docs"
    linked = {
        (page.parent / target).resolve()
        for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *docs.rglob("*.md")]
        if page.exists()
        for target in LINK.findall(_prose(page))
    }
    pages = {page for page in docs.rglob("*.md") if page != docs / "index.md"}
    assert sorted(shown(page) for page in pages - linked) == []


def test_front_door_is_sorted_and_real() -> None:
    names: list[str] = list(getattr(accord, "__all__", []))
    assert names == sorted(names)
    assert [name for name in names if not hasattr(accord, name)] == []


def test_front_door_is_documented() -> None:
    reference = "\n".join(text(page) for page in (ROOT / "docs/reference").rglob("*.md"))
    names: list[str] = list(getattr(accord, "__all__", []))
    assert [name for name in names if not re.search(rf"`(accord\.)?{name}\b", reference)] == []


def test_every_rule_has_a_tier() -> None:
    assert {tier for tier, _ in rules().values()} == set(TIERS)


@pytest.mark.parametrize("folder", connectors(), ids=by_name)
def test_a_connector_answers_every_quality_rule(folder: Path) -> None:
    answers = tomllib.loads(text(folder / "quality.toml"))["rules"]
    assert set(answers) == set(rules())
    for rule, answer in answers.items():
        exempt = isinstance(answer, dict) and set(answer) == {"exempt"} and bool(answer["exempt"].strip())
        assert answer in ("done", "todo") or exempt, rule


@pytest.mark.parametrize("folder", connectors(), ids=by_name)
def test_a_done_rule_has_its_evidence(folder: Path) -> None:
    answers = tomllib.loads(text(folder / "quality.toml"))["rules"]
    done = {rule: evidence for rule, (_, evidence) in rules().items() if answers[rule] == "done"}
    missing = [rule for rule, evidence in done.items() if evidence and not list(folder.glob(evidence))]
    assert missing == []


@pytest.mark.parametrize("folder", connectors(), ids=by_name)
def test_a_connector_is_a_thin_distribution(folder: Path) -> None:
    project = tomllib.loads(text(folder / "pyproject.toml"))
    package = f"accord_{folder.name}"
    assert project["project"]["name"] == f"accord-{folder.name}"
    assert project["project"]["entry-points"]["accord.connectors"] == {folder.name: package}
    assert [need for need in project["project"]["dependencies"] if re.match(r"accord>=\d+\.\d+,<\d+$", need)]
    assert set(project.get("tool", {})) <= {"hatch"}
    assert (folder / "README.md").is_file()


@pytest.mark.parametrize("folder", connectors(), ids=by_name)
def test_a_connector_is_wired_in(folder: Path) -> None:
    tree, package = settings(), f"accord_{folder.name}"
    contracts = tree["tool"]["importlinter"]
    assert f"accord-{folder.name}" in tree["dependency-groups"]["dev"]
    assert f"accord-{folder.name}" in tree["tool"]["uv"]["sources"]
    assert f"$MYPY_CONFIG_FILE_DIR/connectors/{folder.name}/src" in tree["tool"]["mypy"]["mypy_path"]
    assert package in contracts["root_packages"]
    guarded = [rule.get("modules") or rule.get("source_modules") for rule in contracts["contracts"][2:]]
    assert all(package in names for names in guarded)


def _hints() -> Iterator[tuple[str, str]]:
    """Every literal that is given as a hint, by its place."""
    code = [path for path in sources() if "src" in path.relative_to(ROOT).parts]
    for path in code:
        for node in ast.walk(ast.parse(text(path))):
            value = node.value if isinstance(node, ast.keyword) and node.arg == "hint" else None
            first = value.values[0] if isinstance(value, ast.JoinedStr) and value.values else value
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value:
                yield f"{shown(path)}:{first.lineno}", first.value


def test_hints_are_sentences() -> None:
    found = list(_hints())
    assert len(found) > 100
    assert [place for place, hint in found if hint[0].islower()] == []
