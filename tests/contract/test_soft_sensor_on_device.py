"""A soft sensor from the trainer to a device: vetted, promoted, and asked what a spectrum tells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ostwald import signing
from ostwald.bundle import pack_archive
from ostwald.spectral import SpectralGrid

from controller.inference.registry import ModelRegistry
from controller.storage.journal import Journal
from tests.unit.ostwald.command_line import ostwald
from tests.unit.ostwald.conftest import Served
from trainer.pack import Label
from trainer.soft.fit import SoftRecipe, fit_table
from trainer.soft.pack import write_soft_bundle
from trainer.soft.spectra import SpectraRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NM = np.arange(400.0, 701.0, 10.0)


def spectrum(size_nm: float, nm: np.ndarray = NM) -> np.ndarray:
    return 0.1 + 0.8 * np.exp(-0.5 * ((nm - 500.0 - size_nm) / 40.0) ** 2)


@pytest.fixture
def key(tmp_path: Path) -> signing.KeyPair:
    return signing.generate_key(tmp_path / "keys")


@pytest.fixture
def registry(tmp_path: Path, key: signing.KeyPair) -> Iterator[ModelRegistry]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield ModelRegistry(tmp_path / "models", journal.models, [str(key.public)])
    journal.close()


@pytest.fixture(params=["pls", "mlp-features"])
def archive(request, tmp_path: Path, key: signing.KeyPair) -> Path:
    rng = np.random.default_rng(0)
    lines = [",".join(["size (nm)", *(f"absorbance_{nm:g}" for nm in NM)])]
    for size_nm in rng.uniform(10.0, 90.0, 40):
        values = spectrum(size_nm) + rng.normal(0.0, 0.001, len(NM))
        lines.append(",".join(map(repr, [float(size_nm), *values.tolist()])))
    table = tmp_path / "particles.csv"
    table.write_text("\n".join(lines))
    recipe = SoftRecipe(SpectraRequest(("size",), "wide"), (request.param,), "none", "7:3")
    fitted = fit_table(table, recipe, lambda _done, _total: None)
    label = Label("size", 1, 0, datetime(2026, 3, 1, tzinfo=UTC), 20.0)
    out = tmp_path / "bundle"
    write_soft_bundle(out, fitted, label, key.private)
    packed = tmp_path / "size.tar"
    packed.write_bytes(pack_archive(out))
    return packed


async def test_a_device_vets_a_soft_sensor_and_it_tells_a_spectrum_of_other_pixels(registry, archive):
    info = await registry.receive(archive)
    registry.promote("size")
    grid = SpectralGrid.from_names([each.name for each in info.manifest.inputs])
    assert grid == info.manifest.spectrum
    pixels = np.arange(390.3, 710.0, 0.7)
    values = grid.resample(pixels.tolist(), spectrum(42.0, pixels).tolist(), "test")
    _, (answer,) = registry.predict("size", "", [dict(zip(grid.names(), values, strict=True))])
    assert answer.trusted
    assert answer.properties["size"].unit == "nm"
    assert answer.properties["size"].mean == pytest.approx(42.0, abs=1.5)


async def test_a_person_asks_it_with_the_file_of_a_spectrum(registry, archive, tmp_path, monkeypatch):
    await registry.receive(archive)
    registry.promote("size")
    info, session = registry.get("size"), registry.active("size")
    (tmp_path / "served").mkdir()
    served = Served(tmp_path / "served")
    # The registry's journal belongs to this thread, the server's calls to another.
    monkeypatch.setattr(served.bench.models, "get", lambda _name, _digest: info)
    monkeypatch.setattr(
        served.bench.models, "predict", lambda _name, digest, rows: (digest, session.predict(rows))
    )
    pixels = np.arange(390.3, 710.0, 0.7)
    rows = zip(pixels, spectrum(42.0, pixels), strict=True)
    file = tmp_path / "spectrum.csv"
    file.write_text("wavelength(nm),absorbance\n" + "\n".join(f"{nm:.2f},{value:.5f}" for nm, value in rows))
    short = tmp_path / "short.csv"
    short.write_text("nm;absorbance\n450;0.1\n500;0.2\n")
    try:
        said = ostwald(served.address, "model", "predict", "size", "--spectrum", str(file), "--json")
        refused = ostwald(served.address, "model", "predict", "size", "--spectrum", str(short))
        neither = ostwald(served.address, "model", "predict", "size")
    finally:
        served.close()
    assert said.json["trusted"]
    assert said.json["properties"]["size"]["mean"] == pytest.approx(42.0, abs=1.5)
    assert refused.code == 1
    assert "reaches from 450 to 500 nm, the sensor needs 400 to 700 nm" in refused.err
    assert (neither.code, neither.err) == (2, "error: name either conditions or --spectrum FILE\n")
