"""`make bench-ensemble`: 1600 networks on 3404 experiments of the twin of CdSe, here and by two dask workers.

How long they train, how fast their one graph answers a row, and whether both places give the same graph.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
import typer
from distributed import LocalCluster

from benchmarks.children import BenchmarkError
from benchmarks.verdict import conclude, give_up, percentile, progress_bar
from trainer.candidates.ensemble import NetworkEnsemble
from trainer.dataset import load_dataset
from trainer.errors import TrainerError
from trainer.parity import largest_difference, open_session
from trainer.recipe import Recipe
from trainer.simulate import Request, simulate
from trainer.surrogate import Prepared
from trainer.workers import open_workers

if TYPE_CHECKING:
    from trainer.dataset import Dataset
    from trainer.surrogate import Surrogate

ALGORITHM: Final = "ensemble-1600"
TWIN: Final = "cdse-amines"
ROWS: Final = 3404
TRAINING_LIMIT_S: Final = 600.0
ROW_LIMIT_MS: Final = 2.0
WORKERS: Final = 2
_INPUTS: Final = ("dda", "ola", "oa", "selenium", "temperature", "total_flow")
_TARGETS: Final = ("emission_peak", "emission_fwhm", "emission_intensity")
_TIMED: Final = 2000
_PARITY_ROWS: Final = 500
_SEED: Final = 1

Table = Annotated[Path, typer.Option("--table", help="The twin's experiments; simulated if there is none.")]


@dataclass(frozen=True, slots=True)
class Latencies:
    """In ns, ascending: of a row through the graph, and of one product with as many multiplications."""

    row: list[int]
    product: list[int]


def main(table: Table = Path("build/bench/cdse-amines.csv")) -> None:
    """Measure, and end with one line of JSON; exit code 1 if a limit is not held."""
    try:
        dataset = _load(table)
        here, here_s = _fit(dataset, None)
        print(f"{len(dataset.x)} rows, {ALGORITHM}: {here_s:.1f} s here")
        with LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster:
            there, there_s = _fit(dataset, cluster.scheduler_address)
        print(f"{there_s:.1f} s by {WORKERS} dask workers")
    except TrainerError as problem:
        raise typer.Exit(give_up(BenchmarkError(str(problem)))) from None
    raise typer.Exit(_judge(dataset, here, there, here_s, there_s))


def _load(table: Path) -> Dataset:
    if not table.exists():
        table.parent.mkdir(parents=True, exist_ok=True)
        with progress_bar() as progress:
            task = progress.add_task("simulating", total=ROWS)
            request = Request(TWIN, ROWS, "lhs", _SEED, os.cpu_count() or 1)
            simulate(request, table, lambda done, _: progress.update(task, completed=done))
    return load_dataset(table, Recipe(targets=_TARGETS, inputs=_INPUTS, algorithms=(ALGORITHM,)))


def _fit(dataset: Dataset, cluster: str | None) -> tuple[Surrogate, float]:
    """Choose settings and train, on every processor here or those of the cluster; return the seconds, too."""
    started_s = time.perf_counter()
    with open_workers(1, cluster):
        prepared = Prepared.of(dataset.x, dataset.y, dataset.kinds, _SEED, dataset.scales)
        fitted = prepared.fit(ALGORITHM, _SEED)
    return fitted, time.perf_counter() - started_s


def _judge(dataset: Dataset, here: Surrogate, there: Surrogate, here_s: float, there_s: float) -> int:
    model = here.to_onnx(ALGORITHM)
    same = model == there.to_onnx(ALGORITHM)
    parity = largest_difference(model, here, dataset.x[:_PARITY_ROWS]).size
    latencies = _time_rows(model, here, dataset)
    row_ms = percentile(latencies.row, 50.0) / 1e6
    product_ms = percentile(latencies.product, 50.0) / 1e6
    print(f"a row {row_ms:.3f} ms, a product {product_ms:.3f} ms; the same graph: {same}")
    return conclude(
        "ensemble",
        holds=max(here_s, there_s) < TRAINING_LIMIT_S and row_ms < ROW_LIMIT_MS and same,
        figures={
            "rows": len(dataset.x),
            "here_s": round(here_s, 1),
            "dask_s": round(there_s, 1),
            "is_same_graph": same,
            "parity": parity,
            "graph_kb": len(model) // 1024,
            "row_p50_ms": round(row_ms, 4),
            "row_p99_ms": round(percentile(latencies.row, 99.0) / 1e6, 4),
            "product_p50_ms": round(product_ms, 4),
            "row_to_product": round(row_ms / product_ms, 2),
        },
    )


def _time_rows(model: bytes, fitted: Surrogate, dataset: Dataset) -> Latencies:
    """Time a row and a product in turns, so that what else the machine does meets both alike."""
    ensemble = fitted.regressor
    assert isinstance(ensemble, NetworkEnsemble)
    count, features, hidden = ensemble.members.inner.shape
    width = features + ensemble.members.outer.shape[2]
    weights, vector = np.ones((width, count * hidden)), np.ones((1, width))
    session = open_session(model)
    row = dataset.x[:1]
    rows, products = [], []
    for _ in range(_TIMED):
        started_ns = time.perf_counter_ns()
        session.run(None, {"conditions": row})
        rows.append(time.perf_counter_ns() - started_ns)
        started_ns = time.perf_counter_ns()
        vector @ weights
        products.append(time.perf_counter_ns() - started_ns)
    return Latencies(sorted(rows), sorted(products))


if __name__ == "__main__":
    typer.run(main)
