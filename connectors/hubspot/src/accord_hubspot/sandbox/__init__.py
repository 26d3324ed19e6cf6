"""A HubSpot portal that fits into a process, started with ``accord sandbox hubspot``."""

from __future__ import annotations

from accord.sandbox import SandboxOptions
from accord_hubspot.sandbox.portal import HubSpotSandbox

__all__ = ["HubSpotSandbox", "create"]


def create(options: SandboxOptions) -> HubSpotSandbox:
    """The sandbox for the entry point ``accord.sandboxes``."""
    return HubSpotSandbox(options)
