"""Options that several commands share: what each means is written once.

A group of options is a dataclass; `command` turns a parameter of that type into one option a field.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from trainer.recipe import ALGORITHMS, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = ",".join(ALGORITHMS)

Csv = Annotated[
    Path, typer.Argument(metavar="CSV", help="Experiments, one a row; units in headers: Qtot(uL/min).")
]
Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder that `fit --out` wrote.")]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        help="Column to predict, a glob ('absorbance_*') or 'last'; may be repeated. Otherwise the schema's.",
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--inputs", help="Columns to predict from: names or globs, a,b. Otherwise all others."),
]
Drop = Annotated[list[str] | None, typer.Option("--drop", help="Columns to leave out: names or globs, a,b.")]
Categorical = Annotated[
    list[str] | None,
    typer.Option("--categorical", help="Columns whose numbers are only names of something: a,b."),
]
GroupBy = Annotated[
    list[str] | None,
    typer.Option(
        "--group-by",
        help="Keep rows together that agree in these columns (then no inputs), or in all 'inputs'.",
    ),
]
NoHeader = Annotated[
    bool, typer.Option("--no-header", help="The first line is data; columns are c1, c2, ...")
]
SplitKind = Annotated[
    str, typer.Option("--split", help="kfold:K, train:test like 7:3, or train:choose:test like 6:2:2.")
]
Algorithms = Annotated[str, typer.Option("--algorithms", help="Which to compare.")]
Seed = Annotated[int, typer.Option("--seed", help="Equal seeds give equal models.")]
Outliers = Annotated[
    str,
    typer.Option(
        "--outliers", help="report, or drop:mad:6, drop:iqr:3, drop:replicates:5; else the schema's."
    ),
]
Missing = Annotated[
    str,
    typer.Option("--missing", help="Gaps: fill (median), drop, neighbours or iterative; else the schema's."),
]
Scale = Annotated[
    list[str] | None,
    typer.Option("--scale", help="Model a target as TARGET=log or TARGET=bounded:0:100; auto: by evidence."),
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit", help="TARGET=LOW:HIGH: learn from rows beyond as at the limit, never score them."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
SchemaFile = Annotated[
    Path | None, typer.Option("--schema", help="TOML that `schema` wrote: units, roles, bounds, scales.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Fix a setting instead of choosing it: svr.penalty=3.5; may be repeated."),
]
Jobs = Annotated[int, typer.Option("--jobs", help="Processes to use on this machine.")]
ClusterAddress = Annotated[
    str | None, typer.Option("--cluster", help="HOST:PORT of a dask scheduler to run the fits on.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """Where fits run."""

    jobs: Jobs = 1
    cluster: ClusterAddress = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """What to read, what to predict from what, which rows to hold out and which algorithms to try."""

    target: Targets = None
    inputs: Inputs = None
    drop: Drop = None
    categorical: Categorical = None
    group_by: GroupBy = None
    no_header: NoHeader = False
    split: SplitKind = "kfold:10"
    algorithms: Algorithms = ALL
    seed: Seed = 0
    settings: Settings = None
    schema: SchemaFile = None
    outliers: Outliers = ""
    missing: Missing = ""
    scale: Scale = None
    limit: Limit = None

    def recipe(self) -> Recipe:
        """Return what was asked; UsageError where it makes no sense."""
        return Recipe(
            targets=tuple(self.target or ()),
            inputs=names(self.inputs),
            drop=names(self.drop),
            categorical=names(self.categorical),
            group_by=names(self.group_by),
            split=self.split,
            algorithms=names([self.algorithms]),
            seed=self.seed,
            has_header=not self.no_header,
            settings=tuple(self.settings or ()),
            outliers=self.outliers,
            missing=self.missing,
            scales=names(self.scale),
            limits=names(self.limit),
        )


def names(options: list[str] | None) -> tuple[str, ...]:
    """Words of comma-separated options, each once."""
    words = (word.strip() for option in options or [] for word in option.split(","))
    return tuple(dict.fromkeys(word for word in words if word))


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Let typer see each field of a dataclass parameter as an option of its own."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, type[Any]] = {
        name: kind for name, kind in hints.items() if isinstance(kind, type) and is_dataclass(kind)
    }
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            parameters.extend(_parameters(groups[parameter.name]))
        else:
            annotation = hints[parameter.name]
            parameters.append(parameter.replace(annotation=annotation, kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(function)
    def call(**given: Any) -> None:
        for name, kind in groups.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        function(**given)

    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def _parameters(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
