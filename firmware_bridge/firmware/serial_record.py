"""Write a board's serial number as the EEPROM record that its firmware reads, in Intel HEX.

`python -m firmware_bridge.firmware.serial_record OST-7`, from the firmware's Makefile.
"""

from __future__ import annotations

import sys
from binascii import crc_hqx
from typing import Final

from firmware_bridge.errors import BridgeError
from firmware_bridge.wire import messages as m

TEXT_BYTES: Final = m.BOARD_REPLIES[0x81].fields["serial_number"].count
_CRC_START: Final = 0xFFFF
_LINE_BYTES: Final = 16


def serial_record(serial_number: str) -> bytes:
    """Lay out the record: the text, zeros up to its length, CRC-16/IBM-3740. BridgeError for a text unfit."""
    if not (serial_number.isascii() and serial_number.isprintable() and 0 < len(serial_number) <= TEXT_BYTES):
        raise BridgeError(
            f"serial number {serial_number!r}: give 1 to {TEXT_BYTES} printable ASCII characters"
        )
    text = serial_number.encode("ascii").ljust(TEXT_BYTES, b"\0")
    return text + crc_hqx(text, _CRC_START).to_bytes(2, "little")


def intel_hex(data: bytes) -> str:
    """Write bytes from address 0 on as Intel HEX."""
    lines = []
    for address in range(0, len(data), _LINE_BYTES):
        chunk = data[address : address + _LINE_BYTES]
        record = bytes((len(chunk),)) + address.to_bytes(2, "big") + b"\0" + chunk
        lines.append(record + bytes((-sum(record) & 0xFF,)))
    lines.append(bytes((0, 0, 0, 1, 0xFF)))
    return "".join(f":{line.hex().upper()}\n" for line in lines)


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        sys.exit("say the serial number: SERIAL=OST-7")
    try:
        sys.stdout.write(intel_hex(serial_record(arguments[0])))
    except BridgeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
