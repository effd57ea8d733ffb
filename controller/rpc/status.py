"""Errors as gRPC statuses with google.rpc details, in one place for every RPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
import structlog
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from controller.domain.errors import ControllerError, Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

DOMAIN: Final = "ostwald"
_DETAILS_KEY: Final = "grpc-status-details-bin"
# gRPC clients take 8 KiB of trailers unless told otherwise; the rest of a long document's faults can wait.
_MAX_VIOLATIONS: Final = 12
_MAX_TEXT: Final = 200
_MAX_PLACE: Final = 100
_MAX_MESSAGE: Final = 500
_CODES: Final[Mapping[Kind, tuple[grpc.StatusCode, int]]] = {
    Kind.INVALID: (grpc.StatusCode.INVALID_ARGUMENT, code_pb2.INVALID_ARGUMENT),
    Kind.NOT_FOUND: (grpc.StatusCode.NOT_FOUND, code_pb2.NOT_FOUND),
    Kind.REFUSED: (grpc.StatusCode.FAILED_PRECONDITION, code_pb2.FAILED_PRECONDITION),
    Kind.EXISTS: (grpc.StatusCode.ALREADY_EXISTS, code_pb2.ALREADY_EXISTS),
    Kind.EXHAUSTED: (grpc.StatusCode.RESOURCE_EXHAUSTED, code_pb2.RESOURCE_EXHAUSTED),
    Kind.ABORTED: (grpc.StatusCode.ABORTED, code_pb2.ABORTED),
    Kind.UNAVAILABLE: (grpc.StatusCode.UNAVAILABLE, code_pb2.UNAVAILABLE),
}
_log = structlog.get_logger(__name__)


class OffsetError(ControllerError):
    """An upload that goes on elsewhere: `offset` bytes are held."""

    def __init__(self, message: str, *, reason: str, kind: Kind, offset: int) -> None:
        super().__init__(message, reason=reason, kind=kind, remedy=f"go on at offset {offset}")
        self.offset = offset


def to_status(error: ControllerError) -> status_pb2.Status:
    """Describe an error with ErrorInfo and, where fields are at fault, BadRequest."""
    metadata = {"remedy": _cut(error.remedy, _MAX_TEXT)} if error.remedy else {}
    if isinstance(error, OffsetError):
        metadata["offset"] = str(error.offset)
    status = status_pb2.Status(code=_CODES[error.kind][1], message=_cut(str(error), _MAX_MESSAGE))
    status.details.append(
        _pack(error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata))
    )
    if error.violations:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=_cut(f"{each.place} (line {each.line})" if each.line else each.place, _MAX_PLACE),
                description=_cut(each.description, _MAX_TEXT),
            )
            for each in error.violations[:_MAX_VIOLATIONS]
        ]
        status.details.append(_pack(error_details_pb2.BadRequest(field_violations=violations)))
    return status


class StatusInterceptor(grpc.aio.ServerInterceptor):
    """Turns what a handler raises into a status; a defect becomes INTERNAL and is logged with its trace."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler: Any = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith("/ostwald."):
            return handler  # type: ignore[no-any-return]
        codec = (handler.request_deserializer, handler.response_serializer)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(_streaming(handler.unary_stream, method), *codec)
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(_single(handler.stream_unary, method), *codec)
        return grpc.unary_unary_rpc_method_handler(_single(handler.unary_unary, method), *codec)


def _single(behaviour: Callable[..., Awaitable[Any]], method: str) -> Callable[..., Any]:
    async def call(request: Any, context: Any) -> Any:
        try:
            return await behaviour(request, context)
        except ControllerError as error:
            await _refuse(context, error)
        except Exception:  # noqa: BLE001 - logged, and the caller is told
            _log.exception("rpc failed", method=method)
            await _fail(context)

    return call


def _streaming(behaviour: Callable[..., AsyncIterator[Any]], method: str) -> Callable[..., Any]:
    async def call(request: Any, context: Any) -> AsyncIterator[Any]:
        try:
            async for response in behaviour(request, context):
                yield response
        except ControllerError as error:
            await _refuse(context, error)
        except Exception:  # noqa: BLE001 - logged, and the caller is told
            _log.exception("rpc failed", method=method)
            await _fail(context)

    return call


async def _refuse(context: Any, error: ControllerError) -> None:
    status = to_status(error)
    trailers = ((_DETAILS_KEY, status.SerializeToString()),)
    await context.abort(_CODES[error.kind][0], status.message, trailers)


async def _fail(context: Any) -> None:
    message = "the service failed; its log says why"
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN)
    status = status_pb2.Status(code=code_pb2.INTERNAL, message=message, details=[_pack(info)])
    trailers = ((_DETAILS_KEY, status.SerializeToString()),)
    await context.abort(grpc.StatusCode.INTERNAL, message, trailers)


def _pack(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
