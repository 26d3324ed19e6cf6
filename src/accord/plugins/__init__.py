"""Plugins behind one typed door: nobody else calls a hook.

A plugin that fails is named with its distribution, its version and the hook, and disables only itself.
"""

from __future__ import annotations

from accord.plugins.facade import Arbiter, Gate, Matcher, Plugins, Transformer
from accord.plugins.installed import CONNECTORS, DISABLE, GROUP

__all__ = ["CONNECTORS", "DISABLE", "GROUP", "Arbiter", "Gate", "Matcher", "Plugins", "Transformer"]
