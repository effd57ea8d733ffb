"""The simulated controller does to a firmware what a real one would: shown by a small firmware of our own."""

from __future__ import annotations

from itertools import pairwise
from math import nan
from typing import TYPE_CHECKING

import pytest

from firmware_bridge.firmware import circuits
from firmware_bridge.firmware.pinout import MEGA2560
from firmware_bridge.simulator.avr import native, sensors
from firmware_bridge.simulator.avr.board import AvrBoard
from firmware_bridge.simulator.avr.controller import Controller, Silicon
from firmware_bridge.simulator.avr.native import AvrError, ToolchainError
from firmware_bridge.simulator.boards import UnknownBoardError, build_board
from firmware_bridge.simulator.interfaces import Sensed
from firmware_bridge.wire.messages import ResetCause
from tests.contract.toolchain import compile_for_mega, need_simulator

if TYPE_CHECKING:
    from pathlib import Path

LINE_S = 0.005
"""Enough for a byte each way and what the firmware does in between."""
BYTE_CYCLES = 640


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_simulator()
    return compile_for_mega("probe", tmp_path_factory.mktemp("firmware"))


@pytest.fixture
def board(elf: Path) -> AvrBoard:
    board = AvrBoard(MEGA2560, elf)
    board.advance(LINE_S)
    return board


def ask(board: AvrBoard, command: bytes) -> bytes:
    board.feed(command)
    board.advance(LINE_S)
    return board.feed(b"")


def test_bytes_take_their_time_on_the_line(board: AvrBoard) -> None:
    assert board.feed(b"0") == b""
    board.advance(BYTE_CYCLES / 16e6)
    assert board.feed(b"") == b""
    board.advance(LINE_S)
    assert board.feed(b"") == b"1"


def test_a_long_message_loses_no_byte(board: AvrBoard) -> None:
    board.feed(b"f" * 199 + b"c")
    board.advance(0.1)
    assert board.feed(b"") == bytes((200,))
    assert board.controller.line.overrun == 0


def test_a_receiver_that_is_not_read_overruns_as_in_hardware(board: AvrBoard) -> None:
    board.feed(b"w" + b"0" * 20)
    board.advance(0.01)
    assert board.controller.line.overrun == 20 - 3


def test_steps_count_with_their_direction_while_enabled(board: AvrBoard) -> None:
    assert board.advance(0.1).pump_steps_s[0] == pytest.approx(12_500.0, rel=0.002)
    ask(board, b"b")
    assert board.advance(0.1).pump_steps_s[0] == pytest.approx(-12_500.0, rel=0.002)
    ask(board, b"d")
    assert board.advance(0.1).pump_steps_s[0] == 0.0


def test_pulses_are_timed_to_the_cycle(board: AvrBoard) -> None:
    step = board.meters.steps[0]
    board.controller.log_edges(step, logged=True)
    board.advance(0.01)
    rises = [cycle for cycle, pin, level in board.controller.edges() if (pin, level) == (step, 1)]
    gaps = [later - earlier for earlier, later in pairwise(rises)]
    assert len(gaps) > 100
    assert all(abs(gap - 1280) < 40 for gap in gaps)
    assert sum(gaps) / len(gaps) == pytest.approx(1280, abs=0.5)


def test_a_square_wave_and_a_duty_are_measured(board: AvrBoard) -> None:
    board.advance(0.1)
    drive = board.advance(0.5)
    assert drive.frequency_hz[0] == pytest.approx(100.0, rel=1e-3)
    assert drive.lamp_duty == pytest.approx(0.25, abs=1e-3)


def test_a_wave_that_stops_is_off_after_a_period_and_a_half(board: AvrBoard) -> None:
    board.advance(0.1)
    ask(board, b"q")
    assert board.drive.frequency_hz[0] == pytest.approx(100.0, rel=1e-3)
    board.advance(0.016)
    assert board.drive.frequency_hz[0] == 0.0


def test_the_converter_gives_the_code_of_its_voltage_and_a_noise(board: AvrBoard) -> None:
    share = circuits.thermistor_share(60.0)
    board.sense(Sensed((25.0, 60.0), (), stop_pressed=False))
    codes = {int.from_bytes(ask(board, b"a"), "big") for _ in range(50)}
    assert codes <= {int(share * 1024) + off for off in (-2, -1, 0, 1, 2)}
    assert len(codes) > 1


def test_a_broken_thermistor_wire_reads_full_scale(board: AvrBoard) -> None:
    board.sense(Sensed((25.0, nan), (), stop_pressed=False))
    assert int.from_bytes(ask(board, b"a"), "big") >= 1022


@pytest.mark.parametrize("celsius", [-40.0, 0.0, 25.25, 83.75, 1300.0])
def test_a_stream_of_an_amplifier_is_read_as_it_was_written(board: AvrBoard, celsius: float) -> None:
    board.sense(Sensed((25.0, 25.0, celsius), (), stop_pressed=False))
    word = int.from_bytes(ask(board, b"s"), "big", signed=True)
    assert word >> 18 == celsius * 4
    assert not word & 0x1_0007


