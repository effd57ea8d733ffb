"""What people write and other processes send: JSON, mail, quantities, TOML."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from controller.campaign.recipes import parse_recipe
from controller.campaign.specs import parse_campaign
from controller.config.rig import load_rig, parse_rig
from controller.config.units import LONGEST_QUANTITY, parse_quantity
from controller.domain import commands as k
from controller.domain import plain
from controller.domain.errors import ControllerError, DocumentError
from controller.domain.plan import RigPlan
from controller.equipment.drivers import known_instruments
from controller.runtime.mailbox import request_from
from tests.fuzz.target import Target, from_file, refusing
from trainer.benchmark import read_tasks
from trainer.errors import UsageError
from trainer.recipe import Recipe, read_recipe
from trainer.schema_file import read_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.material import Chance
    from tests.fuzz.target import Decoder

_ROOT: Final = Path(__file__).parents[2]
_EXAMPLES: Final = _ROOT / "examples"


def _json(kind: type) -> Callable[[Chance], Decoder]:
    return lambda chance: refusing(chance.piece, lambda piece: plain.from_json(kind, piece), plain.PlainError)


@cache
def _plans() -> tuple[RigPlan, ...]:
    kinds = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}
    rigs = sorted((_EXAMPLES / "rigs").glob("*.toml"))
    return tuple(load_rig(path, known_drivers=kinds, instruments=known_instruments()) for path in rigs)


@cache
def _requests() -> tuple[bytes, ...]:
    commands: tuple[k.Command, ...] = (
        k.SetTargets({"pump.agno3": 12.5, "reactor.setpoint": 60.0}),
        k.EmergencyStop("told by hand"),
        k.HoldLease("chemist@bench", "0a1b", 30.0),
        k.SetReagent("agno3", 5000.0),
        k.ReportDevice("spectrometer", lost=True),
    )
    return tuple(plain.to_json(k.Request(each, "chemist@bench", "0a1b")).encode() for each in commands)


@cache
def _mail() -> tuple[bytes, ...]:
    return tuple(
        json.dumps({"op": "request", "id": 7, "request": json.loads(request)}).encode()
        for request in _requests()
    )


def _mailbox(chance: Chance) -> Decoder:
    """Mail as control takes it from its socket."""

    def take(piece: bytes) -> None:
        try:
            message = json.loads(piece)
        except (ValueError, RecursionError):
            return
        if isinstance(message, dict):
            request_from(message)

    return refusing(chance.piece, take)


def _texts(folder: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted((_EXAMPLES / folder).glob("*.toml")))


def _toml(take: Callable[[str], object], *errors: type[Exception]) -> Callable[[Chance], Decoder]:
    """Begin a decoder of text, as it comes out of a file or a request that was UTF-8."""
    return lambda chance: refusing(
        chance.piece, lambda piece: take(piece.decode("utf-8", "replace")), *errors
    )


def _parse_rig(text: str) -> RigPlan:
    kinds = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}
    return parse_rig(text, "rig", kinds, instruments=known_instruments())


def _parse_recipe(text: str) -> object:
    return parse_recipe(text, _silver())


@cache
def _silver() -> RigPlan:
    return next(plan for plan in _plans() if "silver-twin" in plan.name or "silver" in plan.name)


def _parse_campaign(text: str) -> object:
    recipe = (_EXAMPLES / "recipes" / "silver-prism.toml").read_text(encoding="utf-8")
    return parse_campaign(text, parse_recipe(recipe, _silver()), {})


def _quantities(chance: Chance) -> Decoder:
    """Quantities are what a client may send with every request: short, and never the end of a daemon."""

    def take(piece: bytes) -> None:
        parse_quantity(piece.decode("utf-8", "replace"), "uL/min")

    return refusing(lambda: chance.piece()[:LONGEST_QUANTITY], take, ControllerError)


_QUANTITIES: Final = (
    *(b"12.5 uL/min", b"0.5 mL/min", b"3 (uL/min)/(degC)", b"1e-3 L/h", b"2 m**3/s", b"1 nm^-1", b"45 degC"),
    *(b"7 %", "3 \u00b5L/s".encode(), "20 \u00b0C".encode(), b"1 1/s", b"4 step/s"),
)
_FIT: Final = Recipe(targets=("size",), drop=("id",), settings=("svr.penalty=3.5",)).to_toml()
_REAL: Final = _ROOT / "tests" / "real_data"

TARGETS: Final = (
    Target("json request", _requests, _json(k.Request)),
    Target("json plan", lambda: tuple(plain.to_json(each).encode() for each in _plans()), _json(RigPlan)),
    Target("mail", _mail, _mailbox),
    Target("quantities", lambda: _QUANTITIES, _quantities),
    Target("toml rig", lambda: _texts("rigs"), _toml(_parse_rig, DocumentError)),
    Target("toml recipe", lambda: _texts("recipes"), _toml(_parse_recipe, DocumentError)),
    Target("toml campaign", lambda: _texts("campaigns"), _toml(_parse_campaign, DocumentError)),
    Target("toml fit", lambda: (_FIT,), from_file("recipe.toml", read_recipe, UsageError)),
    Target(
        "toml schema",
        lambda: ((_REAL / "liposome.toml").read_bytes(),),
        from_file("schema.toml", read_schema, UsageError),
    ),
    Target(
        "toml benchmark",
        lambda: ((_REAL / "benchmark.toml").read_bytes(),),
        from_file("tasks.toml", lambda path: read_tasks(path.parent, path), UsageError),
    ),
)
