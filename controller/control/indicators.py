"""What the stack light, the buzzer and the heater relay show of the reactor's state, as a pure function.

Colours as in IEC 60073 and IEC 60204-1 (table 4): red, emergency: act at once; yellow (amber), abnormal:
look after it; green, normal. Flashing asks for attention, at IEC 60073's normal rate of 1.4 to 2.8 Hz. As in
ISA-18.2 and the annunciators of ISA-18.1, what nobody has acknowledged flashes and sounds; what has been
acknowledged and still stands is steady and silent.
"""

from __future__ import annotations

from typing import Final

from controller.domain.pins import PinOutputs
from controller.domain.readings import ReactorState

BLINK_PERIOD_S: Final = 0.6
"""1.7 Hz. No whole number of ticks a second samples it at one phase only, so it blinks at every such rate."""
_HALTED: Final = (ReactorState.TRIPPED, ReactorState.STOPPED)


def indicate(state: ReactorState, *, unacknowledged: bool, alarm: bool, time_s: float) -> PinOutputs:
    """Decide what the pins show at `time_s` of the reactor's clock.

    `alarm`: one stands, acknowledged or not; `unacknowledged`: one has not been acknowledged, even if its
    cause has gone. One colour at a time, the gravest. Amber also means that the reactor is not ready,
    though nothing has tripped. The heaters have their supply in READY alone.
    """
    lit = not unacknowledged or time_s % BLINK_PERIOD_S < BLINK_PERIOD_S / 2.0
    halted = state in _HALTED
    normal = state is ReactorState.READY and not (alarm or unacknowledged)
    return PinOutputs(
        relay=state is ReactorState.READY,
        red=halted and lit,
        amber=not halted and not normal and lit,
        green=normal,
        buzzer=unacknowledged,
    )
