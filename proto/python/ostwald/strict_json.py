"""JSON from a peer, read key by key: nothing is coerced, and every error names the key."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, TypeVar

from ostwald.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_TEXT = 256


def loads(data: bytes, *, where: str, max_bytes: int) -> object:
    """Parse UTF-8 JSON of at most `max_bytes`; refuses NaN, infinities and repeated keys."""
    if len(data) > max_bytes:
        raise BundleError(f"{where}: {len(data)} bytes, more than the {max_bytes} allowed")
    try:
        value: object = json.loads(
            data.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_without_repeats
        )
    except (ValueError, RecursionError) as problem:
        raise BundleError(f"{where}: not valid JSON ({problem})") from problem
    return value


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return found


class Fields:
    """One JSON object. Read what is expected, then call `done`, which refuses anything left over."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise BundleError(f"{where}: expected an object, found {_kind(value)}")
        self._values: dict[str, object] = value
        self._unread = set(value)
        self.where = where

    def path(self, key: str) -> str:
        return f"{self.where}.{key}"

    def has(self, key: str) -> bool:
        return key in self._values

    def value(self, key: str) -> object:
        if key not in self._values:
            raise BundleError(f"{self.path(key)}: missing")
        self._unread.discard(key)
        return self._values[key]

    def text(self, key: str, *, pattern: str | None = None, max_length: int = MAX_TEXT) -> str:
        return as_text(self.value(key), self.path(key), pattern=pattern, max_length=max_length)

    def integer(self, key: str, *, low: int, high: int) -> int:
        return as_integer(self.value(key), self.path(key), low=low, high=high)

    def number(self, key: str) -> float:
        return as_number(self.value(key), self.path(key))

    def fields(self, key: str) -> Fields:
        return Fields(self.value(key), self.path(key))

    def items(
        self, key: str, read: Callable[[object, str], T], *, most: int, least: int = 0
    ) -> tuple[T, ...]:
        return as_items(self.value(key), self.path(key), read, most=most, least=least)

    def table(self, key: str, read: Callable[[object, str], T], *, most: int) -> dict[str, T]:
        """Read an object with free keys and values of one kind."""
        where = self.path(key)
        inner = Fields(self.value(key), where)
        if len(inner._values) > most:
            raise BundleError(f"{where}: {len(inner._values)} entries, more than the {most} allowed")
        return {
            as_text(name, where, pattern=None, max_length=MAX_TEXT): read(item, inner.path(name))
            for name, item in inner._values.items()
        }

    def done(self) -> None:
        if self._unread:
            raise BundleError(f"{self.path(min(self._unread))}: unknown key")


def as_text(value: object, where: str, *, pattern: str | None = None, max_length: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise BundleError(f"{where}: expected text, found {_kind(value)}")
    if len(value) > max_length:
        raise BundleError(f"{where}: {len(value)} characters, more than the {max_length} allowed")
    if pattern is not None and not re.fullmatch(pattern, value):
        raise BundleError(f"{where}: {value!r} does not match {pattern}")
    return value


def as_integer(value: object, where: str, *, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BundleError(f"{where}: expected a whole number, found {_kind(value)}")
    if not low <= value <= high:
        raise BundleError(f"{where}: {value} is not within {low} to {high}")
    return value


def as_number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BundleError(f"{where}: expected a number, found {_kind(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BundleError(f"{where}: not a finite number")
    return number


def as_items(
    value: object, where: str, read: Callable[[object, str], T], *, most: int, least: int = 0
) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise BundleError(f"{where}: expected a list, found {_kind(value)}")
    if not least <= len(value) <= most:
        raise BundleError(f"{where}: {len(value)} entries, not within {least} to {most}")
    return tuple(read(item, f"{where}[{index}]") for index, item in enumerate(value))


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
