"""Frozen dataclasses as plain JSON values and back, exactly: what processes hand each other and replays read.

Strict JSON: a number that JSON has not is written as "nan", "inf" or "-inf". A dataclass that stands in a
union carries its class name under `kind`. Floats keep every bit (repr round-trips).
"""

from __future__ import annotations

import json
import math
import types
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_EXACT = frozenset({str, int, bool, float})
"""Types whose very values JSON holds."""
_ODD = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class PlainError(ValueError):
    """A value that is not of the type asked for; the text names the place."""


def to_json(value: object) -> str:
    """Write a dataclass as strict JSON."""
    return json.dumps(to_plain(value), allow_nan=False)


def from_json(kind: type[T], text: str | bytes) -> T:
    """Read what `to_json` wrote; PlainError for anything else."""
    try:
        raw = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise PlainError(f"not JSON: {error}") from error
    return from_plain(kind, raw)


def to_plain(value: object) -> Any:
    """Turn dataclasses, enums, tuples, mappings and numbers into what JSON has."""
    kind: Any = type(value)
    # The commonest first: control writes its status between two ticks.
    if kind is float:
        return value if math.isfinite(value) else repr(value)  # type: ignore[arg-type]
    if kind is str or kind is int or value is None or kind is bool:
        return value
    if kind is tuple:
        return [to_plain(item) for item in value]  # type: ignore[attr-defined]
    if (names := _names(kind)) is not None:
        raw = {} if "kind" in names else {"kind": kind.__name__}
        for name in names:
            raw[name] = to_plain(getattr(value, name))
        return raw
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, float):  # numpy's doubles
        return to_plain(float(value))
    raise PlainError(f"{type(value).__name__} has no plain form")


def from_plain(kind: type[T], raw: Any) -> T:
    """Read a value of `kind`; PlainError names the field that does not fit."""
    value: T = _read(kind, raw, kind.__name__)
    return value


def _refuse(constant: str) -> Any:
    raise PlainError(f"{constant} is no strict JSON: write it in quotes")


def _read(kind: Any, raw: Any, place: str) -> Any:
    if kind is float:
        return _read_float(raw, place)
    origin, items = _form(kind)
    if origin in (Union, types.UnionType):
        return _read_union(items, raw, place)
    if origin is tuple:
        return _read_tuple(items, raw, place)
    if origin is Literal:
        return _read_literal(items, raw, place)
    if origin is not None:  # Mapping[str, X]
        _expect(raw, dict, place)
        item = items[1]
        return {key: _read(item, each, f"{place}.{key}") for key, each in raw.items()}
    if _names(kind) is not None:
        return _read_dataclass(kind, raw, place)
    if issubclass(kind, Enum):
        try:
            return kind(raw)
        except ValueError as error:
            raise PlainError(f"{place}: {error}") from error
    if kind is int and isinstance(raw, bool):
        raise PlainError(f"{place}: must be int, not bool")
    return _expect(raw, kind, place)


def _expect(raw: Any, kind: type, place: str) -> Any:
    if not isinstance(raw, kind):
        raise PlainError(f"{place}: must be {kind.__name__}, not {type(raw).__name__}")
    return raw


def _read_float(raw: Any, place: str) -> float:
    if isinstance(raw, str) and raw in _ODD:
        return _ODD[raw]
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise PlainError(f"{place}: must be a number, not {type(raw).__name__}")
    try:
        return float(raw)
    except OverflowError:
        raise PlainError(f"{place}: must be a number that a double can hold") from None


def _read_tuple(items: tuple[Any, ...], raw: Any, place: str) -> tuple[Any, ...]:
    _expect(raw, list, place)
    if len(items) == 2 and items[1] is Ellipsis:
        item = items[0]
        return tuple(
            [
                each if item in _EXACT and type(each) is item else _read(item, each, f"{place}[{index}]")
                for index, each in enumerate(raw)
            ]
        )
    if len(items) != len(raw):
        raise PlainError(f"{place}: must have {len(items)} items, not {len(raw)}")
    pairs = zip(items, raw, strict=True)
    return tuple(_read(item, each, f"{place}[{index}]") for index, (item, each) in enumerate(pairs))


def _read_literal(allowed: tuple[Any, ...], raw: Any, place: str) -> Any:
    if raw not in allowed:
        raise PlainError(f"{place}: must be one of {', '.join(map(str, allowed))}")
    return raw


def _read_union(members: tuple[Any, ...], raw: Any, place: str) -> Any:
    if raw is None and type(None) in members:
        return None
    members = tuple(member for member in members if member is not type(None))
    if len(members) == 1:
        return _read(members[0], raw, place)
    if isinstance(raw, dict):
        for member in members:
            if is_dataclass(member) and raw.get("kind") == getattr(member, "__name__", ""):
                return _read_dataclass(member, raw, place)
    raise PlainError(f"{place}: fits none of {', '.join(member.__name__ for member in members)}")


def _read_dataclass(kind: Any, raw: Any, place: str) -> Any:
    _expect(raw, dict, place)
    hints = _hints(kind)
    if unknown := raw.keys() - hints.keys() - {"kind"}:
        raise PlainError(f"{place}: {kind.__name__} has no {', '.join(sorted(unknown))}")
    known = {}
    for name, hint in hints.items():
        if name in raw:
            item = raw[name]
            # Most fields are what they should be, and their place is of no interest then.
            exact = hint in _EXACT and type(item) is hint
            known[name] = item if exact else _read(hint, item, f"{place}.{name}")
    try:
        return kind(**known)
    except TypeError as error:
        raise PlainError(f"{place}: {error}") from error


@cache
def _names(kind: Any) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields; None for what is none."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


@cache
def _form(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return what a type is one of, and of what: to ask typing costs more than to read most values."""
    return get_origin(kind), get_args(kind)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
