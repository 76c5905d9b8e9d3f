"""The command line. `main` answers `--version` before anything is imported."""

import os
import sys


def _end(number: int, _frame: object) -> None:
    """End at once, with nothing begun yet."""
    os._exit(128 + number)


def main() -> int:
    """Run `tuxdb` with the arguments of the process; returns its exit code."""
    if sys.argv[1:] == ["--version"]:
        from tuxdb import __version__

        try:
            sys.stdout.write(f"tuxdb {__version__}\n")
            sys.stdout.flush()
        except OSError:  # nobody reads it, or there is no room
            os._exit(0)  # without another try
        return 0
    import gc
    import signal

    gc.disable()  # start-up makes many objects and no garbage; `run` turns it on
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)  # until `execute` can do better
    from tuxdb.cli.run import execute

    return execute(sys.argv[1:])
