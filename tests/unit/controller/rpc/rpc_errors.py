"""Reads the google.rpc details of a failed call."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Refusal:
    def __init__(self) -> None:
        self.code = grpc.StatusCode.OK
        self.reason = ""
        self.message = ""
        self.metadata: dict[str, str] = {}
        self.fields: list[str] = []

    def read(self, error: grpc.aio.AioRpcError) -> None:
        self.code, self.message = error.code(), str(error.details())
        raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status_pb2.Status.FromString(raw).details:
            detail.Unpack(info)
            detail.Unpack(bad)
        assert info.domain == "ostwald"
        self.reason, self.metadata = info.reason, dict(info.metadata)
        self.fields = [each.field for each in bad.field_violations]


@asynccontextmanager
async def refused() -> AsyncIterator[Refusal]:
    refusal = Refusal()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield refusal
    refusal.read(caught.value)
