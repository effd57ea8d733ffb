"""The service's end of control's mailbox, as a test holds it: requests out; answers, status and events in."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

from controller.domain import plain
from controller.domain.alarms import AlarmStatus
from controller.domain.commands import Command, Reply, Request
from controller.domain.events import LoggedEvent
from controller.domain.status import ControlStatus
from controller.runtime.mailbox import MAX_DATAGRAM

if TYPE_CHECKING:
    from pathlib import Path

# Control keeps 2000 events, and tells all of them again to whom it greets.
_REPEATED = 2500


class ServiceEnd:
    """A service that lives while it is connected. `events` are those of every boot, each once."""

    def __init__(self, mailbox: Path) -> None:
        self.events: list[LoggedEvent] = []
        self.longest_datagram = 0
        self._mailbox = mailbox
        self._line: socket.socket | None = None
        self._asked = 0
        self._answers: dict[int, Reply] = {}
        self._status: Any = None
        self._alarms: Any = ()

    @property
    def connected(self) -> bool:
        return self._line is not None

    def connect(self) -> None:
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.connect(str(self._mailbox))
        self._line.setblocking(False)

    def disconnect(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def say(self, data: bytes) -> None:
        """Put any bytes into the mailbox."""
        assert self._line is not None, "no service is connected"
        self._line.send(data)

    def post(self, command: Command, actor: str = "chemist", lease: str = "") -> int:
        """Send a request into the next tick; return the number under which its answer comes."""
        self._asked += 1
        request = plain.to_plain(Request(command, actor, lease))
        self.say(json.dumps({"op": "request", "id": self._asked, "request": request}).encode())
        return self._asked

    def take_answer(self, number: int) -> Reply:
        return self._answers.pop(number)

    def take_answers(self) -> dict[int, Reply]:
        """Return the answers that have come and that nobody took, by the numbers they were asked under."""
        taken, self._answers = self._answers, {}
        return taken

    @property
    def status(self) -> ControlStatus:
        """What control last said of itself; no older than a second."""
        assert self._status is not None, "control has said nothing yet"
        return plain.from_plain(ControlStatus, self._status)

    @property
    def alarms(self) -> dict[str, AlarmStatus]:
        """How the alarms stand, as control last told."""
        return {raw["name"]: plain.from_plain(AlarmStatus, raw) for raw in self._alarms}

    def listen(self) -> None:
        """Take what has come."""
        while self._line is not None:
            try:
                data = self._line.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return
            if not data:
                self.disconnect()
                return
            self.longest_datagram = max(self.longest_datagram, len(data))
            self._hear(json.loads(data))

    def _hear(self, message: dict[str, Any]) -> None:
        if "status" in message:
            self._note(message["status"])
        elif isinstance(message["id"], int):
            self._answers[message["id"]] = Reply(message["refused"], message["detail"])

    def _note(self, status: dict[str, Any]) -> None:
        self._status = status
        if status["alarms"] is not None:
            self._alarms = status["alarms"]
        known = {(each.boot_id, each.sequence) for each in self.events[-_REPEATED:]}
        told = [plain.from_plain(LoggedEvent, raw) for raw in status["events"]]
        self.events += [each for each in told if (each.boot_id, each.sequence) not in known]
