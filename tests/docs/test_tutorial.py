"""The tutorials do what they say: their files are written and their commands are run, in order."""

from __future__ import annotations

from pathlib import Path

from tests.docs.pages import DOCS, follow


def test_the_first_sync_runs_as_written(tmp_path: Path) -> None:
    assert follow(DOCS / "tutorial/first-sync.md", tmp_path) >= 10


def test_the_connector_of_the_tutorial_works(tmp_path: Path) -> None:
    offer(
        tmp_path,
        "accord-tinycrm",
        **{"accord.connectors": "accord_tinycrm", "accord.sandboxes": "tinycrm_sandbox:create"},
    )
    assert follow(DOCS / "tutorial/write-a-connector.md", tmp_path, PYTHONPATH=str(tmp_path)) == 2


def offer(folder: Path, distribution: str, **points: str) -> None:
    """What pip makes of a page's distribution: the metadata with its entry points."""
    name = distribution.removeprefix("accord-").replace("-", "_")
    metadata = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    text = "".join(f"[{group}]\n{name} = {value}\n" for group, value in points.items())
    (metadata / "entry_points.txt").write_text(text)
