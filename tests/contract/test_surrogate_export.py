"""One suite for every algorithm: the exported graph keeps the surrogate contract."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from joblib import parallel_config

from trainer.candidates import CANDIDATES
from trainer.errors import TrainerError
from trainer.graph import ALLOWED_OPERATORS, operators
from trainer.parity import check_parity, run_onnx
from trainer.preprocess import InputKind
from trainer.surrogate import Prepared, Surrogate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from trainer.arrays import Floats

NUMBER = InputKind()


def _one_target() -> tuple[Floats, Floats, tuple[InputKind, ...]]:
    rng = np.random.default_rng(0)
    x = rng.uniform([10.0, 0.01, 20.0], [400.0, 0.05, 90.0], (40, 3))
    y = 500.0 + 80.0 * np.sin(x[:, :1] / 90.0) + 1000.0 * x[:, 1:2]
    return x, y, (NUMBER,) * 3


def _one_input() -> tuple[Floats, Floats, tuple[InputKind, ...]]:
    # Skewed and with a zero: it goes through a root.
    x = np.linspace(0.0, 3.0, 30)[:, None] ** 5
    return x, 1e6 + np.cos(x / 30.0), (NUMBER,)


def _mixed_with_gaps_and_replicates() -> tuple[Floats, Floats, tuple[InputKind, ...]]:
    rng = np.random.default_rng(1)
    x = np.column_stack(
        [
            rng.integers(0, 3, 25),
            rng.uniform(1, 9, 25),
            rng.integers(0, 2, 25),
            rng.normal(size=25),
            np.full(25, 4.0),
        ]
    ).astype(np.float64)
    x[3, 3] = np.nan
    x = np.repeat(x, 2, axis=0)
    y = np.column_stack([x[:, 0] * x[:, 1], np.cos(x[:, 1]) + x[:, 2]]) + 0.05 * rng.normal(size=(50, 2))
    return x, y, (InputKind(3), NUMBER, InputKind(2), InputKind(may_miss=True), NUMBER)


def _spectrum() -> tuple[Floats, Floats, tuple[InputKind, ...]]:
    rng = np.random.default_rng(2)
    x = rng.uniform(0.0, 1.0, (30, 4))
    lines = np.linspace(400.0, 800.0, 60)
    y = np.exp(-0.5 * ((lines - 500.0 - 150.0 * x[:, :1]) / (40.0 + 30.0 * x[:, 1:2])) ** 2)
    # A detector's dead pixel is a target that never changes.
    y[:, 7] = 0.125
    return x, y, (NUMBER,) * 4


DATA: dict[str, Callable[[], tuple[Floats, Floats, tuple[InputKind, ...]]]] = {
    "one target": _one_target,
    "one input": _one_input,
    "choices, gaps, replicates": _mixed_with_gaps_and_replicates,
    "spectrum": _spectrum,
}


@pytest.fixture(scope="module", autouse=True)
def _short_training() -> Iterator[None]:
    """A graph follows its ensemble however well that was trained."""
    with pytest.MonkeyPatch.context() as patch, parallel_config(backend="threading"):
        patch.setattr("trainer.candidates.ensemble_training.MIN_STEPS", 50)
        patch.setattr("trainer.candidates.ensemble_training.MAX_STEPS", 50)
        yield


@cache
def _exported(algorithm: str, data: str) -> tuple[Surrogate, bytes]:
    x, y, kinds = DATA[data]()
    surrogate = Prepared.of(x, y, kinds, 0).fit(algorithm, 0).calibrated(np.full(y.shape[1], 1.5))
    return surrogate, surrogate.to_onnx("contract")


# A large ensemble is the small one's code with more members: one set of data is enough.
CASES = [
    pytest.param((algorithm, data), id=f"{algorithm}, {data}")
    for algorithm, candidate in CANDIDATES.items()
    for data in (DATA if not candidate.is_large else ["one target"])
]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def algorithm(case: tuple[str, str]) -> str:
    return case[0]


@pytest.fixture
def data(case: tuple[str, str]) -> str:
    return case[1]


def _everywhere(x: Floats, kinds: tuple[InputKind, ...]) -> Floats:
    """Training rows, rows between and beyond them, and indices that are no choice."""
    rng = np.random.default_rng(3)
    low, high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    wide = rng.uniform(low - (high - low), high + (high - low), (200, x.shape[1]))
    legal = np.where(
        np.array([kind.choice_count for kind in kinds]) > 0, rng.integers(0, 2, wide.shape), wide
    )
    return np.vstack([x, legal, wide])


def test_the_graph_answers_as_the_fitted_model_everywhere(algorithm: str, data: str) -> None:
    surrogate, model = _exported(algorithm, data)
    x, y, kinds = DATA[data]()
    names = [f"target {index}" for index in range(y.shape[1])]
    rtol = CANDIDATES[algorithm].rtol
    parity = check_parity(model, surrogate, _everywhere(x, kinds), names, rtol)
    assert parity.worst <= rtol
    assert parity.rows == len(x) + 400


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_algorithm_promises_double_precision(name: str) -> None:
    assert CANDIDATES[name].rtol == 1e-6


def test_inputs_and_outputs_are_those_of_the_contract(algorithm: str, data: str) -> None:
    _, model = _exported(algorithm, data)
    x, y, _ = DATA[data]()
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert [(item.name, item.type, item.shape) for item in session.get_inputs()] == [
        ("conditions", "tensor(double)", ["N", x.shape[1]])
    ]
    assert [(item.name, item.type, item.shape) for item in session.get_outputs()] == [
        ("mean", "tensor(double)", ["N", y.shape[1]]),
        ("std", "tensor(double)", ["N", y.shape[1]]),
        ("novelty", "tensor(double)", ["N"]),
    ]


def test_operators_are_few_plain_and_flat(algorithm: str, data: str) -> None:
    graph = onnx.load_from_string(_exported(algorithm, data)[1])
    assert set(operators(graph)) <= ALLOWED_OPERATORS
    assert not {"Loop", "If", "Scan"} & {node.op_type for node in graph.graph.node}
    assert not graph.functions
    assert all(not tensor.external_data for tensor in graph.graph.initializer)
    assert {(item.domain or "ai.onnx", item.version) for item in graph.opset_import} <= {
        ("ai.onnx", 17),
        ("ai.onnx.ml", 3),
    }
    assert graph.ir_version == 8


def test_onnxruntime_draws_no_factor_into_a_product_in_single_precision(
    algorithm: str, data: str, tmp_path: Path
) -> None:
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    ort.InferenceSession(_exported(algorithm, data)[1], options, providers=["CPUExecutionProvider"])
    optimised = onnx.load(tmp_path / "optimised.onnx")
    assert "FusedMatMul" not in {node.op_type for node in optimised.graph.node}


def test_a_row_answers_the_same_alone_and_among_others(algorithm: str, data: str) -> None:
    _, model = _exported(algorithm, data)
    x = DATA[data]()[0]
    together, alone = run_onnx(model, x), run_onnx(model, x[5:6])
    for many, one in (
        (together.mean[5:6], alone.mean),
        (together.std[5:6], alone.std),
        (together.novelty[5:6], alone.novelty),
    ):
        assert many.shape == one.shape
        np.testing.assert_allclose(many, one, rtol=1e-9, atol=1e-9)


def test_deviations_are_positive_and_scaled_by_their_calibration(algorithm: str, data: str) -> None:
    surrogate, model = _exported(algorithm, data)
    x, y, kinds = DATA[data]()
    rows = _everywhere(x, kinds)
    assert (run_onnx(model, rows).std > 0.0).all()
    twice = surrogate.calibrated(np.full(y.shape[1], 3.0)).to_onnx("twice")
    np.testing.assert_allclose(run_onnx(twice, rows).std, 2.0 * run_onnx(model, rows).std, rtol=1e-9)


def test_novelty_is_zero_on_training_rows_and_above_one_far_away(algorithm: str, data: str) -> None:
    _, model = _exported(algorithm, data)
    x = DATA[data]()[0]
    inside = run_onnx(model, x).novelty
    assert (inside <= 1.0).all()
    assert (inside >= 0.0).all()
    far = np.nanmax(x, axis=0) + 10.0 * (np.nanmax(x, axis=0) - np.nanmin(x, axis=0)) + 10.0
    assert run_onnx(model, far[None, :]).novelty[0] > 1.0


def test_equal_fits_give_equal_bytes(algorithm: str, data: str) -> None:
    surrogate, first = _exported(algorithm, data)
    x, y, kinds = DATA[data]()
    again = Prepared.of(x, y, kinds, 0).fit(algorithm, 0).calibrated(surrogate.calibration)
    assert again.to_onnx("contract") == first


def test_an_export_that_differs_is_refused_and_says_where() -> None:
    surrogate, model = _exported("gp", "one target")
    x = DATA["one target"]()[0]
    graph = onnx.load_from_string(model)
    wrong = next(tensor for tensor in graph.graph.initializer if tensor.data_type == onnx.TensorProto.DOUBLE)
    values = onnx.numpy_helper.to_array(wrong) * 1.001
    wrong.CopyFrom(onnx.numpy_helper.from_array(np.asarray(values), wrong.name))
    with pytest.raises(TrainerError, match=r"export refused: in row \d+, (mean|std|novelty) of '"):
        check_parity(graph.SerializeToString(), surrogate, x, ["peak"], 1e-6)


def test_an_export_of_another_shape_is_refused() -> None:
    _, two_targets = _exported("ridge", "choices, gaps, replicates")
    x, y, kinds = _mixed_with_gaps_and_replicates()
    one_target = Prepared.of(x, y[:, :1], kinds, 0).fit("ridge", 0)
    with pytest.raises(TrainerError, match=r"mean has shape \(50, 2\), the model gives \(50, 1\)"):
        check_parity(two_targets, one_target, x, ["a"], 1e-6)
