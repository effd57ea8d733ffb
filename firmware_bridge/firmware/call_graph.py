"""How deep a program's stack can get, from its disassembly and the compiler's own frame sizes. Pure: text in.

The sum is a bound, no measurement: the deepest path of calls from `main`, and the costliest interrupt on top.
Interrupts do not nest, nothing recurses, and no call is indirect; a program that breaks this is refused.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from firmware_bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LABEL: Final = re.compile(r"^(?P<address>[0-9a-f]+) <(?P<name>[^>]+)>:$")
_INSTRUCTION: Final = re.compile(
    r"^\s*[0-9a-f]+:\t(?:[0-9a-f]{2} )+\s*\t(?P<word>\w+)(?:\t(?P<operands>.*))?$"
)
# By address: the name beside it may be that of a constant nearer than the routine's label.
_TARGET: Final = re.compile(r"; 0x(?P<address>[0-9a-f]+) <")
_CALLS: Final = ("call", "rcall")
_JUMPS: Final = ("jmp", "rjmp")
_INDIRECT: Final = ("icall", "eicall", "ijmp", "eijmp")
_ENDS: Final = ("ret", "reti", *_JUMPS)
_INTERRUPT: Final = "__vector_"


class CallGraphError(BridgeError):
    """A program whose stack cannot be bounded."""


@dataclass(slots=True)
class Routine:
    """What lies between one label and the next."""

    name: str
    start: int
    pushes: int = 0
    targets: set[int] = field(default_factory=set)
    """Addresses that it calls, jumps to or falls into, those within itself included."""


class Program:
    """All routines of a program. CallGraphError for a call that names no target."""

    def __init__(self, disassembly: str) -> None:
        """Read `avr-objdump -d`."""
        self.routines: dict[str, Routine] = {}
        last = _ENDS[0]
        routine = Routine("", 0)
        for line in disassembly.splitlines():
            if label := _LABEL.match(line):
                start = int(label["address"], 16)
                if last not in _ENDS:
                    routine.targets.add(start)
                routine = self.routines[label["name"]] = Routine(label["name"], start)
            elif instruction := _INSTRUCTION.match(line):
                last = instruction["word"]
                _follow(routine, last, instruction["operands"] or "")
        self._starts = sorted((each.start, each.name) for each in self.routines.values())

    def followers(self, routine: Routine) -> list[Routine]:
        """List the routines that `routine` calls, jumps to or falls into, itself only if it calls itself."""
        own = self._at(routine.start)
        outside = [target for target in routine.targets if target == routine.start or self._at(target) != own]
        return [self.routines[self._starts[self._at(target)][1]] for target in sorted(outside)]

    def _at(self, address: int) -> int:
        return bisect_right(self._starts, (address, "\x7f")) - 1


def _follow(routine: Routine, word: str, operands: str) -> None:
    if word == "push":
        routine.pushes += 1
    elif word in _INDIRECT:
        raise CallGraphError(
            f"{routine.name}: {word} has no fixed target: call by name, and build without jump tables"
        )
    elif word in _CALLS + _JUMPS and (target := _TARGET.search(operands)):
        address = int(target["address"], 16)
        # A jump to its own start is a loop, a call to it is recursion, and one to 0 restarts the program.
        if address != 0 and (word in _CALLS or address != routine.start):
            routine.targets.add(address)


def parse_frames(texts: Iterable[str]) -> dict[str, int]:
    """Read the compiler's .su files: bytes of each function, its return address among them."""
    frames: dict[str, int] = {}
    for line in (line for text in texts for line in text.splitlines()):
        place, size, kind = line.split("\t")
        name = place.rsplit(":", 1)[1]
        if kind != "static":
            raise CallGraphError(
                f"{name}: a frame of {kind} size cannot be bounded: use arrays of fixed length"
            )
        frames[name] = max(int(size), frames.get(name, 0))
    return frames


def deepest_stack(program: Program, frames: Mapping[str, int], address_bytes: int) -> int:
    """Bound the stack of `main` with the costliest interrupt on top of its deepest call, in bytes."""
    depths: dict[str, int] = {}

    def depth(routine: Routine, path: tuple[str, ...]) -> int:
        if routine.name in path:
            raise CallGraphError(f"{' -> '.join((*path, routine.name))}: calls itself")
        if routine.name not in depths:
            inside = (*path, routine.name)
            own = frames.get(routine.name, address_bytes + routine.pushes)
            below = max((depth(each, inside) for each in program.followers(routine)), default=0)
            depths[routine.name] = own + below
        return depths[routine.name]

    routines = program.routines
    interrupts = [depth(each, ()) for name, each in routines.items() if name.startswith(_INTERRUPT)]
    return depth(routines["main"], ()) + max(interrupts, default=0)
