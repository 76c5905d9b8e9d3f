"""How packets of the gateway are packed: one stream for a whole connection."""

import zlib
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

Pack = Callable[[bytes], bytes]


def packers() -> dict[str, Pack]:
    """Fresh streams by the names under which clients ask for them.

    discord.py asks for zstd where it finds it: in Python from 3.14 on, or a package.
    """
    found: dict[str, Pack] = {"zlib-stream": _zlib()}
    if find_spec("zstandard") is not None:
        found["zstd-stream"] = _zstandard(import_module("zstandard"))
    elif find_spec("compression") is not None:
        found["zstd-stream"] = _zstd(import_module("compression.zstd"))
    return found


def _zlib() -> Pack:
    stream = zlib.compressobj()
    return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)


def _zstd(module: Any) -> Pack:  # noqa: ANN401 - a module that may not be there
    stream = module.ZstdCompressor()
    return lambda data: bytes(stream.compress(data, mode=stream.FLUSH_BLOCK))


def _zstandard(module: Any) -> Pack:  # noqa: ANN401 - a module that may not be there
    stream = module.ZstdCompressor().compressobj()
    end = module.COMPRESSOBJ_FLUSH_BLOCK
    return lambda data: bytes(stream.compress(data) + stream.flush(end))
