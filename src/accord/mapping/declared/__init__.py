"""Mappings written in accord.toml instead of code, for connectors whose streams are configured.

``tables`` turns the ``fields`` tables of a stream into a mapping; ``rows`` is what rows of files and of
databases have in common: keys, our ids, refusals, fingerprints, natural keys; ``words`` is what their
columns say in words that stand for something.
"""

from accord.mapping.declared.rows import (
    Finder,
    HubIds,
    KeyColumns,
    Moment,
    RowMapping,
    declared,
    digest_of,
    findable,
    merged,
    moment,
    refusal,
    refused,
)
from accord.mapping.declared.tables import (
    DeclaredField,
    DeclaredLines,
    DeclaredStream,
    Declarer,
    field_of,
    subject_of,
)
from accord.mapping.declared.words import PermissionWords, natively

__all__ = [
    "DeclaredField",
    "DeclaredLines",
    "DeclaredStream",
    "Declarer",
    "Finder",
    "HubIds",
    "KeyColumns",
    "Moment",
    "PermissionWords",
    "RowMapping",
    "declared",
    "digest_of",
    "field_of",
    "findable",
    "merged",
    "moment",
    "natively",
    "refusal",
    "refused",
    "subject_of",
]
