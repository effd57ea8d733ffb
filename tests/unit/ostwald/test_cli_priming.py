"""`ostwald reagent prime` delivers what is asked, and leaves no pump running, whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from ostwald.calls import RefusedError
from ostwald.cli.priming import prime
from ostwald.errors import OstwaldError
from ostwald.quantities import QuantityError, microlitres_per_minute
from ostwald.values import Reading, Reagent, Sample

from tests.unit.controller.rpc.conftest import RUN
from tests.unit.controller.rpc.test_reagents_rpc import STOCKED
from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.unit.ostwald.conftest import Served

SILVER = Reagent("silver", "pump.silver", "1 mM", 1000.0, 5000.0)
RUNNING, STOPPED = {"pump.silver": "60.0 uL/min"}, {"pump.silver": 0.0}


@dataclass
class Bench:
    """A device whose account of silver reads `levels_ul`, a second apart."""

    levels_ul: Sequence[float] = ()
    state: str = "ready"
    after: BaseException | None = None
    refusal: OstwaldError | None = None
    stuck: OstwaldError | None = None
    asked: list[Mapping[str, float | str]] = field(default_factory=list)

    def set(self, targets: Mapping[str, float | str]) -> None:
        if targets == STOPPED and self.stuck is not None:
            raise self.stuck
        self.asked.append(targets)
        if self.refusal is not None:
            raise self.refusal

    def telemetry(self, channels: Sequence[str], _interval_s: float) -> Iterator[Sample]:
        assert channels == ["reagent.silver"]
        for second, level_ul in enumerate(self.levels_ul):
            reading = Reading("reagent.silver", level_ul, "uL", "good")
            yield Sample(float(second), 7, second, 0, self.state, (reading,))
        if self.after is not None:
            raise self.after

    def prime(self, volume_ul: float = 3.0, reagent: Reagent = SILVER) -> float:
        opened: Any = self
        return prime(opened, reagent, volume_ul, 60.0, lambda _ul: None)


def test_a_pump_runs_until_so_much_came_and_is_stopped() -> None:
    bench = Bench([1000.0, 999.0, 998.0, 997.0, 996.0])
    assert bench.prime() == 3.0
    assert bench.asked == [RUNNING, STOPPED]


def test_what_a_person_corrects_meanwhile_is_not_delivered() -> None:
    bench = Bench([1000.0, 999.0, 2000.0, 1999.0, 500.0, 499.0, 498.0])
    assert bench.prime() == 3.0


@pytest.mark.parametrize(
    ("bench", "said"),
    [
        (Bench([1000.0, 999.0], state="tripped"), "the reactor is tripped: 0.0 of 3 uL"),
        (Bench([2.0, 1.0, 0.0]), "silver ran out: 2.0 of 3 uL"),
        (Bench([1000.0] * 80), "0.0 of 3 uL of silver came in 66 s"),
        (Bench([1000.0]), "the device sent no more"),
        (Bench(), "nothing came"),
        (Bench([1000.0], after=OstwaldError("nobody answers")), "nobody answers"),
        (Bench([1000.0], after=RefusedError("too many streams")), "too many streams"),
        (Bench(refusal=OstwaldError("no answer in time")), "no answer in time"),
    ],
)
def test_what_fails_stops_the_pump_too(bench: Bench, said: str) -> None:
    if bench.refusal is not None:
        refusal, bench.refusal = bench.refusal, None
        taken = bench.set

        def late(targets: Mapping[str, float | str]) -> None:
            taken(targets)
            if targets == RUNNING:
                raise refusal

        bench.set = late  # type: ignore[method-assign]
    with pytest.raises(OstwaldError, match=said):
        bench.prime()
    assert bench.asked == [RUNNING, STOPPED]


def test_ctrl_c_stops_the_pump() -> None:
    bench = Bench([1000.0, 999.0], after=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bench.prime()
    assert bench.asked == [RUNNING, STOPPED]


def test_a_pump_that_could_not_be_stopped_is_told_of() -> None:
    bench = Bench([1000.0], after=KeyboardInterrupt(), stuck=OstwaldError("nobody answers"))
    with pytest.raises(OstwaldError, match=r"pump.silver may still run: nobody answers; ostwald estop"):
        bench.prime()


def test_who_is_refused_leaves_the_pump_to_whoever_has_it() -> None:
    bench = Bench(refusal=RefusedError("run r1 holds the reactor"))
    with pytest.raises(RefusedError):
        bench.prime()
    assert bench.asked == [RUNNING]


@pytest.mark.parametrize(
    ("left_ul", "said"), [(None, "is not kept; give it a volume"), (2.0, "2 uL is left of silver, 3 uL")]
)
def test_what_is_not_there_is_not_pumped(left_ul: float | None, said: str) -> None:
    bench = Bench([1000.0])
    with pytest.raises(OstwaldError, match=said):
        bench.prime(reagent=Reagent("silver", "pump.silver", "1 mM", left_ul, left_ul))
    assert bench.asked == []


@pytest.mark.parametrize(("text", "flow"), [("100 uL/min", 100.0), ("6 mL/h", 100.0), ("2 uL/s", 120.0)])
def test_a_flow_is_read(text: str, flow: float) -> None:
    assert microlitres_per_minute(text) == flow


@pytest.mark.parametrize("text", ["100", "100 uL", "100 degC/min", "1 uL/d", ""])
def test_what_is_no_flow_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        microlitres_per_minute(text)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("sliver", "--volume", "1 uL", "--flow", "1 uL/min"),
            1,
            "there is no reagent 'sliver'; known: water",
        ),
        (("silver", "--volume", "20 mL", "--flow", "1 mL/min"), 1, "12000 uL is left of silver"),
        (("silver", "--volume", "1", "--flow", "1 uL/min"), 2, "is not a volume"),
        (("silver", "--volume", "0", "--flow", "1 uL/min"), 2, "must be more than 0"),
        (("silver", "--volume", "1 uL", "--flow", "-1 uL/min"), 2, "must be more than 0"),
        (("silver", "--volume", "1 uL", "--flow", "1"), 2, "is not a flow"),
        (("silver", "--volume", "1 uL"), 2, "--flow"),
    ],
)
def test_a_mistake_moves_nothing(served: Served, arguments: tuple[str, ...], code: int, said: str) -> None:
    served.bench.reactor.plan, served.bench.reactor.reagents_ul = STOCKED, (12_000.0,)
    answer = ostwald(served.address, "reagent", "prime", *arguments)
    assert answer.code == code
    assert said in answer.err
    assert served.bench.reactor.asked == []


def test_a_run_that_has_the_reactor_is_named(served: Served) -> None:
    served.bench.reactor.plan, served.bench.reactor.reagents_ul = STOCKED, (12_000.0,)
    served.bench.runs.active = RUN
    answer = ostwald(served.address, "reagent", "prime", "silver", "--volume", "1 uL", "--flow", "1 uL/min")
    assert (answer.code, answer.err.count("\n")) == (3, 1)
    assert f"run {RUN.run_id} holds the reactor" in answer.err
    assert served.bench.reactor.asked == []
