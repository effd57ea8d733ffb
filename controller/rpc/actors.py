"""Who asks: what the client says of itself, where it calls from, and the lease under which it acts.

Nobody proves who they are on a loopback port: the log says who claimed what, and from which address.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

METADATA_KEY: Final = "ostwald-actor"
LEASE_KEY: Final = "ostwald-lease"
LONGEST_ACTOR: Final = 100
LONGEST_REASON: Final = 500
LONGEST_TOKEN: Final = 200
"""Several times the length of the tokens that AcquireLease gives."""


def actor_of(context: Any) -> str:
    """Return "chemist@bench (127.0.0.1)", or the address alone of a client that declares nothing.

    `context` is a call's; the name is cut to 100 printable characters.
    """
    name = clean(_declared(context, METADATA_KEY), LONGEST_ACTOR)
    address = _address(context.peer())
    return f"{name} ({address})" if name else address


def lease_of(context: Any) -> str:
    """Return the lease token that a call carries; empty where it carries none, or what can't be one."""
    token = _declared(context, LEASE_KEY)
    return token if len(token) <= LONGEST_TOKEN else ""


def clean(text: str, longest: int) -> str:
    """Make a peer's text fit for logs and terminals: one line, printable, bounded."""
    printable = "".join(each if each.isprintable() else " " for each in text[:longest])
    return " ".join(printable.split())


def _declared(context: Any, key: str) -> str:
    """Return a call's metadata of that name; binary values are none of ours."""
    value = dict(context.invocation_metadata() or ()).get(key, "")
    return value if isinstance(value, str) else ""


def _address(peer: str) -> str:
    """Read "ipv4:127.0.0.1:40312" or "ipv6:%5B::1%5D:40312"; the port says nothing of who it is."""
    family, _, rest = unquote(peer).partition(":")
    if family not in ("ipv4", "ipv6"):
        return clean(family, LONGEST_ACTOR)
    return rest.rpartition(":")[0].removeprefix("[").removesuffix("]")
