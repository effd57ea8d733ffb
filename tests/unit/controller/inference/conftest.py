"""Small, signed bundles of a linear surrogate, and the keys that sign them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ostwald.signing import KeyPair, generate_key

from controller.inference.registry import ModelRegistry
from controller.storage.journal import Journal
from tests.unit.controller.inference.bundles import Foundry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return generate_key(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def foundry(tmp_path: Path, keys: KeyPair) -> Foundry:
    return Foundry(tmp_path / "made", keys.private)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def registry(tmp_path: Path, journal: Journal, keys: KeyPair) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models", journal.models, [str(keys.public)])
