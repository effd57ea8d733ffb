"""What was asked of a fit, and its TOML form: with the data beside it, everything needed to fit again."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, TypeVar

from trainer.candidates import CANDIDATES, DEFAULT, GROUPS, expand
from trainer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

ALGORITHMS = DEFAULT
MAX_SEED = 2**32 - 1
_SETTING = re.compile(
    r"(?P<algorithm>[a-z0-9-]+)\.(?P<name>[a-z_]+)=(?P<value>[+-]?\d+(\.\d*)?([eE][+-]?\d+)?)"
)
_MAX_RECIPE_BYTES = 64 << 10
_CHOICES = f"choose groups ({', '.join(GROUPS)}) or names ({', '.join(CANDIDATES)})"
One = TypeVar("One", str, int, bool)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to fit: columns by header, by name without unit, or by glob.

    No `targets` means those that a schema gives this role, no `inputs` every column that is left.

    `outliers` and `missing` are as in a schema, which they go before; `scales` are texts like `size=log`, or
    `auto`, and `limits` like `size=:1000`. `settings` are texts like `svr.penalty=3.5`: of an algorithm, what
    it shall not choose by itself.
    """

    targets: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    split: str = "kfold:10"
    algorithms: tuple[str, ...] = ALGORITHMS
    seed: int = 0
    has_header: bool = True
    settings: tuple[str, ...] = ()
    outliers: str = ""
    missing: str = ""
    scales: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.algorithms:
            raise UsageError("no algorithm is named", remedy=_CHOICES)
        # A group stands for its members from here on: a bundle's recipe names what was fitted.
        object.__setattr__(self, "algorithms", expand(self.algorithms))
        for algorithm in self.algorithms:
            if algorithm not in CANDIDATES:
                raise UsageError(f"--algorithms {algorithm!r} is unknown", remedy=_CHOICES)
        if not 0 <= self.seed <= MAX_SEED:
            raise UsageError(f"--seed {self.seed} is not within 0 to {MAX_SEED}")
        self.settings_of("")

    def settings_of(self, algorithm: str) -> dict[str, float]:
        """Return what `settings` say of one algorithm; UsageError names one that cannot be read."""
        found = {}
        for text in self.settings:
            match = _SETTING.fullmatch(text)
            if not match:
                raise UsageError(f"setting {text!r} is not like svr.penalty=3.5")
            if match["algorithm"] == algorithm:
                found[match["name"]] = float(match["value"])
        return found

    @property
    def groups_by_inputs(self) -> bool:
        return self.group_by == ("inputs",)

    @property
    def group_columns(self) -> tuple[str, ...]:
        return () if self.groups_by_inputs else self.group_by

    def to_toml(self) -> bytes:
        """Write every field, the defaults too: a later version may have others."""
        # JSON's strings, numbers, booleans and lists of strings are TOML's too; only DEL must be escaped.
        lines = [f"{key} = {json.dumps(value)}" for key, value in asdict(self).items()]
        return ("[fit]\n" + "\n".join(lines) + "\n").replace("\x7f", "\\u007f").encode()


def read_recipe(path: Path) -> Recipe:
    """Read a `recipe.toml`; UsageError names the key that does not fit."""
    try:
        with path.open("rb") as file:
            content = tomllib.loads(file.read(_MAX_RECIPE_BYTES).decode("utf-8"))
    except OSError as problem:
        raise UsageError(f"{path}: cannot be read ({problem.strerror})") from problem
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path}: not valid TOML ({problem})") from problem
    table = content.get("fit")
    if not isinstance(table, dict):
        raise UsageError(f"{path}: has no [fit] table")
    known = {field.name for field in fields(Recipe)}
    if unknown := set(table) - known:
        raise UsageError(f"{path}: fit.{min(unknown)} is unknown")
    return Recipe(
        targets=_texts(table, "targets", (), path),
        inputs=_texts(table, "inputs", (), path),
        drop=_texts(table, "drop", (), path),
        categorical=_texts(table, "categorical", (), path),
        group_by=_texts(table, "group_by", (), path),
        split=_one(table, "split", "kfold:10", path),
        algorithms=_texts(table, "algorithms", ALGORITHMS, path),
        seed=_one(table, "seed", 0, path),
        has_header=_one(table, "has_header", True, path),
        settings=_texts(table, "settings", (), path),
        outliers=_one(table, "outliers", "", path),
        missing=_one(table, "missing", "", path),
        scales=_texts(table, "scales", (), path),
        limits=_texts(table, "limits", (), path),
    )


def _texts(table: dict[str, object], key: str, default: tuple[str, ...], path: Path) -> tuple[str, ...]:
    value = table.get(key, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"{path}: fit.{key} is not a list of texts")
    return tuple(value)


def _one(table: dict[str, object], key: str, default: One, path: Path) -> One:
    value = table.get(key, default)
    if type(value) is not type(default):
        raise UsageError(f"{path}: fit.{key} is not like {default!r}")
    return value
