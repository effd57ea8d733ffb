"""What is done to spectra before a model sees them: part of the graph, and run as such while fitting too.

Nothing in it is learned from data, so it may be done once, before rows are held out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from trainer.graph import Graph
from trainer.parity import open_session

if TYPE_CHECKING:
    import onnxruntime as ort

    from trainer.arrays import Floats

# Adds nodes to a graph: spectra [n, p] by name to values [n, q] by name.
Build = Callable[[Graph, str], str]


@dataclass(frozen=True)
class Front:
    """From spectra of `points` wavelengths to `width` values, as `build` adds it to a graph."""

    name: str
    points: int
    width: int
    build: Build

    def transform(self, x: Floats) -> Floats:
        """Spectra [n, p] to values [n, q]."""
        return np.asarray(self._session.run(["values"], {"spectrum": x})[0])

    @cached_property
    def _session(self) -> ort.InferenceSession:
        graph = Graph()
        values = self.build(graph, "spectrum")
        model = graph.finish(
            name="front", inputs={"spectrum": self.points}, outputs={"values": (values, self.width)}
        )
        return open_session(model)
