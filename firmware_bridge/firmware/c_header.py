"""How a C header is put together: guard, defines, lists of pins. Pure: text in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WIDTH: Final = 100


def header(guard: str, source: str, *blocks: str) -> str:
    """Close blocks of C into one header that names the table it comes from."""
    title = f"/* Made from {source} by `make headers`: change it there. */"
    body = "\n\n".join(blocks)
    return f"{title}\n#ifndef {guard}\n#define {guard}\n\n{body}\n\n#endif\n"


def defines(rows: Iterable[tuple[str, object]]) -> str:
    """One constant a line."""
    return "\n".join(f"#define {name} {value}" for name, value in rows)


def for_each(name: str, rows: Sequence[tuple[object, ...]], comment: str) -> str:
    """Make a list NAME(X) that puts every row through the macro X."""
    calls = " ".join(f"X({', '.join(map(str, row))})" for row in rows)
    return f"/* {comment} */\n#define {name}(X) {calls}".rstrip()


def numbers(values: Iterable[int], indent: str = "    ") -> str:
    """Lay numbers out in lines of bounded width, each followed by a comma."""
    lines, line = [], indent.rstrip("\n")
    for value in values:
        word = f"{value}, "
        if len(line) + len(word) > _WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += word
    return "\n".join([*lines, line.rstrip()])
