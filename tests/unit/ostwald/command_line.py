"""Calls the command `ostwald` against a served device, as a person would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ostwald.cli.main import app
from typer.testing import CliRunner

_runner = CliRunner(env={"COLUMNS": "200", "OSTWALD_LEASE": "", "TERM": "dumb"})


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def ostwald(address: str, *arguments: str, **environment: str) -> Said:
    """Run one command; no exception but an exit leaves it."""
    result = _runner.invoke(app, ["--device", address, *arguments], env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)
