# The menu. Without just: `python3 dev.py <name>`.

# List the recipes.
default:
    @just --list

# Play the whole story on this machine, against sandboxes.
demo *args:
    python3 dev.py demo {{ args }}

# Run the command line of this tree.
accord *args:
    python3 dev.py accord {{ args }}

# Run the test suite; arguments go to pytest.
test *args:
    python3 dev.py test {{ args }}

# Lint, formatting, types, floors.
check:
    python3 dev.py check

# Put the formatting in order and mend what ruff can mend.
fix:
    .venv-accord/dev/bin/ruff check --fix .
    .venv-accord/dev/bin/ruff format .

# Measure Accord beside a plain script and its peers.
bench *args:
    python3 dev.py bench {{ args }}

# What CI runs.
ci:
    .ci/run
