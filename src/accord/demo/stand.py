"""A vendor's sandbox as a process of its own; it ends with its standard input.

Its one argument is a JSON object: connector, seed, size, token_from (the environment variable that holds the
credential), state (a file, or null). It prints the address it listens on. When the demo is killed, the pipe
closes and its sandboxes end with it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from accord.sandbox import SandboxOptions, serve
from accord.sandbox.catalogue import find

RATE = 50.0
"""Times the vendors' usual rate limits: the demo shows what happens, not how long one waits for it."""


def main() -> None:
    """Serve until nobody holds the other end of the standard input."""
    given = json.loads(sys.argv[1])
    options = SandboxOptions(
        seed=given["seed"],
        size=given["size"],
        rate=RATE,
        token=os.environ[given["token_from"]],
        state=Path(given["state"]) if given["state"] else None,
    )
    with serve(find(given["connector"])(options)) as running:
        sys.stdout.write(running.url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
