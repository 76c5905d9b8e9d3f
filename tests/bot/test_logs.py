"""Lines of the log: their form, and what is never in them."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest

from tuxdb.bot.logs import Lines, printable, set_up_logs

TOKEN = "MTIzNDU2.Gh0st.s3cr3t-part"
Write = Callable[..., str]


@pytest.fixture(params=["text", "json"])
def write(request: pytest.FixtureRequest) -> Write:
    """Log one record, in each format; returns the line."""
    stream = io.StringIO()
    handler = Lines(stream, request.param, (TOKEN,))

    def log(message: str, *args: object, **fields: object) -> str:
        record = logging.LogRecord("a", logging.INFO, "f.py", 1, message, args, None)
        record.__dict__.update(fields)
        handler.emit(record)
        return stream.getvalue()

    return log


def test_the_token_is_masked_wherever_it_came_from(write: Write) -> None:
    assert "s3cr3t" not in write("sent %s to nobody", TOKEN)


def test_a_password_is_masked(write: Write) -> None:
    assert "hunter2" not in write("at postgresql://bot:hunter2@db/x")


def test_what_a_terminal_would_act_upon_is_an_escape(write: Write) -> None:
    line = write("name \x1b[31m\u202e\n\x9b")

    assert line.count("\n") == 1
    assert line.rstrip("\n").isprintable()


def test_a_trace_is_kept_and_is_our_own(write: Write) -> None:
    try:
        raise KeyError("balance")
    except KeyError as error:
        line = write("broke", exc_info=(KeyError, error, error.__traceback__))

    assert "KeyError: 'balance'" in line
    assert "Traceback" in line


def test_discord_py_tells_of_a_broken_line_without_a_trace(write: Write) -> None:
    error = ConnectionResetError(104, "Connection reset by peer")

    line = write(
        "Attempting a reconnect in 2s",
        name="discord.shard",
        exc_info=(type(error), error, None),
    )

    assert "Traceback" not in line
    assert "reset by peer" in line


def test_a_command_is_one_object_in_json() -> None:
    stream = io.StringIO()
    handler = Lines(stream, "json", ())
    fields = {"ref": "7f3a", "guild": "1", "user": "2", "ms": 12.5, "result": "ok"}
    record = logging.makeLogRecord({"name": "c", "msg": "points transfer", **fields})

    handler.emit(record)

    line = json.loads(stream.getvalue())
    assert {name: line[name] for name in fields} == fields
    assert line["time"].endswith("Z")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    logger = logging.getLogger()
    level = logger.level
    yield logger
    logger.setLevel(level)


def test_requests_to_discord_are_not_logged(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = set_up_logs("text", debug=True)
    try:
        logging.getLogger("discord.http").debug("POST with {'content': 'private'}")
        logging.getLogger("tuxdb.bot").info("ready")
    finally:
        root.removeHandler(handler)

    said = capsys.readouterr().err
    assert "private" not in said
    assert said.endswith("info ready\n")


@pytest.mark.parametrize("text", ["plain", "žluťoučký", "猫 ❤"])
def test_other_alphabets_stay_as_they_are(text: str) -> None:
    assert printable(text) == text
