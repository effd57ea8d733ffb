"""What all tests share: no test is judged by how long it took on a machine that others use, too."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ostwald", deadline=None)
settings.load_profile("ostwald")
