"""Source to syntax tree, also where the host's Python is older than the source.

What `ast` refuses is given to libcst, which reads every version. Where libcst can read
it, the parts that are new are written as older Python of the same length (new_syntax),
so that lines and columns stay what they are.
"""

import ast
import io
import os
import tokenize
import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext

PATIENCE_SECONDS = 20


class Unparsable(Exception):
    """The source is no Python that can be read; `line` says where."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


def decode(data: bytes) -> str:
    """Return the text of a source file; raises Unparsable."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, LookupError) as error:
        raise Unparsable(f"unknown encoding ({error})") from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unparsable(f"not valid {error.encoding}", line) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(text: str) -> ast.Module:
    """Return the tree of a source; raises Unparsable."""
    try:
        return _tree(text)
    except SyntaxError as error:
        first = Unparsable(_reason(error), error.lineno or 1)
    except ValueError as error:  # a NUL byte
        raise Unparsable(str(error)) from error
    except (RecursionError, MemoryError) as error:
        raise Unparsable("nested too deeply") from error
    return _newer(text, first)


def check(text: str) -> None:
    """Raise Unparsable if a source, of which nothing more is wanted, is no Python."""
    try:
        _tree(text)
    except SyntaxError as error:
        if not _apart(_send_verdict, text):
            raise Unparsable(_reason(error), error.lineno or 1) from error
    except ValueError as error:
        raise Unparsable(str(error)) from error
    except (RecursionError, MemoryError) as error:
        raise Unparsable("nested too deeply") from error


def _newer(text: str, first: Unparsable) -> ast.Module:
    """Parse what is only too new for this Python."""
    if find_spec("libcst") is None:
        newer = f"{first.reason}; or newer Python, which tuxdb[audit] can read"
        raise Unparsable(newer, first.line)
    rewritten = _older(text)
    if not isinstance(rewritten, str):
        raise first
    try:
        return _tree(rewritten)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise first from None


@lru_cache(maxsize=16)
def _older(text: str) -> object:
    """The source as the host can parse it; a file is read in several passes."""
    return _apart(_send_older, text)


def _apart(work: Callable[[str, Connection], None], text: str) -> object:
    """Run in a process of its own: deep nesting ends libcst's without a word."""
    if find_spec("libcst") is None:
        return None
    posix = os.name == "posix"
    if posix:
        import_module("tuxdb.audit.new_syntax")  # once, and not in every child
    context: ForkContext | SpawnContext
    context = get_context("fork") if posix else get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(text, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        answer: object = mine.recv() if mine.poll(PATIENCE_SECONDS) else None
    except EOFError:
        answer = None
    process.kill()
    process.join()
    mine.close()
    return answer


def _send_older(text: str, connection: Connection) -> None:
    from tuxdb.audit.new_syntax import older  # noqa: PLC0415 - libcst is heavy

    connection.send(older(text))


def _send_verdict(text: str, connection: Connection) -> None:
    from tuxdb.audit.new_syntax import is_python  # noqa: PLC0415 - libcst is heavy

    connection.send(is_python(text))


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _reason(error: SyntaxError) -> str:
    return f"syntax error: {error.msg}"
