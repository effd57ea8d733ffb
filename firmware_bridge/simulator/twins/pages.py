"""The page of a twin: its equations, its constants, figures of its responses, and what a paper found.

Beside them, a page that lists all twins and has the equations of the plant that they share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.twins.base import EQUATIONS
from firmware_bridge.simulator.twins.registry import TWINS
from firmware_bridge.simulator.twins.svg import Line, chart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from firmware_bridge.simulator.twins.base import Finding, Model, Surface, Twin

_POINTS: Final = 17
_LINES: Final = 4
INDEX: Final = "README.md"


def write_page(twin: Twin, folder: Path) -> list[Path]:
    """Write NAME.md and its figures into `folder`, which is made where it is missing; README.md lists all."""
    model = twin.model()
    figures = {_file_name(twin, surface): draw(twin, model, surface) for surface in twin.surfaces}
    pictures = folder / "figures"
    pictures.mkdir(parents=True, exist_ok=True)
    target = folder / f"{twin.name}.md"
    findings = [trend.measure(twin, model) for trend in twin.trends]
    target.write_text(page(twin, findings), encoding="utf-8")
    (folder / INDEX).write_text(index(), encoding="utf-8")
    for name, drawing in figures.items():
        (pictures / name).write_text(drawing, encoding="utf-8")
    return [target, *(pictures / name for name in figures)]


def index() -> str:
    """Give the page that links every twin's, and holds what is common to them."""
    rows = [
        (
            f"[{twin.name}]({twin.name}.md)",
            f"{twin.title}, after {twin.paper}",
            ", ".join(each.name for each in twin.inputs),
            ", ".join(each.name for each in twin.properties),
        )
        for twin in TWINS.values()
    ]
    parts = [
        "# The twins",
        "Written by `ostwaldd twins --docs`, as `make twin-docs` has it: edit the twins, not this page.",
        (
            "Start one with `ostwaldd run --twin NAME`, or sample it with `ostwald-trainer simulate NAME "
            "--samples 200 --design lhs --seed 1`. The board's firmware can take the place of its twin: "
            "[firmware.md](firmware.md)."
        ),
        _table(("twin", "what it is", "takes", "yields"), rows),
        (EQUATIONS / "plant.md").read_text(encoding="utf-8").strip(),
    ]
    return "\n\n".join(parts) + "\n"


def page(twin: Twin, findings: Sequence[Finding]) -> str:
    """Give the page in Markdown; `findings` are those of the twin's trends, in their order."""
    names = [_file_name(twin, surface) for surface in twin.surfaces]
    shown = [f"![{name.removesuffix('.svg')}](figures/{name})" for name in names]
    parts = [
        f"# {twin.title}",
        f"After {twin.paper}. Written by `ostwaldd twins --docs`: edit the twin, not this page.",
        (
            f"Start it with `ostwaldd run --twin {twin.name}`, or sample it with "
            f"`ostwald-trainer simulate {twin.name} --samples 200 --design lhs --seed 1`."
        ),
        "## What it takes and yields",
        _table(
            ("input", "unit", "range", "meaning"),
            [(i.name, i.unit, f"{i.low:g} to {i.high:g}", i.meaning) for i in twin.inputs],
        ),
        _table(("property", "unit", "meaning"), [(p.name, p.unit, p.meaning) for p in twin.properties]),
        "## What the paper found, and what the twin does",
        _table(
            ("found", "the twin", "agrees"),
            [
                (trend.claim, finding.text, "yes" if finding.holds else "no")
                for trend, finding in zip(twin.trends, findings, strict=True)
            ],
        ),
        twin.equations_file.read_text(encoding="utf-8").strip(),
        "## Constants",
        _table(
            ("constant", "value", "unit", "source"),
            [(p.symbol, f"{p.value:g}", p.unit, p.source) for p in twin.parameters()],
        ),
        "## Responses",
        "All inputs that a figure does not name are at their typical values.",
        *shown,
    ]
    return "\n\n".join(parts) + "\n"


def draw(twin: Twin, model: Model, surface: Surface) -> str:
    """Draw a property over one input, with a line for each of four values of another."""
    over, by = twin.input(surface.over), twin.input(surface.by)
    of = next(each for each in twin.properties if each.name == surface.of)
    lines = []
    for level in np.linspace(by.low, by.high, _LINES).tolist():
        points = []
        for value in np.linspace(over.low, over.high, _POINTS).tolist():
            conditions = twin.typical(**{over.name: value, by.name: level})
            if twin.is_feasible(conditions):
                points.append((value, model.settle(conditions).properties[of.name]))
        lines.append(Line(f"{by.name} {level:.4g} {by.unit}", points))
    unit = f" ({of.unit})" if of.unit != "1" else ""
    return chart(lines, f"{over.name} ({over.unit})", f"{of.name}{unit}")


def _file_name(twin: Twin, surface: Surface) -> str:
    return f"{twin.name}-{surface.of}-{surface.over}.svg".replace("_", "-")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
