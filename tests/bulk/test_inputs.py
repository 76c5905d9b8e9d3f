"""What `--from` may name, and what it may not."""

import os
import threading
import time
from pathlib import Path

import pytest

from tuxdb.bulk import inputs
from tuxdb.bulk.inputs import Stopped, open_input
from tuxdb.errors import UsageError


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("absent.csv", "absent.csv: cannot be read (no such file or directory)"),
        (".", ". is a folder"),
        ("/dev/zero", "/dev/zero is neither a file nor a pipe"),
        ("a\0b", "a\0b: cannot be read (not a path)"),
        ("x" * 5000, "cannot be read (file name too long)"),
    ],
)
def test_what_cannot_be_read_is_named(
    name: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError) as caught:
        open_input(name)

    assert caught.value.message.endswith(problem)


def test_a_pipe_that_nobody_writes_to_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "WRITER_WAIT_SECONDS", 0.3)
    os.mkfifo(tmp_path / "pipe")

    with open_input(str(tmp_path / "pipe")) as source:
        with pytest.raises(UsageError, match="nothing was written to the pipe"):
            source.read()


def test_a_pipe_whose_writer_is_slow_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "WRITER_WAIT_SECONDS", 0.2)
    os.mkfifo(tmp_path / "pipe")

    def write() -> None:
        with (tmp_path / "pipe").open("w") as pipe:
            time.sleep(0.6)
            pipe.write("late")

    writer = threading.Thread(target=write)
    writer.start()
    with open_input(str(tmp_path / "pipe")) as source:
        assert source.read() == b"late"
        assert source.read() == b""
    writer.join()


def test_a_read_that_waits_can_be_stopped(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    with inputs.Input("pipe", ours, close=True) as source:
        threading.Timer(0.2, source.stop).start()

        with pytest.raises(Stopped):
            source.read()
    os.close(theirs)


def test_how_far_a_file_was_read_is_known(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"x" * (inputs.CHUNK + 10))

    with open_input(str(path)) as source:
        source.read()

        assert (source.read_bytes, source.size) == (inputs.CHUNK, inputs.CHUNK + 10)
