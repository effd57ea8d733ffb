"""What a plant refuses."""

from __future__ import annotations

from firmware_bridge.errors import BridgeError


class PlantError(BridgeError):
    """A plant was driven or asked in a way that has no physical meaning; the text says what to change."""
