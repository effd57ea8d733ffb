"""What the trainer may export is what the device takes: neither side can change its list alone."""

from __future__ import annotations

from controller.inference import graphs
from trainer.graph import ALLOWED_OPERATORS, OPSETS


def test_trainer_and_device_allow_the_same_operators() -> None:
    assert ALLOWED_OPERATORS == graphs.ALLOWED


def test_the_device_takes_the_operator_sets_that_the_trainer_writes() -> None:
    assert set(OPSETS) == graphs.DOMAINS
