"""A small convolutional network, trained by torch and taken over as matrices.

A convolution is linear: over a grid of fixed length it is one sparse matrix. So the graph that a device runs
holds the operators of any other network, in double precision, and needs neither torch nor a convolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.candidates.mlp import Network
from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.candidates.base import TrainingSet

# (channels, window, stride) of the convolutions, then the units of the dense layer.
_LAYERS = ((8, 7, 2), (16, 5, 2))
_UNITS = 32
LEAST_POINTS = 20
_MAX_EPOCHS = 400
# So many epochs without a better error on the rows kept back end the training.
_PATIENCE = 40
_BATCH = 32
_RATE = 3e-3
_DECAY = 1e-3
_PARTS = 6
# Of standardised targets: what rounding leaves between torch and the matrices, with room.
_AGREE = 1e-9


@dataclass(frozen=True, slots=True)
class Convolution:
    """`kernel` [out, in, window] and `bias` [out], applied every `stride` points without padding."""

    kernel: Floats
    bias: Floats
    stride: int

    def as_matrix(self, points: int) -> tuple[Floats, Floats]:
        """Weights [in * points, out * found] and biases [out * found], channel after channel."""
        outputs, inputs, window = self.kernel.shape
        found = (points - window) // self.stride + 1
        weights = np.zeros((inputs, points, outputs, found))
        for position in range(found):
            start = position * self.stride
            weights[:, start : start + window, :, position] = self.kernel.transpose(1, 2, 0)
        return weights.reshape(inputs * points, outputs * found), np.repeat(self.bias, found)


def require_torch() -> None:
    """UsageError where torch is not installed."""
    if find_spec("torch") is None:
        raise UsageError(
            "--method conv needs torch, which is not installed", remedy="pip install 'ostwald[deep]'"
        )


def fit_conv(data: TrainingSet, seed: int) -> Network:
    """Train on treated spectra; the rows of one part in six, groups whole, say when to stop."""
    require_torch()
    if data.z.shape[1] < LEAST_POINTS:
        raise TrainerError(
            f"--method conv needs {LEAST_POINTS} points of a spectrum, there are {data.z.shape[1]}",
            remedy="pass a smaller --step-nm, or another --method",
        )
    import torch  # noqa: PLC0415 - an extra, and slow

    rng = np.random.default_rng(seed)
    kept_back = data.deal(_PARTS, rng) == 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _build(torch.nn, data.z.shape[1], data.y.shape[1])
        _train(model, data, np.flatnonzero(~kept_back), np.flatnonzero(kept_back), rng)
    network = _as_network(model, data.z.shape[1])
    with torch.no_grad():
        own = model(torch.from_numpy(data.z.copy())).numpy()
    if not np.allclose(network.predict(data.z)[0], own, rtol=0.0, atol=_AGREE):
        raise TrainerError("the convolutional network answers otherwise as matrices than in torch")
    return network


def _build(nn: Any, points: int, targets: int) -> Any:
    layers, channels, length = [nn.Unflatten(1, (1, points))], 1, points
    for outputs, window, stride in _LAYERS:
        layers += [nn.Conv1d(channels, outputs, window, stride), nn.ReLU()]
        channels, length = outputs, (length - window) // stride + 1
    layers += [nn.Flatten(), nn.Linear(channels * length, _UNITS), nn.ReLU(), nn.Linear(_UNITS, targets)]
    return nn.Sequential(*layers).double()


def _train(model: Any, data: TrainingSet, rows: Ints, kept_back: Ints, rng: np.random.Generator) -> None:
    """Leave the model with the weights that were best on the rows kept back."""
    import torch  # noqa: PLC0415 - see above

    z, y = torch.from_numpy(data.z.copy()), torch.from_numpy(data.y.copy())
    weight = torch.from_numpy(data.counts / data.counts.mean())[:, None]
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
    least, since, best = np.inf, 0, {}
    for _ in range(_MAX_EPOCHS):
        order = rng.permutation(rows)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            optimiser.zero_grad()
            (weight[batch] * (model(z[batch]) - y[batch]) ** 2).mean().backward()
            optimiser.step()
        with torch.no_grad():
            error = float((weight[kept_back] * (model(z[kept_back]) - y[kept_back]) ** 2).mean())
        since += 1
        if error < least:
            least, since = error, 0
            best = {name: value.clone() for name, value in model.state_dict().items()}
        if since >= _PATIENCE:
            break
    if not best:
        raise TrainerError("the convolutional network did not converge", remedy="choose another --method")
    model.load_state_dict(best)


def _as_network(model: Any, points: int) -> Network:
    weights, biases, length = [], [], points
    for layer in model:
        held = {name: value.detach().numpy().copy() for name, value in layer.named_parameters()}
        if not held:
            continue
        if held["weight"].ndim == 3:
            convolution = Convolution(held["weight"], held["bias"], layer.stride[0])
            matrix, bias = convolution.as_matrix(length)
            length = len(bias) // len(convolution.bias)
        else:
            matrix, bias = np.ascontiguousarray(held["weight"].T), held["bias"]
        weights.append(matrix)
        biases.append(bias)
    return Network(tuple(weights), tuple(biases), is_rectified=True)
