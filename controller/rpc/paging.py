"""Pages of long lists, with tokens that only this service reads."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from controller.domain.errors import ControllerError, Violation

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_SIZE: Final = 50
# Keeps the longest page of runs or trials well below the 4 MiB that gRPC clients take by default.
MAX_SIZE: Final = 500
_PREFIX: Final = b"from:"
_MAX_OFFSET: Final = 2**53
Item = TypeVar("Item")


class PageRequest(Protocol):
    @property
    def page_size(self) -> int: ...
    @property
    def page_token(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for. Fetch `limit + 1` items: the last tells whether there are more."""

    limit: int
    offset: int

    def cut(self, items: Sequence[Item]) -> tuple[Sequence[Item], str]:
        """Return the page's items and the token of the next page, empty on the last."""
        if len(items) <= self.limit:
            return items, ""
        return items[: self.limit], token_of(self.offset + self.limit)


def page_of(request: PageRequest, largest: int = MAX_SIZE) -> Page:
    """Read a request's page; ControllerError PAGE_TOKEN_INVALID for a token that no answer gave."""
    size = min(request.page_size or DEFAULT_SIZE, largest)
    return Page(size, _offset(request.page_token) if request.page_token else 0)


def token_of(offset: int) -> str:
    """Return the token of a page that begins at `offset`: a place in a list, or an id to go on from."""
    return base64.urlsafe_b64encode(_PREFIX + str(offset).encode()).decode()


def _offset(token: str) -> int:
    try:
        text = base64.b64decode(token[:64], altchars=b"-_", validate=True)
        if text.startswith(_PREFIX) and 0 <= (offset := int(text[len(_PREFIX) :])) <= _MAX_OFFSET:
            return offset
    except (binascii.Error, ValueError):
        pass
    raise ControllerError(
        "the page_token is not one of ours",
        reason="PAGE_TOKEN_INVALID",
        remedy="send next_page_token of the answer before, or none to begin anew",
        violations=(Violation("page_token", "was not given by this service"),),
    )
