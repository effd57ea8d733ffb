"""A manifest comes back as it was written, and a wrong one is refused by key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ostwald.bundle import BundleError, Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_manifest_survives_the_way_to_json_and_back(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_equal_manifests_give_equal_bytes(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()).to_json() == manifest.to_json()


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    *way, last, value = path

    def change(content: dict[str, Any]) -> None:
        place: Any = content
        for step in way:
            place = place[step]
        place[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set("format", "ostwald-bundle/2"), "manifest.json.format: 'ostwald-bundle/2'"),
        (_set("name", "Silver Prisms"), "manifest.json.name"),
        (_set("serial", 7.5), "manifest.json.serial: expected a whole number"),
        (_set("serial", True), "manifest.json.serial"),
        (_set("min_serial", 8), "manifest.json.min_serial: 8 is not within 0 to 7"),
        (_set("created", "yesterday"), "manifest.json.created"),
        (_set("kind", "pickle"), "manifest.json.kind"),
        (_set("inputs", []), "manifest.json.inputs: 0 entries"),
        (_set("inputs", 0, "low", 500.0), "manifest.json.inputs[0]: low 500 is above high 400"),
        (_set("inputs", 0, "name", "ligand"), "manifest.json.inputs: 'ligand' stands twice"),
        (_set("inputs", 0, "name", "a\nb"), "manifest.json.inputs[0]"),
        (_set("inputs", 1, "high", 2.0), "manifest.json.inputs[1]: low and high of a choice are 0 and 1"),
        (_set("inputs", 1, "choices", ["PVA", "PVA"]), "manifest.json.inputs[1].choices: 'PVA' stands twice"),
        (_set("outputs", 0, "color", "red"), "manifest.json.outputs[0].color: unknown key"),
        (_set("operators", ["ai.onnx:MatMul", "ai.onnx:Add"]), "manifest.json.operators: not sorted"),
        (_set("operators", ["os.system"]), "manifest.json.operators[0]"),
        (_set("latency_budget_ms", 0), "manifest.json.latency_budget_ms: 0 is not above zero"),
        (_set("golden", "mean", [[1.0, 2.0]]), "manifest.json.golden.mean[0]: 2 entries"),
        (_set("golden", "novelty", []), "manifest.json.golden.novelty: 0 entries"),
        (_set("golden", "conditions", [[1.0, 0.0]] * 65), "manifest.json.golden.conditions: 65 entries"),
        (_set("metrics", "r2", "good"), "manifest.json.metrics.r2: expected a number, found text"),
        (_set("metrics", "r2", 10**400), "manifest.json.metrics.r2: not a finite number"),
        (_set("provenance", "dataset_sha256", "xyz"), "manifest.json.provenance.dataset_sha256"),
        (_set("sizes", "dataset_bytes", 4), "manifest.json.sizes.dataset_bytes: unknown key"),
        (_set("command", "rm -rf"), "manifest.json.command: unknown key"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(
    manifest: Manifest, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    content = json.loads(manifest.to_json())
    change(content)
    with pytest.raises(BundleError) as refusal:
        Manifest.from_json(json.dumps(content).encode())
    assert told in str(refusal.value)


@pytest.mark.parametrize("key", ["name", "serial", "inputs", "golden", "provenance", "sizes", "format"])
def test_a_missing_key_is_named(manifest: Manifest, key: str) -> None:
    content = json.loads(manifest.to_json())
    del content[key]
    with pytest.raises(BundleError, match=rf"manifest\.json\.{key}: missing"):
        Manifest.from_json(json.dumps(content).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"serial": NaN}',
        b'{"name": "a", "name": "b"}',
        b"[" * 100_000,
        b" " * (1 << 21),
    ],
)
def test_what_is_no_plain_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        Manifest.from_json(data)


@given(data=st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_bundle_error(data: bytes) -> None:
    with pytest.raises(BundleError):
        Manifest.from_json(data)


def test_a_folder_whose_model_has_another_size_than_promised_is_refused(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"longer than it says")
    with pytest.raises(BundleError, match=r"says 11, but model\.onnx has 19"):
        read_manifest(bundle)


def test_golden_answers_agree_within_their_tolerance(manifest: Manifest) -> None:
    assert manifest.golden_mismatch([[520.0 + 1e-4]], [[3.0]], [0.0]) is None


@pytest.mark.parametrize(
    ("mean", "std", "novelty", "told"),
    [
        (521.0, 3.0, 0.0, "mean of 'peak': 521.0 instead of 520.0"),
        (520.0, 3.1, 0.0, "std of 'peak'"),
        (520.0, 3.0, 0.5, "novelty: 0.5 instead of 0.0"),
        (float("nan"), 3.0, 0.0, "mean of 'peak': nan"),
        (520.0, 3.0, float("nan"), "novelty: nan"),
    ],
)
def test_a_golden_answer_that_differs_is_named(
    manifest: Manifest, mean: float, std: float, novelty: float, told: str
) -> None:
    assert told in str(manifest.golden_mismatch([[mean]], [[std]], [novelty]))


def test_golden_answers_of_the_wrong_shape_differ(manifest: Manifest) -> None:
    assert manifest.golden_mismatch([[520.0, 1.0]], [[3.0]], [0.0]) is not None
    assert manifest.golden_mismatch([], [[3.0]], [0.0]) is not None
    assert manifest.golden_mismatch([[520.0]], [[3.0]], []) is not None


def test_a_golden_value_near_zero_is_judged_by_its_outputs_range(manifest: Manifest) -> None:
    near_zero = replace(manifest, golden=replace(manifest.golden, mean=((0.0,),)))
    assert near_zero.golden_mismatch([[2e-6]], [[3.0]], [0.0]) is None
    assert near_zero.golden_mismatch([[3e-6]], [[3.0]], [0.0]) is not None
