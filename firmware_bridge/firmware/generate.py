"""Write the firmware's generated headers; `make headers` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from firmware_bridge.firmware.headers import all_headers

FOLDER: Final = Path(__file__).parent / "src" / "generated"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in all_headers().items():
        (FOLDER / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
