from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.unit.controller.campaign.simulated_rig import SimulatedRig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[SimulatedRig]:
    """A rig that is guarded, as the service does it."""
    made = SimulatedRig(tmp_path)
    guard = asyncio.create_task(made.runs.guard())
    yield made
    guard.cancel()
    with suppress(asyncio.CancelledError):
        await guard
    await made.runs.stop()
    made.close()
