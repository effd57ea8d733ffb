"""Experiments of a twin as a table: the noise-free model with the machine's errors, on every core.

The only place in the trainer that knows the simulator.
"""

from __future__ import annotations

import csv
import functools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from firmware_bridge.simulator.twins.base import TwinError
from firmware_bridge.simulator.twins.designs import design
from firmware_bridge.simulator.twins.registry import find_twin
from firmware_bridge.simulator.twins.sampling import Sample, Sampler
from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from firmware_bridge.simulator.twins.base import Twin

_CHUNK = 16
"""Samples a worker takes at a time: a second of work, more than handing it over costs."""
Numbered = tuple[int, dict[str, float]]


@dataclass(frozen=True)
class Request:
    """What is asked for on the command line."""

    twin: str
    samples: int
    design: str
    seed: int
    jobs: int


def simulate(request: Request, out: Path, progress: Callable[[int, int], None]) -> Path:
    """Write the table to `out` and a spectrum for each row into the folder `OUT-spectra` beside it.

    Equal requests give equal files, however many cores. UsageError for a twin, design or count that there
    is not, TrainerError where the folder already holds spectra.
    """
    try:
        twin = find_twin(request.twin)
        points = list(enumerate(design(twin, request.design, request.samples, request.seed)))
    except TwinError as error:
        raise UsageError(str(error), remedy="see 'ostwaldd twins' for what there is") from error
    spectra = out.with_name(f"{out.stem}-spectra")
    if spectra.exists() and any(spectra.iterdir()):
        raise TrainerError(f"{spectra} is not empty", remedy="name another file with --out")
    spectra.mkdir(parents=True, exist_ok=True)
    rows: list[list[str]] = [[] for _ in points]
    for done, (number, sample) in enumerate(_run(request, points), start=1):
        file = spectra / f"{number:06d}.csv"
        _write_spectrum(sample, file)
        rows[number] = _row(twin, number, sample, f"{spectra.name}/{file.name}")
        progress(done, len(points))
    with out.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([headers(twin), *rows])
    return spectra


def headers(twin: Twin) -> list[str]:
    """Give the columns: `citrate(%)` is what was asked, `citrate_achieved(%)` what the machine did."""
    asked = [_header(each.name, each.unit) for each in twin.inputs]
    achieved = [_header(f"{each.name}_achieved", each.unit) for each in twin.inputs]
    properties = [_header(each.name, each.unit) for each in twin.properties]
    return ["sample", *asked, *achieved, *properties, "spectrum_file"]


def _header(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name}({unit})"


def _row(twin: Twin, number: int, sample: Sample, spectrum: str) -> list[str]:
    numbers = [
        *(sample.asked[each.name] for each in twin.inputs),
        *(sample.achieved[each.name] for each in twin.inputs),
        *(sample.properties[each.name] for each in twin.properties),
    ]
    # What an experiment did not show is an empty cell.
    return [str(number), *("" if np.isnan(value) else f"{value:.6g}" for value in numbers), spectrum]


def _write_spectrum(sample: Sample, path: Path) -> None:
    """Write absorbance and, of what emits, counts/s of emission, a row a pixel."""
    header = ["wavelength(nm)", "absorbance"]
    columns = [sample.wavelengths_nm.tolist(), sample.absorbance.tolist()]
    if sample.emission is not None:
        header.append("emission(1/s)")
        columns.append(sample.emission.tolist())
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(header)
        writer.writerows(
            (f"{nm:.3f}", f"{absorbance:.5f}", *(f"{value:.1f}" for value in emission))
            for nm, absorbance, *emission in zip(*columns, strict=True)
        )


def _run(request: Request, points: list[Numbered]) -> Iterator[tuple[int, Sample]]:
    """Yield the samples as they are done, in any order."""
    jobs = min(request.jobs, -(-len(points) // _CHUNK))
    if jobs == 1:
        for point in points:
            yield from _take_all(request.twin, request.seed, [point])
        return
    # A fork would copy the threads' locks of whatever is loaded.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures = [
            pool.submit(_take_all, request.twin, request.seed, chunk) for chunk in _chunks(points, _CHUNK)
        ]
        for future in as_completed(futures):
            yield from future.result()


def _chunks(points: Iterable[Numbered], size: int) -> Iterator[list[Numbered]]:
    rest = iter(points)
    while chunk := list(islice(rest, size)):
        yield chunk


@functools.cache
def _sampler(twin: str, seed: int) -> Sampler:
    """Keep the tables of the optics from chunk to chunk."""
    return Sampler(find_twin(twin), seed)


def _take_all(twin: str, seed: int, points: list[Numbered]) -> list[tuple[int, Sample]]:
    sampler = _sampler(twin, seed)
    return [(number, sampler.take(number, asked)) for number, asked in points]
