"""A throw-away TimescaleDB to test with."""

from datalayer.server.timescaledb.native import NativeServer
from datalayer.server.timescaledb.starting import TimescaleServer, use_timescaledb
from datalayer.server.timescaledb.wasm import WasmServer

__all__ = ["NativeServer", "TimescaleServer", "WasmServer", "use_timescaledb"]
