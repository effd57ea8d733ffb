from __future__ import annotations

import pytest

from firmware_bridge.firmware.call_graph import CallGraphError, Program, deepest_stack, parse_frames
from firmware_bridge.firmware.pinout import MEGA2560, UNO328P
from firmware_bridge.firmware.report import STACK_BYTES, Usage, measure, parse_sizes

LISTING = """
00000000 <__vectors>:
       0:\t0c 94 10 00 \tjmp\t0x20\t; 0x20 <main>

00000020 <main>:
      20:\t05 d0       \trcall\t.+10     \t; 0x30 <shallow>
      22:\t0e d0       \trcall\t.+28     \t; 0x40 <CONSTANT+0x3>
      24:\tfd cf       \trjmp\t.-6      \t; 0x20 <main>

00000030 <shallow>:
      30:\tcf 93       \tpush\tr28
      32:\tdf 93       \tpush\tr29
      34:\t00 d0       \trcall\t.+0      \t; 0x36 <shallow+0x6>
      36:\t08 95       \tret

00000040 <deep>:
      40:\t80 91 00 02 \tlds\tr24, 0x0200\t; 0x800200 <__DATA_REGION_ORIGIN__>
      44:\t05 c0       \trjmp\t.+10     \t; 0x50 <helper>

00000050 <helper>:
      50:\tcf 93       \tpush\tr28
      52:\tcf 91       \tpop\tr28

00000054 <helper_end>:
      54:\tdf 93       \tpush\tr29
      56:\t08 95       \tret

00000060 <__vector_1>:
      60:\t18 95       \treti

00000062 <__vector_17>:
      62:\t18 95       \treti
"""
FRAMES = [
    "main.c:1:5:main\t4\tstatic\nmain.c:9:1:shallow\t7\tstatic\n",
    "tick.c:1:1:__vector_17\t25\tstatic\n",
]


def test_the_deepest_path_and_the_costliest_interrupt_are_added_up() -> None:
    # main 4, deep 2, helper 2 + 1, helper_end 2 + 1: what assembly pushes, and its return addresses.
    assert deepest_stack(Program(LISTING), parse_frames(FRAMES), 2) == 4 + 2 + 3 + 3 + 25


def test_a_longer_return_address_costs_each_routine_that_the_compiler_did_not_count() -> None:
    assert deepest_stack(Program(LISTING), parse_frames(FRAMES), 3) == 4 + 3 + 4 + 4 + 25


def test_a_listed_frame_is_taken_as_it_is() -> None:
    frames = [*FRAMES, "deep.c:1:1:deep\t40\tstatic\n", "deep.c:2:1:helper\t0\tstatic\n"]
    assert deepest_stack(Program(LISTING), parse_frames(frames), 2) == 4 + 40 + 0 + 3 + 25


@pytest.mark.parametrize("target", ["0x20 <main>", "0x40 <deep>", "0x44 <deep+0x4>"])
def test_recursion_has_no_bound(target: str) -> None:
    listing = LISTING.replace("rjmp\t.+10     \t; 0x50 <helper>", f"rcall\t.-36     \t; {target}")
    if target.endswith("+0x4>"):  # the compiler's way of making room: no call
        assert deepest_stack(Program(listing), parse_frames(FRAMES), 2)
        return
    with pytest.raises(CallGraphError, match="calls itself"):
        deepest_stack(Program(listing), parse_frames(FRAMES), 2)


@pytest.mark.parametrize("word", ["icall", "eicall", "ijmp", "eijmp"])
def test_a_call_without_a_fixed_target_has_no_bound(word: str) -> None:
    listing = LISTING.replace("\tret\n\n00000040", f"\t{word}\n\n00000040")
    with pytest.raises(CallGraphError, match=f"shallow: {word} has no fixed target"):
        Program(listing)


def test_a_frame_of_variable_size_has_no_bound() -> None:
    with pytest.raises(CallGraphError, match="main: a frame of dynamic size"):
        parse_frames(["main.c:1:5:main\t4\tdynamic\n"])


SIZES = """build/mega2560.elf  :
section                     size      addr
.data                        100   8388864
.text                       9000         0
.bss                        1000   8389024
.noinit                        1   8390205
.comment                      17         0
Total                      10118
"""


def test_sizes_are_read_by_section() -> None:
    assert parse_sizes(SIZES) == {".data": 100, ".text": 9000, ".bss": 1000, ".noinit": 1, ".comment": 17}


def test_initial_values_take_flash_and_ram() -> None:
    assert measure(MEGA2560, SIZES, LISTING, FRAMES) == Usage(
        flash=9100, variables=1101, stack=4 + 3 + 4 + 4 + 25
    )
    assert measure(UNO328P, SIZES, LISTING, FRAMES).stack == 4 + 2 + 3 + 3 + 25


@pytest.mark.parametrize(
    ("usage", "excess"),
    [
        (Usage(9000, 1300, 110), None),
        (Usage(30_000, 1300, 110), "30000 bytes of flash: 75% of 30720 are allowed"),
        (Usage(9000, 1300, STACK_BYTES + 1), "a stack of up to 321 bytes: 320 are allowed"),
        (Usage(9000, 1700, 110), "a stack of up to 110 bytes: 92 are allowed"),
    ],
)
def test_what_is_too_much_is_said_in_one_line(usage: Usage, excess: str | None) -> None:
    assert usage.excess(UNO328P) == excess


def test_the_report_says_shares() -> None:
    assert Usage(9216, 1000, 24).describe(UNO328P) == (
        "uno328p: flash 9216 of 30720 bytes (30%), "
        "RAM 1000 and a stack of at most 24, together 1024 of 2048 bytes (50%)"
    )
