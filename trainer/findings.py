"""What a data set shows that its owner should know before trusting a score: told, never acted on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trainer.composition import find_compositions
from trainer.leakage import find_disguises, find_groups, find_row_numbers, find_twins
from trainer.outliers import REPORTED, OutlierRule, find_outliers
from trainer.target_shape import features, prefers_bounded, prefers_log
from trainer.units import PERCENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.arrays import Floats, Ints
    from trainer.columns import Column

# Of many, so many are told by name.
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` and `columns` for programs, `text` for people, `figures` by name."""

    kind: str
    columns: tuple[str, ...]
    text: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Examined:
    """What is looked at: typed columns, equal-condition labels [n], line numbers [n], columns left out."""

    inputs: Sequence[Column]
    targets: Sequence[Column]
    same: Ints
    lines: Ints
    grouped: bool
    texts: Mapping[str, Sequence[str]]


def examine(seen: Examined) -> tuple[Finding, ...]:
    """Look for leaks first, then for what limits a score, then for oddities."""
    return (
        *_leaks(seen),
        *_groups(seen),
        *_replicates(seen),
        *_compositions(seen),
        *_shapes(seen),
        *_outliers(seen),
    )


def _leaks(seen: Examined) -> list[Finding]:
    found = []
    for column in find_row_numbers(seen.inputs):
        text = f"column {column.header!r} counts the rows: an order, no condition; leave it out with --drop"
        found.append(Finding("row number", (column.header,), text))
    for column, target, rank in find_disguises(seen.inputs, seen.targets):
        text = (
            f"column {column.header!r} orders the rows as the target {target.header!r} does "
            f"(rank correlation {rank:.4f}): if it is known only after the experiment, pass --drop"
        )
        found.append(
            Finding("target in disguise", (column.header, target.header), text, {"rank_correlation": rank})
        )
    twins = find_twins(seen.inputs)
    for first, second, correlation in twins[:SHOWN]:
        text = f"columns {first.header!r} and {second.header!r} say the same (correlation {correlation:.5f})"
        found.append(Finding("twins", (first.header, second.header), text, {"correlation": correlation}))
    if len(twins) > SHOWN:
        found.append(Finding("twins", (), f"{len(twins) - SHOWN} more pairs of columns say the same"))
    return found


def _groups(seen: Examined) -> list[Finding]:
    if seen.grouped:
        return []
    found = []
    y = _stack(seen.targets)
    for header, group_count, share, split_share in find_groups(seen.texts, y):
        text = (
            f"rows of one {header!r} are alike ({share:.0%} of the variance lies between its {group_count} "
            f"groups), and mixed folds hold out {split_share:.0%} of the rows beside others of their group: "
            f"--group-by {header!r} scores a new one"
        )
        figures = {"groups": float(group_count), "variance_between": share, "rows_split": split_share}
        found.append(Finding("groups split", (header,), text, figures))
    return found


def _replicates(seen: Examined) -> list[Finding]:
    counts = np.bincount(seen.same)
    repeated = len(seen.same) - len(counts)
    if not repeated:
        return []
    found = []
    if not seen.grouped:
        text = (
            f"repeated inputs in {repeated} of {len(seen.same)} rows: "
            "--group-by inputs keeps such rows in one fold"
        )
        found.append(Finding("replicates", (), text, {"rows": float(repeated)}))
    for column in seen.targets[:SHOWN]:
        noise, ceiling = estimate_noise(column.data, seen.same)
        text = (
            f"repeats of {column.header!r} differ by {noise:.4g}{f' {column.unit}' if column.unit else ''} "
            f"(one standard deviation): no model can reach more than R2 {ceiling:.3f} on single rows"
        )
        found.append(Finding("noise", (column.header,), text, {"std": noise, "r2_ceiling": ceiling}))
    return found


def estimate_noise(y: Floats, same: Ints) -> tuple[float, float]:
    """Pooled standard deviation within equal conditions [n], and the R2 that it leaves to reach.

    The pure-error mean square of Draper & Smith (1998, 2.1), over n - c degrees of freedom.
    """
    counts = np.bincount(same)
    means = np.bincount(same, weights=y) / counts
    freedom = len(y) - len(counts)
    variance = float(((y - means[same]) ** 2).sum() / freedom)
    total = float(y.var())
    return float(np.sqrt(variance)), max(1.0 - variance / total, 0.0) if total > 0.0 else 1.0


def _compositions(seen: Examined) -> list[Finding]:
    found = []
    for headers, total, share, odd in find_compositions(seen.inputs):
        names = ", ".join(map(repr, headers))
        lines = f"; not in line {_lines(seen, odd)}" if len(odd) else ""
        text = (
            f"columns {names} sum to {total:g} in {share:.0%} of the rows{lines}: one follows from the others"
        )
        found.append(Finding("composition", headers, text, {"total": total, "share": share}))
    return found


def _shapes(seen: Examined) -> list[Finding]:
    x = features(seen.inputs, len(seen.lines))
    found = []
    for column in seen.targets[:SHOWN]:
        low, high = column.data.min(), column.data.max()
        start = f"target {column.header!r} looks"
        if (gain := prefers_log(x, column.data)) is not None:
            text = (
                f"{start} log-like ({low:.4g} to {high:.4g}; log-likelihood {gain:.0f} above plain): "
                "--scale auto lets the model see its logarithm"
            )
            found.append(Finding("log-like", (column.header,), text, {"log_likelihood_gain": gain}))
        end = 100.0 if column.unit in PERCENT else 1.0
        if (gain := prefers_bounded(x, column.data, 0.0, end)) is not None:
            text = f"{start} bounded by 0 and {end:g} (log-likelihood of its logit {gain:.0f} above plain)"
            found.append(Finding("bounded", (column.header,), text, {"log_likelihood_gain": gain}))
    return found


def _outliers(seen: Examined) -> list[Finding]:
    y = _stack(seen.targets)
    found = []
    for name, k in REPORTED:
        rule = OutlierRule(name, k, drops=False)
        odd = find_outliers(rule, y, seen.same)
        rows = np.flatnonzero(odd.any(axis=1))
        if len(rows):
            named = [seen.targets[index].header for index in np.flatnonzero(odd.any(axis=0))[:SHOWN]]
            looks = (
                "1 row looks like an outlier" if len(rows) == 1 else f"{len(rows)} rows look like outliers"
            )
            text = (
                f"{looks} of {', '.join(map(repr, named))} by {rule} "
                f"(line {_lines(seen, rows)}): kept; --outliers drop:{rule} leaves them out"
            )
            found.append(Finding("outliers", tuple(named), text, {"rows": float(len(rows))}))
    return found


def _lines(seen: Examined, rows: Ints) -> str:
    return ", ".join(str(seen.lines[row]) for row in rows[:SHOWN]) + (", ..." if len(rows) > SHOWN else "")


def _stack(columns: Sequence[Column]) -> Floats:
    return np.column_stack([column.data for column in columns])
