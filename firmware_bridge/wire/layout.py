"""How a message's fields lie on the wire: fixed layout, little endian, no padding.

A message is a frozen dataclass whose fields are annotated with `Wire`. Its `Layout` turns it into a payload
and back, and tells a writer of C headers everything that it needs.
"""

from __future__ import annotations

import dataclasses
import struct
from math import nan
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, get_type_hints

from firmware_bridge.errors import BridgeError
from firmware_bridge.wire.framing import MAX_PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum, IntFlag

    _Pack = Callable[[Any, list[Any]], None]
    _Unpack = Callable[[tuple[Any, ...]], Any]

C_TYPES: Final = {
    "B": "uint8_t",
    "H": "uint16_t",
    "I": "uint32_t",
    "h": "int16_t",
    "f": "float",
    "s": "char",
}
"""The struct codes a field may have, and what an ATmega calls them."""


class MessageError(BridgeError):
    """A message that cannot be put on the wire, or a payload that is no such message."""

    def __init__(self, text: str, data: object = b"") -> None:
        super().__init__(text)
        self.data = data


class Message:
    """Base class of everything that crosses the wire."""

    __slots__ = ()

    FIRST_SIZE: ClassVar[int | None] = None
    """Payload bytes in the first protocol version of a message that grows at its end; None: it never grows.

    What an older peer does not say reads as zero, and what a newer one says beyond our fields is left.
    """


@dataclasses.dataclass(frozen=True, slots=True)
class Wire:
    """How one field lies on the wire: `count` numbers of struct code `code`, each the value times `scale`."""

    code: str
    count: int = 0
    """0: one bare value. Otherwise a tuple of this length, or for code "s" ASCII text of at most so much."""
    scale: int = 1
    unit: str = ""
    absent: int | None = None
    """The number that stands for "no value", NaN on this side."""
    enum: type[IntEnum | IntFlag] | None = None

    def __post_init__(self) -> None:
        if self.code not in C_TYPES:
            raise ValueError(f"struct code {self.code!r} is not one of {', '.join(C_TYPES)}")

    @property
    def struct_format(self) -> str:
        return f"{self.count or ''}{self.code}"

    def __str__(self) -> str:
        steps = f" in steps of 1/{self.scale} {self.unit}".rstrip() if self.scale != 1 else ""
        return f"{self.count or 1} x {C_TYPES[self.code]}{steps}"


def _packer(wire: Wire) -> _Pack:
    """Make a function that appends a field's value, as wire numbers, to a list."""
    count, scale, absent = wire.count, wire.scale, wire.absent

    def pack_text(value: str, numbers: list[Any]) -> None:
        data = value.encode("ascii")
        if len(data) > count:
            raise ValueError
        numbers.append(data)

    def pack_whole(values: tuple[Any, ...], numbers: list[Any]) -> None:
        if len(values) != count:
            raise ValueError
        numbers.extend(values)

    if wire.code == "s":
        return pack_text
    if count:
        return pack_whole if scale == 1 and absent is None else _scaled_packer(wire)
    if absent is not None:
        return lambda value, numbers: numbers.append(
            absent if value != value else round(value * scale)  # noqa: PLR0124
        )
    if scale != 1:
        return lambda value, numbers: numbers.append(round(value * scale))
    return lambda value, numbers: numbers.append(value)


def _scaled_packer(wire: Wire) -> _Pack:
    """Pack a tuple of scaled values; the last one is remembered, since most outputs stay as they are.

    Values that are equal, NaN by being the same object, have equal numbers.
    """
    count, scale, absent = wire.count, wire.scale, wire.absent
    # One object, replaced as a whole: instruments' threads pack, too.
    known: tuple[tuple[Any, ...], list[Any]] = ((), [])

    def pack_tuple(values: tuple[Any, ...], numbers: list[Any]) -> None:
        nonlocal known
        before, packed = known
        if values != before:
            if len(values) != count:
                raise ValueError
            if absent is None:
                packed = [round(value * scale) for value in values]
            else:
                packed = [absent if value != value else round(value * scale) for value in values]  # noqa: PLR0124
            known = (tuple(values), packed)
        numbers += packed

    return pack_tuple


