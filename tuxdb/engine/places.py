"""Files and folders of the embedded server: private, and never through a link.

When root acts for a service account, that account could have put links where root
writes; so files are opened with O_NOFOLLOW and changed through their descriptors.
"""

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from tuxdb.engine.accounts import Account, runtime_folder
from tuxdb.engine.handshake import SOCKET_NAME
from tuxdb.errors import Busy, ConfigurationError

LOCK_POLL_SECONDS = 0.01
LONGEST_SOCKET_PATH = 107
UNSAFE_IN_A_SOCKET_PATH = frozenset(",\"'\\%?#&=;")
NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
OLD_FILE = os.O_NOFOLLOW | os.O_CLOEXEC
NEW_NAME = "name a folder that does not exist yet in TUXDB_HOME"


def make_home(home: Path, account: Account) -> None:
    """Create the data folder for its account, or check the one that is there."""
    try:
        _make_parents(home.parent, account)
        make_private(home, account)
        found = home.stat()
        blocked = _blocked(home, account) if account.is_other else None
    except OSError as error:
        raise ConfigurationError(
            f"cannot create {home} for the embedded server: {error.strerror}",
            hint="name another folder in TUXDB_HOME",
        ) from error
    if blocked:
        raise ConfigurationError(
            f"account {account.name}, which runs PostgreSQL for root, "
            f"cannot enter {blocked}",
            hint=f"{NEW_NAME}, below folders that every account may enter",
        )
    if found.st_uid not in (account.uid, os.geteuid()) or found.st_mode & stat.S_IWOTH:
        raise ConfigurationError(
            f"{home} belongs to another account, or others can write to it",
            hint=NEW_NAME,
        )


def _blocked(home: Path, account: Account) -> Path | None:
    """The first folder on the way to the home that the account cannot enter."""
    way = (*reversed(home.parents), home)
    return next((folder for folder in way if not account.can_enter(folder)), None)


def make_private(folder: Path, account: Account) -> bool:
    """Create a 0700 folder owned by the account; False if it was there."""
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        return False
    opened = os.open(folder, os.O_DIRECTORY | OLD_FILE)
    try:
        os.fchmod(opened, 0o700)  # an umask may have taken more than it should
        if account.is_other:
            os.fchown(opened, account.uid, account.gid)
    except OSError:
        folder.rmdir()
        raise
    finally:
        os.close(opened)
    return True


def open_private(path: Path, flags: int, account: Account) -> int:
    """Open a file, creating it 0600 and owned by the account if it is missing."""
    try:
        opened = os.open(path, flags | NEW_FILE, 0o600)
    except FileExistsError:
        return os.open(path, flags | OLD_FILE)
    if account.is_other:
        os.fchown(opened, account.uid, account.gid)
    return opened


def write_private(path: Path, text: str, account: Account) -> None:
    """Replace the contents of a small file."""
    opened = open_private(path, os.O_WRONLY, account)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.truncate(0)
        file.write(text)


@contextlib.contextmanager
def locked(path: Path, account: Account, seconds: float) -> Iterator[int]:
    """Hold the lock that goes with starting and stopping; yields its descriptor.

    Children that inherit the descriptor go on holding the lock.
    """
    try:
        opened = open_private(path, os.O_RDWR, account)
    except OSError as error:
        raise ConfigurationError(f"cannot open {path}: {error.strerror}") from error
    try:
        _wait_for_lock(opened, path, seconds)
        yield opened
    finally:
        os.close(opened)


def _wait_for_lock(opened: int, path: Path, seconds: float) -> None:
    import fcntl  # noqa: PLC0415 - missing on Windows, where the module must import

    deadline = time.monotonic() + seconds
    while True:
        try:
            return fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Busy(
                    "another process is starting or stopping the embedded server",
                    hint="tuxdb db logs",
                ) from error
        except OSError as error:
            raise ConfigurationError(
                f"cannot lock {path}: {error.strerror}",
                hint="name a folder on a local disk in TUXDB_HOME",
            ) from error
        time.sleep(LOCK_POLL_SECONDS)


def share(opened: int) -> None:
    """Share the lock of an open file with others that share it."""
    import fcntl  # noqa: PLC0415 - as above

    fcntl.flock(opened, fcntl.LOCK_SH)


def reopened(opened: int) -> int:
    """The same file opened anew, so that it has locks of its own."""
    return os.open(f"/dev/fd/{opened}", os.O_RDONLY | os.O_CLOEXEC)


def run_folder(home: Path) -> Path | None:
    """`run` of the home, if a socket's path in it is neither too long nor odd."""
    return home / "run" if _usable(home / "run") else None


def short_folder(home: Path, account: Account) -> Path:
    """A folder with a short name, for a home that has a long one."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, for few

    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    runtime = None if account.is_other else runtime_folder()
    if runtime and _usable(runtime / f"tuxdb-{digest}"):
        return runtime / f"tuxdb-{digest}"
    return Path(f"/tmp/tuxdb-{account.uid}-{digest}")  # noqa: S108 - checked by lstat


def is_private(folder: Path, uid: int) -> bool:
    """Whether a socket folder is there; refuses one that others made, or can enter."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise ConfigurationError(
            f"{folder} was made by another account; refusing to use it",
            hint="remove it, or name a short folder in TUXDB_HOME",
        )
    if found.st_mode & 0o077:
        raise ConfigurationError(
            f"{folder} can be entered by other accounts", hint=f"chmod 700 {folder}"
        )
    return True


def _usable(folder: Path) -> bool:
    text = str(folder)
    fits = len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET_PATH
    return fits and text.isprintable() and not UNSAFE_IN_A_SOCKET_PATH & set(text)


def _make_parents(folder: Path, account: Account) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(0o755 if account.is_other else 0o700, exist_ok=True)
