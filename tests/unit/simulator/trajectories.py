"""What any twin's plant may be driven through, at random."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.twins.registry import TWINS

if TYPE_CHECKING:
    from firmware_bridge.simulator.plant.layout import Process


@cache
def process_of(name: str) -> Process:
    """Tables of optics take a second to make, and a process has no state."""
    plant = TWINS[name].build(1)
    assert isinstance(plant, FlowPlant)
    return plant._process


def drives() -> st.SearchStrategy[list[tuple[float, Drive]]]:
    """Steps and what drives the plant meanwhile; more pumps than any twin has."""
    rate = st.one_of(st.just(0.0), st.floats(0.0, 4000.0))
    drive = st.builds(
        Drive,
        pump_steps_s=st.tuples(*[rate] * 8),
        heater_duty=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
        lamp_duty=st.just(0.0),
        frequency_hz=st.tuples(st.floats(0.0, 5000.0), st.floats(0.0, 500.0)),
        duty=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
        lost_share=st.one_of(st.just(0.0), st.floats(0.0, 1.0)),
        running_out=st.one_of(st.just(()), st.tuples(st.tuples(st.integers(0, 7), st.floats(0.0, 50.0)))),
    )
    return st.lists(st.tuples(st.floats(1e-3, 10.0), drive), min_size=1, max_size=25)


def even(process: Process) -> Drive:
    """All pumps alike, so that the dead volume passes in a minute; both zones warm, every output in use."""
    pumps = len(process.layout.streams)
    rate = process.layout.facts.dead_volume_ul / 60.0 / pumps * process.layout.facts.steps_per_ul
    return Drive((rate,) * pumps, (0.3, 0.7), 0.8, (2000.0, 500.0), (0.6, 0.6))
