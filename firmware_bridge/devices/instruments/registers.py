"""Values in Modbus registers: how many words, which first, signed or not."""

from __future__ import annotations

import struct
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(StrEnum):
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    FLOAT32 = "float32"

    @property
    def words(self) -> int:
        return 1 if self in (Kind.INT16, Kind.UINT16) else 2


class Order(StrEnum):
    """Which word of a value of two stands at the lower address."""

    HIGH_FIRST = "high-first"
    LOW_FIRST = "low-first"


_FORMATS: Final = {
    Kind.INT16: ">h",
    Kind.UINT16: ">H",
    Kind.INT32: ">i",
    Kind.UINT32: ">I",
    Kind.FLOAT32: ">f",
}


def decode(words: Sequence[int], kind: Kind, order: Order = Order.HIGH_FIRST) -> float:
    """Read the number that `kind.words` words hold; a float may be NaN."""
    row = words if order is Order.HIGH_FIRST else tuple(reversed(words))
    (value,) = struct.unpack(_FORMATS[kind], b"".join(word.to_bytes(2, "big") for word in row))
    return float(value)


def encode(value: float, kind: Kind, order: Order = Order.HIGH_FIRST) -> tuple[int, ...]:
    """Write a number, rounded to what `kind` can hold. DeviceError when it can't."""
    try:
        packed = struct.pack(_FORMATS[kind], value if kind is Kind.FLOAT32 else round(value))
    except (struct.error, OverflowError, ValueError):  # too large, infinite, NaN
        packed = b""
    if not packed or not isfinite(value):
        raise DeviceError(f"{value:g} does not fit into {kind.value}")
    words = tuple(int.from_bytes(packed[place : place + 2], "big") for place in range(0, len(packed), 2))
    return words if order is Order.HIGH_FIRST else tuple(reversed(words))
