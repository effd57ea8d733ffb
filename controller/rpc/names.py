"""Names that a request refers to: found, or refused with those that come closest. Pure."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from controller.domain.errors import ControllerError, Kind
from controller.rpc.actors import clean

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST_NAME: Final = 64


def check_name(what: str, name: str, known: Collection[str], *, lister: str = "") -> None:
    """Raise ControllerError LOOP_UNKNOWN (of a "loop") unless `name` is known; `lister` shows all.

    Names are found here, not in control, where a search for the closest would cost a tick.
    """
    if name in known:
        return
    short = clean(name, LONGEST_NAME)
    close = get_close_matches(short, known, n=3, cutoff=0.5)
    if close:
        remedy = f"did you mean {', '.join(close)}?"
    elif known:
        remedy = f"see '{lister or f'ostwald {what} list'}' for their names"
    else:
        remedy = f"declare one in [{what}s] of the rig file"
    raise ControllerError(
        f"there is no {what} {short!r}",
        reason=f"{what.upper()}_UNKNOWN",
        kind=Kind.NOT_FOUND,
        remedy=remedy,
    )