def _unpacker(wire: Wire, start: int) -> _Unpack:
    """Make a function that takes a field's value out of a payload's numbers, where it begins at `start`."""
    if wire.code == "s":
        return lambda numbers: numbers[start].rstrip(b"\0").decode("ascii")
    if wire.count:
        return _tuple_unpacker(wire, slice(start, start + wire.count))
    scale, enum = wire.scale, wire.enum
    if enum is not None:
        return lambda numbers: enum(numbers[start])
    if scale != 1:
        return lambda numbers: numbers[start] / scale
    return lambda numbers: numbers[start]


def _tuple_unpacker(wire: Wire, place: slice) -> _Unpack:
    scale, absent = wire.scale, wire.absent
    if scale == 1 and absent is None:
        return lambda numbers: numbers[place]
    # As for packing: what most fields say is what they said before.
    known: tuple[tuple[Any, ...], tuple[float, ...]] = ((), ())

    def unpack_tuple(numbers: tuple[Any, ...]) -> tuple[float, ...]:
        nonlocal known
        part = numbers[place]
        before, values = known
        if part != before:
            # A list comprehension inside tuple() is twice as fast as a generator, and this runs every tick.
            if absent is None:
                values = tuple([n / scale for n in part])
            else:
                values = tuple([nan if n == absent else n / scale for n in part])
            known = (part, values)
        return values

    return unpack_tuple


def _wires(message_class: type[Message]) -> dict[str, Wire]:
    hints = get_type_hints(message_class, include_extras=True)
    return {
        field.name: next(extra for extra in hints[field.name].__metadata__ if isinstance(extra, Wire))
        for field in dataclasses.fields(message_class)  # type: ignore[arg-type]
    }


class Layout:
    """The type number of one message and the place of its fields: message to payload and back."""

    def __init__(self, number: int, message_class: type[Message]) -> None:
        self.number = number
        self.message_class = message_class
        self.fields = _wires(message_class)
        self._struct = struct.Struct("<" + "".join(wire.struct_format for wire in self.fields.values()))
        if self._struct.size > MAX_PAYLOAD:
            raise ValueError(f"{message_class.__name__}: {self._struct.size} bytes, above {MAX_PAYLOAD}")
        self._packers = [_packer(wire) for wire in self.fields.values()]
        self._unpackers: list[_Unpack] = []
        start = 0
        for wire in self.fields.values():
            self._unpackers.append(_unpacker(wire, start))
            start += 1 if wire.code == "s" else wire.count or 1
        # attrgetter of one name gives the bare value, so one-field messages need their own way.
        self._values = _values_getter(tuple(self.fields))

    @property
    def name(self) -> str:
        return self.message_class.__name__

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return self._struct.size

    def pack(self, message: Message) -> bytes:
        """Write the payload; MessageError names the field whose value does not fit."""
        numbers: list[Any] = []
        try:
            for pack, value in zip(self._packers, self._values(message), strict=True):
                pack(value, numbers)
            return self._struct.pack(*numbers)
        except (struct.error, ValueError, OverflowError, TypeError) as error:
            raise self._blame(message) from error

    def unpack(self, payload: bytes) -> Message:
        """Read a payload; MessageError when its length or a value is not that of this type."""
        size = self._struct.size
        if len(payload) != size:
            first = self.message_class.FIRST_SIZE
            if first is None or len(payload) < first:
                raise MessageError(f"{self.name}: {len(payload)} bytes of payload, not {size}", payload)
            payload = payload[:size].ljust(size, b"\0")
        numbers = self._struct.unpack(payload)
        try:
            return self.message_class(*[unpack(numbers) for unpack in self._unpackers])
        except ValueError as error:  # an unknown enum value, or text that is not ASCII
            raise MessageError(f"{self.name}: {error}", payload) from error

    def _blame(self, message: Message) -> MessageError:
        """Find the field that would not pack, in the slow way."""
        for (name, wire), pack, value in zip(
            self.fields.items(), self._packers, self._values(message), strict=True
        ):
            numbers: list[Any] = []
            try:
                pack(value, numbers)
                struct.pack("<" + wire.struct_format, *numbers)
            except (struct.error, ValueError, OverflowError, TypeError):
                return MessageError(f"{self.name}.{name}: {value!r} does not fit {wire}", message)
        return MessageError(f"{self.name}: {message!r} does not fit {self.size} bytes", message)


def _values_getter(names: tuple[str, ...]) -> Callable[[Message], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda message: tuple(getattr(message, name) for name in names)
