"""Executors without a thread: one runs at once what it is given, one keeps it until it is told."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class InlineWorker(Executor):
    """Runs every call before `submit` returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        run(future, lambda: fn(*args, **kwargs))
        return future


class HeldWorker(Executor):
    """Runs calls at once, until `hold` is set; then `go_on` runs them."""

    def __init__(self) -> None:
        self.hold = False
        self._waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append((future, lambda: fn(*args, **kwargs)))
        if not self.hold:
            self.go_on()
        return future

    def go_on(self) -> None:
        while self._waiting:
            run(*self._waiting.pop(0))


def run(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - as an executor hands it on
        future.set_exception(error)
