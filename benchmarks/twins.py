"""`make bench-twins`: how long a day of every simulated rig takes, through the daemon as it is shipped.

The peer is the twin's plant alone: what is left of a day when nothing controls it. The limit is the wall's
time, so it is to be judged on a machine that does nothing else; what the processors spent stands beside it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from benchmarks.children import BenchmarkError
from benchmarks.twin_day import live_day
from benchmarks.twin_plant import measure_plant
from benchmarks.verdict import conclude, give_up, progress_bar
from controller.config.rig import load_rig
from controller.equipment.drivers import known_instruments
from firmware_bridge.devices.registry import DRIVERS
from firmware_bridge.simulator.twins.base import TwinError
from firmware_bridge.simulator.twins.registry import TWINS, find_twin

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from firmware_bridge.simulator.twins.base import Twin

LIMIT_S: Final = 180.0
"""For a day of any rig."""
_DAY_S: Final = 86_400.0
_PLANT_STEPS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one twin, for a day; `tick_us` is what a tick takes of control's processor."""

    day_s: float
    control_s: float
    service_s: float
    tick_us: float
    plant_us: float
    exposure_ms: float
    trials: int
    failed: int
    problem: str

    @property
    def holds(self) -> bool:
        return self.day_s < LIMIT_S

    @property
    def of_limit(self) -> float:
        return self.day_s / LIMIT_S

    @property
    def of_plant(self) -> float:
        """How many times as long as its plant alone a tick takes."""
        return self.tick_us / self.plant_us

    def describe(self) -> str:
        failed = f"{self.failed} failed ({self.problem})" if self.failed else "none failed"
        return (
            f"{self.day_s:.0f} s, {self.of_limit:.2f} of {LIMIT_S:.0f} s; "
            f"processor: control {self.control_s:.0f} s, service {self.service_s:.0f} s; "
            f"{self.tick_us:.0f} us a tick, {self.of_plant:.1f} times its plant's {self.plant_us:.0f} us; "
            f"{self.exposure_ms:.1f} ms a spectrum; {self.trials} experiments, {failed}"
        )


def main(
    twin: Annotated[list[str] | None, typer.Option(help="One of 'ostwaldd twins'; repeatable.")] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=48.0, help="Of reactor time.")] = 24.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the last line alone.")] = False,
) -> None:
    """Measure every twin, or those named, and end with one line of JSON."""
    try:
        twins = [find_twin(name) for name in twin] if twin else list(TWINS.values())
        found = _measure(twins, hours, quiet=as_json)
    except TwinError as error:
        raise typer.BadParameter(str(error)) from None
    except BenchmarkError as error:
        raise typer.Exit(give_up(error)) from None
    raise typer.Exit(_judge(found, hours))


def _measure(twins: list[Twin], hours: float, *, quiet: bool) -> dict[str, Figures]:
    found = {}
    scaled = "a day" if hours == 24.0 else f"a day, scaled from {hours:g} h"
    with progress_bar() as progress:
        for each in twins:
            found[each.name] = _of(each, hours, progress)
            if not quiet:
                print(f"{each.name}: {scaled}: {found[each.name].describe()}", flush=True)
    return found


def _of(twin: Twin, hours: float, progress: Progress) -> Figures:
    kinds = {name: driver.kind.value for name, driver in DRIVERS.items()}
    plan = load_rig(twin.rig_file, known_drivers=kinds, instruments=known_instruments())
    plant = measure_plant(twin, 1.0 / plan.rate_hz, _PLANT_STEPS)
    task = progress.add_task(twin.name, total=1.0)
    day = live_day(twin, hours, partial(_show, progress, task))
    days = day.simulated_s / _DAY_S
    return Figures(
        day_s=day.took_s / days,
        control_s=day.control_s / days,
        service_s=day.service_s / days,
        tick_us=1e6 * day.control_s / day.ticks,
        plant_us=plant.step_us,
        exposure_ms=plant.exposure_ms,
        trials=day.trials,
        failed=day.failed,
        problem=day.problem,
    )


def _show(progress: Progress, task: TaskID, part: float) -> None:
    progress.update(task, completed=part)


def _judge(found: dict[str, Figures], hours: float) -> int:
    figures: dict[str, float | int | bool] = {"hours": hours}
    for name, each in found.items():
        values = {**asdict(each), "of_limit": each.of_limit, "of_plant": each.of_plant, "holds": each.holds}
        figures |= {f"{name}.{key}": value for key, value in values.items() if key != "problem"}
    return conclude("twins", holds=all(each.holds for each in found.values()), figures=figures)


if __name__ == "__main__":
    typer.run(main)
