"""A small, complete bundle to sign, pack and damage; a device on loopback to talk to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from ostwald.background import Background
from ostwald.bundle import CONTENT_NAMES, Golden, Input, Manifest, Output, Provenance

from controller.domain.events import Event, LoggedEvent
from tests.unit.controller.rpc.conftest import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        name="silver-prisms",
        serial=7,
        min_serial=3,
        created=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
        algorithm="gp",
        inputs=(Input("flow", "uL/min", 10.0, 400.0), Input("ligand", "", 0.0, 1.0, ("PVA", "none"))),
        outputs=(Output("peak", "nm", 430.0, 700.0),),
        opset={"ai.onnx": 17},
        operators=("ai.onnx:Add", "ai.onnx:MatMul"),
        model_bytes=11,
        latency_budget_ms=20.0,
        golden=Golden(((50.0, 1.0),), ((520.0,),), ((3.0,),), (0.0,), 1e-6),
        metrics={"r2": 0.9},
        provenance=Provenance("ab" * 32, "0.1.0", {"numpy": "2.4.6"}, 0, "kfold:10"),
    )


@pytest.fixture
def bundle(tmp_path: Path, manifest: Manifest) -> Path:
    folder = tmp_path / "silver-prisms"
    folder.mkdir()
    for name in CONTENT_NAMES:
        (folder / name).write_bytes(name.encode().ljust(11)[:11])
    (folder / "manifest.json").write_bytes(manifest.to_json())
    return folder


class Served:
    """The daemon's gRPC server over fakes, in a thread of its own, for clients that wait."""

    def __init__(self, folder: Path) -> None:
        self._loop = Background()
        self.bench = Bench(folder)
        self._loop.run(self.bench.start())

    @property
    def address(self) -> str:
        return self.bench.server.address

    def log(self, *events: Event, first: int = 1) -> None:
        """Put events into the journal, whose connection belongs to the server's thread."""

        async def add() -> None:
            numbered = enumerate(events, start=first)
            self.bench.journal.events.add([LoggedEvent(7, number, 1.0, each) for number, each in numbered])

        self._loop.run(add())

    def stop(self) -> None:
        self._loop.run(self.bench.stop())

    def start(self) -> None:
        self._loop.run(self.bench.start())

    def close(self) -> None:
        self.stop()
        self._loop.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.close()
