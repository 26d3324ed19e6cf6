"""The command ``accord``. ``--version`` is answered before anything heavy is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's arguments by default.

    Returns:
        The exit code: 0 done, 1 a bug, 2 usage or configuration, 3 new dead letters or conflicts, 4 a plan
        waits for approval, 5 no access to a system, 130 interrupted.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given in (["--version"], ["-V"]):
        from accord import __version__

        sys.stdout.write(f"accord {__version__}\n")
        return 0
    from accord.calm import calm

    if arguments is None:
        # The process is ours: Python need not look through everything thrice before it ends (0.1 s).
        import atexit
        import gc

        atexit.register(gc.freeze)
    with calm():
        from accord.cli.app import run

        return run(given)
