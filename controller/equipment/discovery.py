"""What hangs on this machine's serial ports: a scan that leaves alone what the rig uses, and ends in time."""

from __future__ import annotations

import asyncio
import time
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from controller.domain.devices import FoundDevice, ScannedPort
from controller.domain.errors import ControllerError, Kind
from firmware_bridge.devices.scan import PROBES, Asker, Port, scan
from firmware_bridge.link.serial_link import open_serial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from controller.domain.plan import RigPlan
    from firmware_bridge.devices.scan import Found, Probe
    from firmware_bridge.link.interfaces import Link

LIMIT_S: Final = 60.0
"""A port where nobody answers takes 15 s or so. A scan that a client asked for ends in this time."""
MOST_PORTS: Final = 32
_BY_ID: Final = Path("/dev/serial/by-id")


def serial_ports() -> list[Port]:
    """Return the serial ports of this machine, as the operating system tells of them."""
    from serial.tools import list_ports  # noqa: PLC0415 - only a scan needs it

    stable = {str(each.resolve()): str(each) for each in sorted(_BY_ID.glob("*"))} if _BY_ID.is_dir() else {}
    return [
        Port(
            each.device,
            stable.get(str(Path(each.device).resolve()), ""),
            each.description if each.description != "n/a" else "",
            each.serial_number or "",
        )
        for each in sorted(list_ports.comports(), key=lambda each: each.device)
    ]


def open_port(url: str, probe: Probe) -> Link:
    """Open a port as a probe wants it; LinkError."""
    return open_serial(url, baud_rate=probe.baud, framing=probe.framing)


def ask_ports(
    ports: Iterable[Port],
    *,
    used: Mapping[str, str],
    limit_s: float,
    probes: Iterable[Probe] = PROBES,
    open_link: Callable[[str, Probe], Link] = open_port,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[ScannedPort]:
    """Ask on one port after another; waits. `used` maps ports that are left alone to what uses them.

    After `limit_s`, nothing more is asked, and the ports left over say so.
    """
    until_s, asker = clock() + limit_s, Asker(clock, pause)
    for port in ports:
        if user := used.get(str(Path(port.path).resolve())):
            yield _row(port, [], f"left alone: {user} uses it")
            continue
        found, problem = scan(port, open_link, asker, takewhile(lambda _probe: clock() < until_s, probes))
        if not problem and not found and clock() >= until_s:
            problem = f"not asked to the end: a scan takes {limit_s:g} s at most; name this port alone"
        yield _row(port, found, problem)


class Discovery:
    """Scans that clients ask for, one at a time."""

    def __init__(
        self,
        plan: RigPlan,
        *,
        ports: Callable[[], Sequence[Port]] = serial_ports,
        ask: Callable[..., Iterator[ScannedPort]] = ask_ports,
    ) -> None:
        self._plan = plan
        self._ports = ports
        self._ask = ask
        self._busy = asyncio.Lock()

    async def scan(self, wanted: Sequence[str] = ()) -> tuple[ScannedPort, ...]:
        """Ask on the wanted ports of this machine, or on all; ControllerError PORT_UNKNOWN, SCAN_RUNNING."""
        there = self._ports()[:MOST_PORTS]
        known = {name: port for port in there for name in (port.path, port.stable) if name}
        for name in wanted:
            if name not in known:
                raise ControllerError(
                    f"there is no serial port {name[:80]!r}",
                    reason="PORT_UNKNOWN",
                    kind=Kind.NOT_FOUND,
                    remedy="name none, and see what there is",
                )
        if self._busy.locked():
            raise ControllerError(
                "another scan is under way",
                reason="SCAN_RUNNING",
                kind=Kind.REFUSED,
                remedy=f"wait until it has ended: within {LIMIT_S:g} s",
            )
        ports = [known[name] for name in dict.fromkeys(wanted)] or there
        async with self._busy:
            rows = self._ask(ports, used=self._used(), limit_s=LIMIT_S)
            return tuple(await asyncio.to_thread(list, rows))

    def _used(self) -> dict[str, str]:
        """Return the ports of the rig's links, whatever name they go by there."""
        paths = [link for link in self._plan.links if link.url.startswith("/")]
        return {str(Path(link.url).resolve()): f"link {link.name}" for link in paths}


def _row(port: Port, found: Iterable[Found], problem: str) -> ScannedPort:
    return ScannedPort(
        port=port.path,
        url=port.stable or port.path,
        description=port.description,
        usb_serial_number=port.usb_serial_number,
        problem=problem,
        devices=tuple(
            FoundDevice(
                driver=each.probe.driver,
                address=each.probe.address,
                baud=each.probe.baud,
                framing=each.probe.framing,
                model=each.identity.model,
                serial_number=each.identity.serial_number,
                firmware=each.identity.firmware,
            )
            for each in found
        ),
    )
