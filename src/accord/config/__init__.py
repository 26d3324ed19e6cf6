"""Configuration: accord.toml or Python objects, checked whole before any I/O."""

from __future__ import annotations

from accord.config.connections import declarations, facts_of
from accord.config.filters import Filter
from accord.config.loading import check, load, parse
from accord.config.members import ConnectionFacts, MemberConfig, StreamFacts, members
from accord.config.models import (
    AccordConfig,
    Config,
    ConnectionConfig,
    ConsentConfig,
    FieldConfig,
    FlowConfig,
    LimitsConfig,
    preferred,
)
from accord.config.publishing import json_schema, template
from accord.config.schedule import next_due
from accord.config.settings import opened

__all__ = [
    "AccordConfig",
    "Config",
    "ConnectionConfig",
    "ConnectionFacts",
    "ConsentConfig",
    "FieldConfig",
    "Filter",
    "FlowConfig",
    "LimitsConfig",
    "MemberConfig",
    "StreamFacts",
    "check",
    "declarations",
    "facts_of",
    "json_schema",
    "load",
    "members",
    "next_due",
    "opened",
    "parse",
    "preferred",
    "template",
]
