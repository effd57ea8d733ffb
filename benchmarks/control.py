"""`make bench-control`: our loop against cyclictest, in turns, idle and under load.

Both run at the same SCHED_FIFO priority, memory locked, on absolute clock_nanosleep at the same interval, and
their latencies are whole microseconds rounded down. Which of the two comes first changes with every round.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Annotated, Final

import typer

from benchmarks.children import BenchmarkError
from benchmarks.cyclictest import find_cyclictest, run_cyclictest
from benchmarks.device import measure_control
from benchmarks.load import run_load
from benchmarks.publishing import measure_publishing
from benchmarks.verdict import conclude, give_up, percentile, progress_bar
from controller.domain.plan import RealtimePlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.latency import Latencies

RATES_HZ: Final = (100, 1000)
P99_RATIO_LIMITS: Final = {100: 2.0, 1000: 1.5}
MISSED_RATIO_LIMIT: Final = 2.0
PUBLISH_LIMIT_US: Final = 10.0
_PERCENTS: Final = (50.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Pair:
    """What both programs did one after the other."""

    loaded: bool
    rate_hz: int
    ours: Latencies
    theirs: Latencies

    def ratio(self, percent: float) -> float:
        """Compare a percentile. Below a microsecond cyclictest knows nothing: it counts as one."""
        return self.ours.percentile_us(percent) / max(self.theirs.percentile_us(percent), 1)


def main(
    rounds: Annotated[int, typer.Option(min=1, max=100)] = 5,
    seconds: Annotated[int, typer.Option(min=1, max=600, help="Of each program at each rate.")] = 20,
) -> None:
    """Measure, print every round and the medians, and end with one line of JSON."""
    try:
        program = find_cyclictest()
        pairs = _measure(program, rounds, seconds)
    except BenchmarkError as error:
        raise typer.Exit(give_up(error)) from None
    _print_medians(pairs)
    raise typer.Exit(_judge(pairs))


def _measure(program: str, rounds: int, seconds: int) -> list[Pair]:
    pairs = []
    with progress_bar() as progress:
        task = progress.add_task("measuring", total=rounds * 2 * len(RATES_HZ))
        for number in range(rounds):
            for loaded in (False, True):
                with run_load() if loaded else nullcontext() as load:
                    for rate_hz in RATES_HZ:
                        ours_first = (number + loaded) % 2 == 0
                        pairs.append(_measure_pair(program, rate_hz, seconds, loaded, ours_first))
                        if load is not None:
                            load.check()
                        progress.advance(task)
                        _print_pair(number, pairs[-1])
    return pairs


def _measure_pair(program: str, rate_hz: int, seconds: int, loaded: bool, ours_first: bool) -> Pair:
    priority = RealtimePlan().priority
    if ours_first:
        ours = measure_control(rate_hz, seconds)
        theirs = run_cyclictest(program, rate_hz, seconds, priority)
    else:
        theirs = run_cyclictest(program, rate_hz, seconds, priority)
        ours = measure_control(rate_hz, seconds)
    return Pair(loaded, rate_hz, ours, theirs)


def _print_pair(number: int, pair: Pair) -> None:
    head = f"round {number + 1} {'load' if pair.loaded else 'idle'} {pair.rate_hz:4d} Hz"
    for name, latencies in (("control", pair.ours), ("cyclictest", pair.theirs)):
        figures = " ".join(f"p{percent:g} {latencies.percentile_us(percent):6d}" for percent in _PERCENTS)
        print(f"{head}  {name:10s} {figures} max {latencies.max_us:6d} us, missed {latencies.missed}")
    ratios = " ".join(f"p{percent:g} {pair.ratio(percent):6.2f}" for percent in _PERCENTS)
    print(f"{head}  {'ratio':10s} {ratios} max {pair.ours.max_us / max(pair.theirs.max_us, 1):6.2f}")
    sys.stdout.flush()


def _print_medians(pairs: Sequence[Pair]) -> None:
    for loaded in (False, True):
        for rate_hz in RATES_HZ:
            some = _select(pairs, loaded, rate_hz)
            ratios = " ".join(
                f"p{percent:g} {median(pair.ratio(percent) for pair in some):6.2f}" for percent in _PERCENTS
            )
            print(f"median  {'load' if loaded else 'idle'} {rate_hz:4d} Hz  {'ratio':10s} {ratios}")


def _select(pairs: Sequence[Pair], loaded: bool, rate_hz: int) -> list[Pair]:
    return [pair for pair in pairs if pair.loaded == loaded and pair.rate_hz == rate_hz]


def _judge(pairs: Sequence[Pair]) -> int:
    figures: dict[str, float | int | bool] = {}
    holds = True
    for rate_hz, limit in P99_RATIO_LIMITS.items():
        for loaded in (False, True):
            some = _select(pairs, loaded, rate_hz)
            name = f"{'load' if loaded else 'idle'}_{rate_hz}_hz"
            ratio = median(pair.ratio(99.0) for pair in some)
            figures[f"{name}_p99_ratio"] = round(ratio, 3)
            figures[f"{name}_p99_us"] = median(pair.ours.percentile_us(99.0) for pair in some)
            figures[f"{name}_cyclictest_p99_us"] = median(pair.theirs.percentile_us(99.0) for pair in some)
            if loaded:
                holds &= ratio <= limit
    holds &= _judge_missed(pairs, figures)
    publish_us = percentile(measure_publishing(), 99.0) / 1000.0
    figures["publish_p99_us"] = round(publish_us, 2)
    holds &= publish_us < PUBLISH_LIMIT_US
    return conclude("control", holds=holds, figures=figures)


def _judge_missed(pairs: Sequence[Pair], figures: dict[str, float | int | bool]) -> bool:
    """Compare the deadlines missed under load over all rounds.

    They are rare: cyclictest may miss none by luck. Its count is taken as at least one a rate, so that a
    single missed deadline of ours is not infinitely worse than none.
    """
    holds = True
    for rate_hz in RATES_HZ:
        some = _select(pairs, True, rate_hz)
        ours = sum(pair.ours.missed for pair in some)
        theirs = sum(pair.theirs.missed for pair in some)
        figures[f"load_{rate_hz}_hz_missed"] = ours
        figures[f"load_{rate_hz}_hz_cyclictest_missed"] = theirs
        holds &= ours <= MISSED_RATIO_LIMIT * max(theirs, 1)
    return holds


if __name__ == "__main__":
    typer.run(main)
