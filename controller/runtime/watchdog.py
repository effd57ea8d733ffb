"""The hardware watchdog (/dev/watchdog): it restarts the computer once the tick stops feeding it.

The Linux watchdog interface (Documentation/watchdog/watchdog-api.rst): opening the device starts it, any
written byte feeds it, and closing stops it only right after a `V`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.domain.pins import WatchdogPlan

    Ioctl = Callable[[int, int, bytes], bytes]

# _IOWR('W', 6, int) and _IOR('W', 7, int) of linux/watchdog.h.
SET_TIMEOUT: Final = 0xC0045706
GET_TIMEOUT: Final = 0x80045707
FEEDS_PER_TIMEOUT: Final = 4
_FEED: Final = b"\0"
_ORDERLY_STOP: Final = b"V"
_INT: Final = struct.Struct("i")
_REMEDIES: Final = {
    errno.ENOENT: "no such device: load its driver (dtparam=watchdog=on), or remove [watchdog]",
    errno.ENODEV: "no such device: load its driver (dtparam=watchdog=on), or remove [watchdog]",
    errno.ENXIO: "nothing behind this device: name a watchdog, or remove [watchdog]",
    errno.EACCES: "no permission: install systemd/60-ostwald.rules, which gives it to the group 'ostwald'",
    errno.EPERM: "no permission: install systemd/60-ostwald.rules, which gives it to the group 'ostwald'",
    errno.EBUSY: "taken, as a rule by systemd: set RuntimeWatchdogSec=off in its system.conf",
}


class HardwareWatchdog:
    """A watchdog that the tick alone feeds. Where it can't be had, it warns once and does nothing."""

    def __init__(
        self, plan: WatchdogPlan, warn: Callable[[str], None], *, ioctl: Ioctl = fcntl.ioctl
    ) -> None:
        """Open and start the device; `warn` takes one line."""
        self._device = plan.device
        self._warn = warn
        self._failing = False
        self._due_s = float("-inf")
        self._timeout_s = 0
        self._descriptor: int | None = None
        try:
            descriptor = self._descriptor = _open(plan.device)
        except OSError as error:
            self._complain(error)
            return
        try:
            self._timeout_s = self._agree(descriptor, plan.timeout_s, ioctl)
        except OSError as error:
            self._complain(error)
            self.close()

    @property
    def timeout_s(self) -> int:
        """The device's own timeout, which may differ from the plan's; 0: there is no watchdog."""
        return self._timeout_s

    def feed(self, now_s: float) -> None:
        """Feed if it is due, a few times a timeout; `now_s` is real, monotonic time, as the device's is."""
        if self._descriptor is None or now_s < self._due_s:
            return
        self._due_s = now_s + self._timeout_s / FEEDS_PER_TIMEOUT
        try:
            os.write(self._descriptor, _FEED)
        except OSError as error:
            if not self._failing:
                self._complain(error)
            self._failing = True
        else:
            self._failing = False

    def close(self) -> None:
        """Stop the watchdog in good order, so that the computer goes on without us."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor, self._timeout_s = self._descriptor, None, 0
        try:
            os.write(descriptor, _ORDERLY_STOP)
        except OSError as error:
            self._complain(error)
        finally:
            os.close(descriptor)

    def _agree(self, descriptor: int, wanted_s: int, ioctl: Ioctl) -> int:
        """Ask for a timeout and return the one that holds. OSError: the device tells none."""
        try:
            (timeout_s,) = _INT.unpack(ioctl(descriptor, SET_TIMEOUT, _INT.pack(wanted_s)))
        except OSError as error:
            if error.errno == errno.ENOTTY:
                raise
            (timeout_s,) = _INT.unpack(ioctl(descriptor, GET_TIMEOUT, _INT.pack(0)))
        if timeout_s <= 0:
            raise OSError(errno.EINVAL, f"its timeout is {timeout_s} s")
        if timeout_s != wanted_s:
            self._warn(f"{self._device}: its timeout is {timeout_s} s, not {wanted_s} s")
        return int(timeout_s)

    def _complain(self, error: OSError) -> None:
        cause = _REMEDIES.get(error.errno or 0, f"{error.strerror}: name a watchdog, or remove [watchdog]")
        self._warn(f"no hardware watchdog: {self._device}: {cause}")


def _open(path: str) -> int:
    # Non-blocking and no terminal of ours, so that a wrong path does nothing worse than fail.
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISCHR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ENOTTY, "not a device")
    return descriptor