def test_an_open_thermocouple_sets_the_fault_bits(board: AvrBoard) -> None:
    board.sense(Sensed((25.0, 25.0, nan), (), stop_pressed=False))
    assert int.from_bytes(ask(board, b"s"), "big") & 0x1_0007 == 0x1_0001


def test_registers_of_an_amplifier_are_addressed_and_written(board: AvrBoard) -> None:
    board.sense(Sensed((25.0, 25.0, 25.0, 100.0), (), stop_pressed=False))
    assert ask(board, b"r") == sensors.max31856_registers(100.0)[2:3]
    assert board.controller.chip(1)[0] == 0x11


def test_the_stop_contact_opens_when_it_is_pressed(board: AvrBoard) -> None:
    assert ask(board, b"p") == b"\x00"
    board.sense(Sensed((), (), stop_pressed=True))
    assert ask(board, b"p") == b"\x10"


def test_a_watchdog_resets_the_controller_and_names_itself(board: AvrBoard) -> None:
    board.sense(Sensed((), (), stop_pressed=True))
    assert ask(board, b"m") == b"\x01"
    board.feed(b"w")
    drive = board.advance(0.012)
    assert drive.pump_steps_s[0] > 0.0
    board.advance(0.05)
    assert board.controller.resets == 1
    assert ask(board, b"m") == b"\x08"
    assert ask(board, b"p") == b"\x10"
    assert board.advance(0.1).pump_steps_s[0] > 12_000.0


def test_eeprom_outlives_a_reset(board: AvrBoard) -> None:
    assert ask(board, b"e") == b"\xff"
    ask(board, b"E")
    board.reboot(ResetCause.BROWN_OUT)
    board.advance(LINE_S)
    assert ask(board, b"m") == b"\x04"
    assert ask(board, b"e") == b"\x42" == board.controller.eeprom()[3:4]
    board.controller.write_eeprom(3, b"\x17")
    assert ask(board, b"e") == b"\x17"


def test_the_deepest_stack_and_a_variable_can_be_read(board: AvrBoard) -> None:
    shallow = board.controller.stack_bytes
    ask(board, b"D")
    assert shallow + 600 < board.controller.stack_bytes < shallow + 1000
    assert board.controller.stack_bytes < board.controller.stack_limit_bytes
    assert board.controller.memory("marker", 1) == b"\x5a"


def test_equal_seeds_give_equal_runs(elf: Path) -> None:
    told = []
    for _ in range(2):
        board = AvrBoard(MEGA2560, elf, seed=7)
        board.sense(Sensed((25.0, 60.0), (), stop_pressed=False))
        told.append([ask(board, b"a") for _ in range(30)])
    assert told[0] == told[1]
    assert len(set(told[0])) > 1


def test_a_firmware_that_can_never_wake_is_an_error(board: AvrBoard) -> None:
    with pytest.raises(AvrError, match="the firmware stopped at 0x"):
        ask(board, b"x")


def test_an_unknown_board_is_answered_with_the_known_ones() -> None:
    for name in ("simavr:mega1", "mega2560", ""):
        with pytest.raises(UnknownBoardError, match="known: twin, simavr:mega2560, simavr:uno328p"):
            build_board(name, 0)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"XDG_CACHE_HOME": "/proc/none"}, "let XDG_CACHE_HOME name another folder"),
        ({"PATH": "/none"}, "no C compiler for the simulated controller: install the packages gcc"),
    ],
)
def test_what_is_missing_here_is_named(
    monkeypatch: pytest.MonkeyPatch, missing: dict[str, str], said: str
) -> None:
    for name, value in missing.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ToolchainError, match=said):
        native.library.__wrapped__()


def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(native, "_LIBRARIES", ("-lnot-on-any-machine",))
    with pytest.raises(ToolchainError, match=r"does not compile.*install the packages .* libsimavr-dev"):
        native.library.__wrapped__()


def test_what_cannot_be_run_is_named(tmp_path: Path, elf: Path) -> None:
    silicon = Silicon("atmega2560", 16_000_000, 0, 250_000, 5.0)
    with pytest.raises(AvrError, match=r"none\.elf: no firmware there: build it with 'make firmware'"):
        Controller(tmp_path / "none.elf", silicon)
    (tmp_path / "text.elf").write_text("no ELF")
    with pytest.raises(AvrError, match="simavr cannot run it on atmega2560"):
        Controller(tmp_path / "text.elf", silicon)
    with pytest.raises(AvrError, match="simavr cannot run it on z80"):
        Controller(elf, Silicon("z80", 16_000_000, 0, 250_000, 5.0))
    with pytest.raises(AvrError, match="no variable nothing"):
        Controller(elf, silicon).memory("nothing", 1)
