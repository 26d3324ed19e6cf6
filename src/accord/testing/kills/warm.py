"""Everything that ``accord sync`` imports, so that a forked victim need not. Importing this does it."""

from importlib import import_module

MODULES = (
    "accord.api",
    "accord.cli.app",
    "accord.cli.bars",
    "accord.cli.jobs",
    "accord.cli.planned",
    "accord.cli.reported",
    "accord.cli.stopping",
    "accord.engine.run",
    "accord.http",
    "accord.store",
    "accord_hubspot.connector",
    "accord_shopify.connector",
    "psycopg",
    "rich.progress",
    "structlog",
)

for _name in MODULES:
    import_module(_name)
