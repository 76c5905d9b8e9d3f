"""Models of a project that are imported because a person asked for it.

    known = import_models("bot.models:Base.metadata", Path("bot"))
    known.models      # as `read_models` would have them
    known.script      # the statements that make their tables

The project's code runs in a process of its own, which ends within a limit, has no
stdin, and whose answer is one document on a descriptor that nothing else writes to.
That document is read as one that anybody may have written.
"""

import ast
import json
import keyword
import math
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuxdb.audit.sql.mapping.model import ModelColumn, ModelSource
from tuxdb.audit.sql.mapping.typing import type_source
from tuxdb.errors import ConfigurationError
from tuxdb.settings import environment
from tuxdb.urls import mask

FORM = 'models is written "package.module:Base.metadata"'
HINT = "what the models import has to be installed where tuxdb is"
PATIENCE = 60.0
GRACE = 5
LARGEST = 32_000_000
LAST = 8_192
LONGEST_LINE = 300
CHILD = "tuxdb.audit.sql.mapping.importing"
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class ModelsNotImported(ConfigurationError):
    """The models that the configuration names cannot be imported."""


@dataclass(frozen=True)
class Imported:
    """What the project's metadata says; `name` is what the configuration calls it."""

    name: str
    script: str = ""
    models: tuple[ModelSource, ...] = ()
    tables: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What it is, for a person."""
        count = len(self.tables)
        return f"{count} table{'s'[: count != 1]} of {self.name}, imported"


def import_models(name: str, root: Path, *, seconds: float = PATIENCE) -> Imported:
    """Import models in a process of its own; raises ModelsNotImported."""
    module, _, path = name.partition(":")
    if not _NAME.fullmatch(module) or not _NAME.fullmatch(path):
        raise ConfigurationError(f"models: {name!r} names nothing", hint=FORM)
    try:
        document = json.loads(_answer(name, root, seconds))
        if not isinstance(document, dict):
            raise TypeError
        if "error" in document:
            hint = HINT if document.get("missing") is True else None
            raise _failed(name, _text(document["error"]), hint)
        return _imported(name, document)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _failed(name, "its answer cannot be read") from error


def _failed(name: str, why: str, hint: str | None = None) -> ModelsNotImported:
    module = name.partition(":")[0]
    lines = mask(why).strip().splitlines() or [""]
    return ModelsNotImported(
        f"models: {module} cannot be imported: {lines[-1][:LONGEST_LINE]}", hint=hint
    )


# -- the process -----------------------------------------------------------------------


def _answer(name: str, root: Path, seconds: float) -> bytes:
    """Start the process; return what it answers, before its end or the limit."""
    answer, output = bytearray(), bytearray()
    deadline = time.monotonic() + seconds
    with (
        _started(name, root, seconds) as (process, reading),
        _both(process, reading, answer, output) as waiting,
    ):
        while waiting.get_map() and reading in waiting.get_map():
            if answer.endswith(b"\n"):
                return bytes(answer)
            if time.monotonic() > deadline:
                raise _failed(name, f"it takes longer than {seconds:g} s")
            ended = process.poll() is not None
            ready = waiting.select(0.0 if ended else 0.1)
            if ended and not ready:  # what it has started may keep the descriptor open
                break
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                key.data.extend(chunk)
                if not chunk:
                    waiting.unregister(key.fileobj)
            del output[:-LAST]
            if len(answer) > LARGEST:
                raise _failed(name, "its answer is too long")
        if answer:
            return bytes(answer)
        raise _failed(name, _ending(process, output))


def _ending(process: "subprocess.Popen[bytes]", output: bytes | bytearray) -> str:
    """How a process ended that gave no answer."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    lines = output.decode("utf-8", "replace").strip().splitlines()
    last = f" ({lines[-1].strip()})" if lines else ""
    code = process.returncode
    if code is not None and code < 0:
        return f"the process was ended by signal {-code}{last}"
    return f"the process ended with {code} and no answer{last}"


@contextmanager
def _started(
    name: str, root: Path, seconds: float
) -> "Iterator[tuple[subprocess.Popen[bytes], int]]":
    """The process and what its answer is read from; all of it ends with the block."""
    reading, writing = os.pipe()
    limit = math.ceil(seconds) + GRACE  # of its own, should this process be killed
    try:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", CHILD, name, str(limit), str(writing)],
                cwd=root,
                env={**environment(), "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        with process:
            try:
                yield process, reading
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
    finally:
        os.close(reading)


@contextmanager
def _both(
    process: "subprocess.Popen[bytes]",
    reading: int,
    answer: bytearray,
    output: bytearray,
) -> Iterator[selectors.BaseSelector]:
    """Wait for the answer and for what is printed, so that neither is held up."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(reading, selectors.EVENT_READ, answer)
        if process.stdout is not None:
            waiting.register(process.stdout, selectors.EVENT_READ, output)
        yield waiting


# -- what it answers -------------------------------------------------------------------


def _imported(name: str, document: Mapping[str, Any]) -> Imported:
    return Imported(
        name,
        _text(document["script"]),
        tuple(_model(one) for one in document["models"]),
        tuple(_text(one) for one in document["tables"]),
        tuple(_text(one) for one in document["left_out"]),
    )


def _model(data: Mapping[str, Any]) -> ModelSource:
    return ModelSource(
        _identifier(data["name"]),
        ".".join(_identifier(part) for part in _text(data["module"]).split(".")),
        _text(data["table"]),
        tuple(_column(one) for one in data["columns"]),
        schema=_text(data["schema"]),
    )


def _column(data: Mapping[str, Any]) -> ModelColumn:
    return ModelColumn(
        _identifier(data["attribute"]),
        _text(data["name"]),
        _type(_text(data["type"])),
        nullable=data["nullable"] is True,
        primary_key=data["primary_key"] is True,
        default=data["default"] is True,
        onupdate=data["onupdate"] is True,
        unique=data["unique"] is True,
    )


def _type(text: str) -> str:
    """A type, read as it is read from source: it is evaluated later."""
    if not text:
        return ""
    return type_source(ast.parse(text, mode="eval").body) or ""


def _identifier(text: object) -> str:
    """A name that may stand in code."""
    if not _text(text).isidentifier() or keyword.iskeyword(str(text)):
        raise ValueError("is not a name")
    return str(text)


def _text(text: object) -> str:
    """A text that a file, a terminal and a server can hold."""
    if not isinstance(text, str) or "\0" in text:
        raise TypeError("is not a text")
    text.encode()  # a ValueError for half a character
    return text
