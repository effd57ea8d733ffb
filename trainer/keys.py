"""Where this person's signing key lies."""

from __future__ import annotations

import os
from pathlib import Path

from ostwald.signing import PRIVATE_NAME, generate_key


def key_folder() -> Path:
    """Return `ostwald` in the user's configuration folder (XDG base directory specification)."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    base = Path(configured) if Path(configured).is_absolute() else Path.home() / ".config"
    return base / "ostwald"


def default_key() -> tuple[Path, bool]:
    """Return the default private key and whether it was made just now."""
    path = key_folder() / PRIVATE_NAME
    if path.exists():
        return path, False
    return generate_key(key_folder()).private, True
