"""What wires do to bytes: seeded noise, loss, splitting, delay and babble, around a simulated device."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware_bridge.simulator.endpoint import DevicePort


@dataclass(frozen=True, slots=True)
class LineFaults:
    """How bad a line is, the same in both directions."""

    flip_per_byte: float = 0.0
    """Probability that one bit of a byte is turned over."""
    loss_per_byte: float = 0.0
    split: bool = False
    """Cut what is sent at random places, so that frames arrive in pieces."""
    single: bool = False
    """Cut it into single bytes."""
    delay_s: float = 0.0
    """Each way."""
    babble_bytes_s: float = 0.0
    """Bytes a second that nobody has sent, at both ends."""


class FaultyPort:
    """A device's port at the end of a bad line. Delay and babble run on simulated time: `advance`.

    `faults` may be replaced at any time; what is under way keeps its delay.
    """

    def __init__(self, device: DevicePort, faults: LineFaults, *, seed: int) -> None:
        self._device = device
        self.faults = faults
        self._random = random.Random(seed)
        self._time_s = 0.0
        self._babble_bytes = 0.0
        self._to_device: deque[tuple[float, bytes]] = deque()
        self._to_host: deque[tuple[float, bytes]] = deque()

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        self._babble_bytes += self.faults.babble_bytes_s * dt_s
        whole = int(self._babble_bytes)
        self._babble_bytes -= whole
        if whole:
            self._to_device.append((self._time_s, self._random.randbytes(whole)))
            self._to_host.append((self._time_s, self._random.randbytes(whole)))

    def feed(self, chunk: bytes) -> bytes:
        """Send bytes down the line; return what has come up it by now."""
        self._send(self._to_device, chunk)
        for piece in self._arrived(self._to_device):
            self._send(self._to_host, self._device.feed(piece))
        self._send(self._to_host, self._device.feed(b""))  # what it has said by itself since
        return b"".join(self._arrived(self._to_host))

    def _send(self, queue: deque[tuple[float, bytes]], data: bytes) -> None:
        due_s = self._time_s + self.faults.delay_s
        queue.extend((due_s, piece) for piece in self._pieces(self._damage(data)))

    def _arrived(self, queue: deque[tuple[float, bytes]]) -> list[bytes]:
        pieces = []
        while queue and queue[0][0] <= self._time_s:
            pieces.append(queue.popleft()[1])
        return pieces

    def _damage(self, data: bytes) -> bytes:
        faults, chance = self.faults, self._random
        damaged = bytearray()
        for byte in data:
            if chance.random() < faults.loss_per_byte:
                continue
            flip = chance.random() < faults.flip_per_byte
            damaged.append(byte ^ (1 << chance.randrange(8)) if flip else byte)
        return bytes(damaged)

    def _pieces(self, data: bytes) -> list[bytes]:
        if not data:
            return []
        if self.faults.single:
            return [bytes((byte,)) for byte in data]
        if not self.faults.split:
            return [data]
        cuts = sorted(self._random.sample(range(len(data) + 1), k=min(2, len(data))))
        return [piece for piece in (data[: cuts[0]], data[cuts[0] : cuts[-1]], data[cuts[-1] :]) if piece]
