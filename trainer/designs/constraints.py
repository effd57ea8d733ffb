"""Constraints between factors, as a person writes them: `QAg + QPVA <= 80`. Arithmetic only."""

from __future__ import annotations

import ast
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trainer.arrays import Floats
    from trainer.designs.factors import Factor

MAX_LENGTH = 500
_ARITHMETIC: dict[type[ast.operator], Callable[[Floats, Floats], Floats]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Floats, Floats], npt.NDArray[np.bool_]]] = {
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
}


@dataclass(frozen=True)
class Constraint:
    """A comparison, chained or not, of arithmetic in the factors that are numbers."""

    text: str
    tree: ast.Compare
    column_of: Mapping[str, int]

    def holds(self, points: Floats) -> npt.NDArray[np.bool_]:
        """Values [n, d] to [n]; where the arithmetic has no result, it does not hold."""
        with np.errstate(all="ignore"):
            sides = [self._value(side, points) for side in (self.tree.left, *self.tree.comparators)]
            held = np.ones(len(points), dtype=np.bool_)
            for comparison, left, right in zip(self.tree.ops, sides, sides[1:], strict=False):
                held &= _COMPARISONS[type(comparison)](left, right) & np.isfinite(left) & np.isfinite(right)
        return held

    def _value(self, node: ast.expr, points: Floats) -> Floats:
        match node:
            case ast.Constant():
                return np.full(len(points), float(str(node.value)))
            case ast.Name():
                return points[:, self.column_of[node.id]]
            case ast.UnaryOp():
                return -self._value(node.operand, points)
            case ast.BinOp():
                left, right = self._value(node.left, points), self._value(node.right, points)
                return _ARITHMETIC[type(node.op)](left, right)
        raise AssertionError(node)


def read_constraint(text: str, factors: Sequence[Factor]) -> Constraint:
    """Parse and check; UsageError says which part is no arithmetic of the factors."""
    if len(text) > MAX_LENGTH:
        raise UsageError(f"--where: longer than {MAX_LENGTH} characters")
    source, column_of = _with_plain_names(text, factors)
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as problem:
        raise UsageError(f"--where {text!r} cannot be read", remedy="write like 'a + 2*b <= 80'") from problem
    if not isinstance(tree, ast.Compare) or not all(type(op) in _COMPARISONS for op in tree.ops):
        raise UsageError(f"--where {text!r} is no comparison", remedy="use <=, <, >= or >")
    for side in (tree.left, *tree.comparators):
        _check(side, text, column_of)
    return Constraint(text, tree, column_of)


def _with_plain_names(text: str, factors: Sequence[Factor]) -> tuple[str, dict[str, int]]:
    """Put a plain name in place of each factor's, which may hold spaces, signs and its unit."""
    found: dict[str, int] = {}
    numbers = {
        name: index
        for index, factor in enumerate(factors)
        if not factor.choices
        for name in (factor.name, factor.header)
    }
    names = sorted(numbers, key=len, reverse=True)
    if not names:
        return text, found
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names))

    def plain(match: re.Match[str]) -> str:
        index = numbers[match[0]]
        found[f"factor_{index}"] = index
        return f"factor_{index}"

    return pattern.sub(plain, text), found


def _check(node: ast.expr, text: str, column_of: Mapping[str, int]) -> None:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.Name() if node.id in column_of:
            return
        case ast.UnaryOp(op=ast.USub()):
            _check(node.operand, text, column_of)
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            _check(node.left, text, column_of)
            _check(node.right, text, column_of)
        case ast.Name():
            raise UsageError(f"--where {text!r}: {node.id!r} is no factor with numbers")
        case _:
            raise UsageError(f"--where {text!r} holds more than + - * / and numbers")
