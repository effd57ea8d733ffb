"""What the supervisor tells its children: the rig, where to meet, and how time passes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from controller.domain.plan import RigPlan

# A child that ends so has said why and would fail again: it is not restarted (EX_CONFIG of sysexits.h).
FINAL = 78


@dataclass(frozen=True, slots=True)
class Job:
    """`clock` is "realtime", "scaled" or "lockstep"; `speed` is 1 but for scaled."""

    plan: RigPlan
    run_dir: Path
    state_dir: Path
    clock: str
    speed: float
    listen: str

    @property
    def snapshots_path(self) -> Path:
        return self.run_dir / "snapshots"

    @property
    def mailbox_path(self) -> Path:
        return self.run_dir / "mailbox"

    @property
    def recorder_path(self) -> Path:
        return self.run_dir / "recorder"

    @property
    def chip_path(self) -> Path:
        """Where a simulated chip has its pins."""
        return self.run_dir / "pins"

    @property
    def ports_dir(self) -> Path:
        """Folder of the links to the twin's pseudo-terminals."""
        return self.run_dir / "ports"

    def write(self) -> Path:
        """Write the job where `read` finds it."""
        path = self.run_dir / "job.json"
        fields = {
            "plan": self.plan.to_json(),
            "run_dir": str(self.run_dir),
            "state_dir": str(self.state_dir),
            "clock": self.clock,
            "speed": self.speed,
            "listen": self.listen,
        }
        path.write_text(json.dumps(fields))
        return path

    @classmethod
    def read(cls, path: Path) -> Job:
        raw = json.loads(path.read_text())
        return cls(
            plan=RigPlan.from_json(raw["plan"]),
            run_dir=Path(raw["run_dir"]),
            state_dir=Path(raw["state_dir"]),
            clock=raw["clock"],
            speed=raw["speed"],
            listen=raw["listen"],
        )


def new_boot_id() -> int:
    """Draw an identity for one boot; never zero."""
    return int.from_bytes(os.urandom(8), "little") | 1
