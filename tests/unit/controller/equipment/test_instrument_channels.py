"""Instruments as control has them: channels of a rig file, on twins in the process, on injected time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from controller.config.rig import parse_rig
from controller.domain.errors import DocumentError
from controller.domain.plan import RigPlan
from controller.domain.readings import Quality
from controller.equipment.drivers import known_instruments
from controller.equipment.hardware import WholeRig, assemble
from controller.processes.simulation import simulate
from firmware_bridge.devices.registry import find_board_driver
from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.endpoint import LoopbackEndpoint
from firmware_bridge.simulator.plant.nanoprisms import NanoprismPlant

if TYPE_CHECKING:
    from controller.domain.plan import LinkPlan
    from controller.domain.readings import Inputs

TICK_S = 0.02
RIG = """\
[rig]
name = "pumps"
[reactor]
volume = "60 uL"
[twin]
synthesis = "silver"
[twin.piping]
silver = "pump.0"
seed = "pump.3"
[links.pumps]
url = "twin:pumps"
baud = 19200
[devices.silver]
driver = "new-era"
link = "pumps"
address = "00"
syringe = "BD Plastic 10 mL"
[devices.seed]
driver = "new-era"
link = "pumps"
address = "01"
syringe = "BD Plastic 60 mL"
watchdog = "10 s"
[channels."pump.silver"]
device = "silver"
signal = "flow"
unit = "uL/min"
range = ["0 uL/min", "1000 uL/min"]
safe = "0 uL/min"
[channels."pump.seed"]
device = "seed"
signal = "flow"
unit = "mL/min"
range = ["0 mL/min", "1 mL/min"]
safe = "0 mL/min"
[channels."pump.seed.infused"]
device = "seed"
signal = "infused"
unit = "mL"
range = ["0 mL", "60 mL"]
[interlocks.seed_lost]
kind = "board_lost"
device = "seed"
delay = "1 s"
"""
DRIVERS = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}


def parse(text: str = RIG) -> RigPlan:
    return parse_rig(text, "rig.toml", DRIVERS, instruments=known_instruments())


def faults(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse(text)
    return [f"{each.place}: {each.description}" for each in caught.value.violations]


class Bench:
    """Hardware of a plan; each tick the twins move, then what they say is read and outputs are written."""

    def __init__(self, plan: RigPlan) -> None:
        assert plan.twin is not None
        self.plan = plan
        self.simulation = simulate(plan.twin, plan)
        self.time_s = 0.0
        self.unplugged = False
        self.ends: list[LoopbackEndpoint] = []
        self.hardware = assemble(plan, self.connect, self.opener, self.pause)
        self.stopped = False
        self.outputs = {each.name: each.safe_value for each in plan.channels if each.is_actuator}

    def connect(self, device, configuration):
        return find_board_driver(device.driver).make(self.opener(self.plan.links[0]), configuration)

    def opener(self, link: LinkPlan):
        def open_link():
            if self.unplugged:
                raise LinkError(f"{link.url}: unplugged")
            near, self.far = loopback_pair(link.url)
            port = self.simulation.ports[link.url.removeprefix("twin:")]
            self.ends = [LoopbackEndpoint(self.far, port)]
            return near

        return open_link

    def pause(self, seconds: float) -> None:
        for end in self.ends:
            end.pump()
        self.simulation.rig.advance(seconds)

    def tick(self) -> Inputs:
        self.time_s += TICK_S
        self.pause(TICK_S)
        inputs = self.hardware.read(self.time_s, service_alive=True)
        row = [self.outputs.get(each.name) for each in self.plan.channels]
        values = [math.nan if value is None else value for value in row]
        self.hardware.write(values, self.time_s, stopped=self.stopped, clearing=False)
        return inputs

    def run(self, seconds: float) -> Inputs:
        for _ in range(round(seconds / TICK_S)):
            inputs = self.tick()
        return inputs

    def flow_ul_min(self, device: str) -> float:
        assert self.simulation.rig.bench is not None
        return self.simulation.rig.bench.twins[device].action.flow_ul_s * 60.0


def test_instruments_of_a_rig_file_become_channels_in_the_channels_units():
    bench = Bench(parse())
    inputs = bench.run(3.0)
    assert inputs.boards_ready
    assert inputs.boards_lost == (False, False)
    assert inputs.qualities == (Quality.GOOD,) * 3
    bench.outputs |= {"pump.silver": 500.0, "pump.seed": 0.25}
    inputs = bench.run(3.0)
    assert inputs.values[:2] == pytest.approx((500.0, 0.25))
    assert bench.flow_ul_min("silver") == pytest.approx(500.0)
    assert bench.flow_ul_min("seed") == pytest.approx(250.0)
    assert inputs.values[2] == pytest.approx(0.25 * 2.5 / 60.0, rel=0.3)


def test_what_the_pumps_do_reaches_the_plant():
    bench = Bench(parse())
    bench.run(2.0)
    bench.outputs |= {"pump.silver": 600.0}
    bench.run(10.0)
    plant = bench.simulation.rig.plant
    assert isinstance(plant, NanoprismPlant)
    dosed_ul = plant.dosed_ul
    assert dosed_ul[0] == pytest.approx(100.0, rel=0.1)
    assert dosed_ul[1:] == (0.0, 0.0, 0.0, 0.0)


def test_a_stop_stops_all_pumps_and_holds_them():
    bench = Bench(parse())
    bench.run(2.0)
    bench.outputs |= {"pump.silver": 500.0, "pump.seed": 0.25}
    bench.run(2.0)
    bench.stopped = True
    bench.run(0.3)
    assert (bench.flow_ul_min("silver"), bench.flow_ul_min("seed")) == (0.0, 0.0)
    bench.run(2.0)
    assert (bench.flow_ul_min("silver"), bench.flow_ul_min("seed")) == (0.0, 0.0)


def test_an_unplugged_line_is_lost_safe_by_itself_and_comes_back():
    bench = Bench(parse())
    bench.run(2.0)
    bench.outputs |= {"pump.silver": 500.0}
    bench.run(2.0)
    bench.unplugged = True
    bench.far.close()
    bench.ends = []
    inputs = bench.run(1.5)
    assert not inputs.boards_ready
    assert inputs.boards_lost == (True, True)
    assert inputs.qualities[0] == Quality.STALE
    bench.run(6.0)
    assert bench.flow_ul_min("silver") == 0.0, "the pump's own watchdog has stopped it"
    bench.unplugged = False
    bench.outputs |= {"pump.silver": 0.0}
    inputs = bench.run(4.0)
    assert inputs.boards_ready
    assert inputs.boards_lost == (False, False)


def test_an_ending_process_stops_what_has_no_dead_mans_switch():
    text = RIG.replace('syringe = "BD Plastic 10 mL"', 'syringe = "BD Plastic 10 mL"\nwatchdog = "off"')
    plan = parse(text.replace('watchdog = "10 s"', 'watchdog = "off"'))
    bench = Bench(plan)
    bench.run(2.0)
    bench.outputs |= {"pump.silver": 500.0, "pump.seed": 0.25}
    bench.run(2.0)
    assert bench.flow_ul_min("silver") == pytest.approx(500.0)
    bench.hardware.close()
    assert (bench.flow_ul_min("silver"), bench.flow_ul_min("seed")) == (0.0, 0.0)


def test_an_ending_process_does_not_wait_for_what_is_not_there():
    bench = Bench(parse())
    bench.unplugged = True
    bench.run(2.0)
    before_s = bench.simulation.rig.time_s
    bench.hardware.close()
    assert bench.simulation.rig.time_s == before_s


def test_an_instrument_that_only_senses_hinders_nobody():
    text = RIG.replace('[channels."pump.seed"]\ndevice = "seed"\nsignal = "flow"\n', '[channels."x"]\n')
    start, end = text.index('[channels."x"]'), text.index('[channels."pump.seed.infused"]')
    text = (text[:start] + text[end:]).replace('url = "twin:pumps"', 'url = "twin:pumps"')
    bench = Bench(parse(text))
    assert isinstance(bench.hardware, WholeRig)
    bench.run(2.0)
    twins = bench.simulation.ports["pumps"]
    twins._twins = twins._twins[:1]  # type: ignore[attr-defined]
    inputs = bench.run(5.0)
    assert inputs.boards_ready
    assert inputs.boards_lost == (False, True)
    assert inputs.qualities[1] == Quality.STALE


def test_health_tells_of_every_device_and_line_and_what_is_wrong():
    bench = Bench(parse())
    bench.run(2.0)
    health = {each.name: each for each in bench.hardware.health()}
    assert set(health) == {"silver", "seed", "link pumps"}
    assert all(each.state == "ready" and not each.problem for each in health.values())
    assert health["link pumps"].frames_sent == health["silver"].frames_sent + health["seed"].frames_sent
    bench.unplugged = True
    bench.far.close()
    bench.ends = []
    bench.run(2.0)
    health = {each.name: each for each in bench.hardware.health()}
    assert {each.state for each in health.values()} == {"lost"}
    assert health["link pumps"].problem == "twin:pumps: unplugged"


def test_a_plan_survives_its_journey_between_processes():
    plan = parse()
    assert RigPlan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            'syringe = "BD Plastic 10 mL"',
            'syrigne = "BD Plastic 10 mL"',
            "devices.silver.syrigne: unknown key 'syrigne'; did you mean 'syringe'?",
        ),
        (
            'syringe = "BD Plastic 10 mL"',
            "syringe = 10",
            "devices.silver.syringe: write it as text of up to 16384 characters: which one is in it",
        ),
        (
            'syringe = "BD Plastic 10 mL"',
            'syringe = "BD Plastik 10 mL"',
            "devices.silver: unknown syringe 'BD Plastik 10 mL'; did you mean 'BD Plastic 10 mL'?",
        ),
        ('address = "00"', 'address = "100"', "devices.silver: address '100': a whole number from 0 to 99"),
        ('address = "01"', 'address = "00"', "devices.seed.address: 00 on pumps already is silver"),
        ('address = "01"\n', "", "devices.seed.address: pumps also carries silver"),
        (
            'signal = "infused"',
            'signal = "infuesd"',
            "channels.\"pump.seed.infused\".signal: unknown signal 'infuesd'; did you mean 'infused'?",
        ),
        (
            'range = ["0 uL/min", "1000 uL/min"]',
            'range = ["0 uL/min", "10000 uL/min"]',
            'channels."pump.silver".range: ends above 8341.3',
        ),
        (
            'range = ["0 uL/min", "1000 uL/min"]',
            'range = ["-9000 uL/min", "1000 uL/min"]',
            'channels."pump.silver".range: begins below -8341.3',
        ),
        ('safe = "0 uL/min"\n', "", 'channels."pump.silver".safe: is missing'),
        (
            'safe = "0 uL/min"',
            'safe = "0 uL/min"\nsteps_per_ul = 200',
            'channels."pump.silver".steps_per_ul: flow is no pump: remove it',
        ),
        ('silver = "pump.0"', 'silber = "pump.0"', "twin.piping.silber: unknown device 'silber'"),
        ('silver = "pump.0"', 'silver = "pmp.0"', "twin.piping.silver: "),
        (
            'driver = "new-era"',
            'driver = "new-ear"',
            "devices.silver.driver: unknown driver 'new-ear'; did you",
        ),
        ("baud = 19200", 'framing = "9N1"', "links.pumps.framing: "),
        ("baud = 19200", 'handshake = "rts"', "links.pumps.handshake: "),
    ],
)
def test_a_fault_in_an_instruments_table_is_told_with_its_place(old: str, new: str, fault: str):
    assert any(each.startswith(fault) for each in faults(RIG.replace(old, new, 1))), faults(
        RIG.replace(old, new, 1)
    )


def test_a_line_may_be_set_as_its_instruments_need():
    link = parse(RIG.replace("baud = 19200", 'framing = "7E1"\nhandshake = "rts/cts"\necho = true')).links[0]
    assert (link.framing, link.handshake, link.echo) == ("7E1", "rts/cts", True)
