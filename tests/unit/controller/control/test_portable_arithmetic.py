"""What replays bit for bit must compute alike on every Python and every C library."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import controller.control

FOLDER = Path(controller.control.__path__[0])
# Since Python 3.12 `sum` compensates what it rounds: use `math.fsum`. Powers and transcendental functions are
# the C library's, which may round otherwise; +, -, *, / and sqrt are IEEE 754's.
VARYING = {"sum", "pow", "exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "tanh", "atan"}


def named(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def varying_in(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and named(node.func) in VARYING:
            found.append(f"line {node.lineno}: {named(node.func)}()")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            found.append(f"line {node.lineno}: **")
    return found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_step_uses_no_arithmetic_that_varies(path: Path) -> None:
    assert varying_in(path.read_text(encoding="utf-8")) == []


def test_what_varies_is_found() -> None:
    found = varying_in("y = sum(x) + x ** 2 + math.exp(x) + math.fsum(x) + math.sqrt(x)")
    assert sorted(found) == ["line 1: **", "line 1: exp()", "line 1: sum()"]
