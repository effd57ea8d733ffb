"""`ostwald status`: what the reactor is and does, on one screen."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from ostwald.calls import DeviceError, DeviceUnreachableError
from ostwald.cli.console import Json, device, print_json, say
from ostwald.cli.lease import describe
from ostwald.client import Ostwald
from ostwald.values import Alarm, Reactor

_AGAIN_S = 0.2


def status(
    wait: Annotated[float, typer.Option(help="Seconds to wait until it answers and is ready.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Show what the reactor is and does."""
    with device() as opened:
        reactor = _await(opened, wait)
        alarms, lease = _alarms(opened), opened.lease.get()
    if as_json:
        counts = None if alarms is None else _counts(alarms)
        print_json({**asdict(reactor), "alarms": counts, "lease": asdict(lease)})
        return
    _show(reactor)
    if alarms is None:
        say("alarms are not known yet")
    elif told := _tell(alarms):
        say(told)
    if lease.holder or lease.lost:
        say(describe(lease))
    for warning in reactor.warnings:
        say(f"warning: {warning}")


def _await(opened: Ostwald, wait_s: float) -> Reactor:
    """Ask until it answers and has started, for `wait_s` at most."""
    deadline_s = time.monotonic() + wait_s
    while True:
        try:
            reactor = opened.reactor()
            if reactor.state != "starting" or time.monotonic() > deadline_s:
                return reactor
        except DeviceUnreachableError:
            if time.monotonic() > deadline_s:
                raise
        time.sleep(_AGAIN_S)


def _alarms(opened: Ostwald) -> list[Alarm] | None:
    """Return what is not normal; None while control has not told of its alarms."""
    try:
        return list(opened.alarms.list(only_standing=True))
    except DeviceError as error:
        if error.reason != "ALARMS_UNKNOWN":
            raise
        return None


def _counts(alarms: list[Alarm]) -> dict[str, int]:
    return {
        "standing": sum(each.standing for each in alarms),
        "waiting": sum(each.waiting for each in alarms),
        "quiet": sum(each.state in ("shelved", "suppressed", "out_of_service") for each in alarms),
    }


def _tell(alarms: list[Alarm]) -> str:
    counts = _counts(alarms)
    words = {"standing": "standing", "waiting": "waiting to be acknowledged", "quiet": "kept quiet"}
    told = ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts[key])
    return f"alarms: {told}; see 'ostwald alarms'" if told else ""


def _show(reactor: Reactor) -> None:
    why = f": {reactor.reason}" if reactor.reason else ""
    twin = f", twin {reactor.twin}" if reactor.twin else ""
    say(f"{reactor.name} is {reactor.state}{why} ({reactor.clock}{twin}, Ostwald {reactor.version})")
    links = ", ".join(f"{name} {link}" for name, link in reactor.links.items())
    say(f"{reactor.rate_hz:g} Hz, {reactor.ticks} ticks, {reactor.overruns} late; links: {links}")
    for each in reactor.interlocks:
        if each.tripped:
            first = ", first out" if each.first_out else ""
            say(f"tripped{first}: {each.name}: {each.rule}")
    if reactor.active_run_id:
        say(f"run {reactor.active_run_id} holds the reactor")
