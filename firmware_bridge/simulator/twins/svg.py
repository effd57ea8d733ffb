"""Line charts as SVG text: the same bytes from the same numbers, on any machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 560, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 120, 20, 50
_COLOURS: Final = ("#1b6ca8", "#d1495b", "#2e8b57", "#8a5a9e", "#b8860b")
_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; points whose y is not finite are left out."""

    label: str
    points: Sequence[tuple[float, float]]


def chart(lines: Sequence[Line], x_title: str, y_title: str) -> str:
    """Draw up to five lines over common axes. ValueError where no point is finite."""
    kept = [[(x, y) for x, y in line.points if math.isfinite(x) and math.isfinite(y)] for line in lines]
    flat = [point for points in kept for point in points]
    if not flat:
        raise ValueError(f"nothing to draw of {y_title}")
    across = _Axis.over([x for x, _ in flat], _LEFT, _WIDTH - _RIGHT)
    up = _Axis.over([y for _, y in flat], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *_axes(across, up),
        (
            f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" y="{_HEIGHT - 10}" text-anchor="middle">'
            f"{escape(x_title)}</text>"
        ),
        (
            f'<text transform="translate(16 {(_TOP + _HEIGHT - _BOTTOM) / 2:.0f}) rotate(-90)" '
            f'text-anchor="middle">{escape(y_title)}</text>'
        ),
    ]
    for number, (line, points) in enumerate(zip(lines, kept, strict=True)):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = _TOP + 14 + 18 * number
        parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{y}" fill="{colour}">{escape(line.label)}</text>')
    return "\n".join((*parts, "</svg>", ""))


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> _Axis:
        low, high = min(values), max(values)
        room = (high - low) * 0.05 or max(abs(high) * 0.05, 1e-9)
        return cls(low - room, high + room, start, end)

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Give round numbers within, about five of them."""
        rough = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * unit for unit in (1.0, 2.0, 5.0, 10.0) if power * unit >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [number * step for number in range(first, last + 1)]


def _axes(across: _Axis, up: _Axis) -> list[str]:
    bottom, left = up.start, across.start
    parts = [
        f'<path d="M{left:.0f} {up.end:.0f} V{bottom:.0f} H{across.end:.0f}" fill="none" stroke="black"/>'
    ]
    for value in across.ticks():
        x = across.at(value)
        parts.append(f'<path d="M{x:.1f} {bottom:.0f} v5" stroke="black"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18:.0f}" text-anchor="middle">{value:.6g}</text>')
    for value in up.ticks():
        y = up.at(value)
        parts.append(f'<path d="M{left:.0f} {y:.1f} h-5" stroke="black"/>')
        parts.append(f'<text x="{left - 8:.0f}" y="{y + 4:.1f}" text-anchor="end">{value:.6g}</text>')
    return parts
