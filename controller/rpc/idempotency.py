"""Mutations that act once: the first answer to a request_id is kept and given again."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Protocol, TypeVar

from google.protobuf.message import Message

from controller.domain.errors import ControllerError, Kind, Violation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from controller.storage.requests import RequestStore

# Room for a UUID in any spelling, with a prefix.
MAX_REQUEST_ID = 128


class Mutation(Protocol):
    """A request with an id of its own."""

    @property
    def request_id(self) -> str: ...
    def SerializeToString(self, *, deterministic: bool = ...) -> bytes: ...


Response = TypeVar("Response", bound=Message)


class Once:
    """Answers each (method, request_id) once, over restarts; a duplicate under way waits for the first.

    An action goes on when its client leaves, so that the answer is there when the client asks again. One that
    was refused did nothing: its id stays free. One that a crash or a defect cut off may have acted or not: it
    is noted before it acts, and its repetition is told so instead of acting a second time.
    """

    def __init__(self, store: RequestStore) -> None:
        self._store = store
        self._working: dict[tuple[str, str], tuple[bytes, asyncio.Task[bytes]]] = {}

    def known(self, request: Mutation, answer: Response) -> Response | None:
        """Fill `answer` with the first answer, if there is one; ControllerError for an id that can't be."""
        check_id(request.request_id)
        kept = self._store.get(request.request_id, answer.DESCRIPTOR.full_name)
        if kept is None:
            return None
        _check_same(request.request_id, kept.digest, _digest(request))
        if kept.answer is None:
            return None
        answer.ParseFromString(kept.answer)
        return answer

    async def answer(
        self,
        request: Mutation,
        answer: Response,
        act: Callable[[], Awaitable[Response]],
        *,
        repeatable: bool = False,
    ) -> Response:
        """Give the first answer to this request, acting only if there is none yet.

        A `repeatable` action comes to the same when it is done twice: a crash is no reason not to.
        Raises ControllerError REQUEST_INTERRUPTED, and as `known` does.
        """
        if (known := self.known(request, answer)) is not None:
            return known
        key, digest = (request.request_id, answer.DESCRIPTOR.full_name), _digest(request)
        if key not in self._working:
            if not repeatable:
                self._note(key, digest)
            task = asyncio.create_task(self._act(key, digest, act))
            self._working[key] = (digest, task)
            task.add_done_callback(lambda done: self._finish(key, done))
        first, task = self._working[key]
        _check_same(request.request_id, first, digest)
        answer.ParseFromString(await asyncio.shield(task))
        return answer

    async def stop(self) -> None:
        """Cancel what is still under way."""
        tasks = [task for _, task in self._working.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _act(
        self, key: tuple[str, str], digest: bytes, act: Callable[[], Awaitable[Response]]
    ) -> bytes:
        try:
            response = (await act()).SerializeToString()
        except ControllerError:
            self._store.forget(*key)
            raise
        self._store.finish(*key, digest, response)
        return response

    def _note(self, key: tuple[str, str], digest: bytes) -> None:
        if self._store.get(*key) is not None:
            raise ControllerError(
                f"request {key[0]!r} was cut off before it was answered: it may have acted or not",
                reason="REQUEST_INTERRUPTED",
                kind=Kind.ABORTED,
                remedy="look at the device's state; if it is still wanted, ask with a new request_id",
            )
        self._store.begin(*key, digest)

    def _finish(self, key: tuple[str, str], done: asyncio.Task[bytes]) -> None:
        del self._working[key]
        if not done.cancelled():
            done.exception()  # whoever waits has it too; without a waiter asyncio would complain


def check_id(request_id: str) -> None:
    """Raise ControllerError for an id that is missing or too long."""
    if not request_id:
        raise ControllerError(
            "the request has no request_id",
            reason="REQUEST_ID_MISSING",
            remedy="send a new UUID, and the same one when repeating the request",
            violations=(Violation("request_id", "must be given"),),
        )
    if len(request_id) > MAX_REQUEST_ID:
        raise ControllerError(
            f"the request_id has {len(request_id)} characters",
            reason="REQUEST_ID_TOO_LONG",
            remedy="send a UUID",
            violations=(Violation("request_id", f"has at most {MAX_REQUEST_ID} characters"),),
        )


def _digest(request: Mutation) -> bytes:
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


def _check_same(request_id: str, first: bytes, second: bytes) -> None:
    if first != second:
        raise ControllerError(
            f"request_id {request_id!r} was used for another request",
            reason="REQUEST_ID_REUSED",
            kind=Kind.EXISTS,
            remedy="send a new UUID with every new request",
        )
