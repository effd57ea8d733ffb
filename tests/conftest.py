"""What all tests share: no test is judged by how long it took on a machine that others use, too."""

from __future__ import annotations

import os

from hypothesis import settings

# As the programs have it: set before numpy is loaded.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
settings.register_profile("ostwald", deadline=None)
settings.load_profile("ostwald")
