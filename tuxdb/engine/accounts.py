"""Who runs the embedded server, and where its files are by default.

PostgreSQL refuses to run as root, so root hands its server to another account.
No account is ever created, and nothing that was there before changes its owner.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from tuxdb.errors import ConfigurationError
from tuxdb.settings import environment

ROOT = 0
ROOT_HOME = Path("/var/lib/tuxdb")
SERVICE_ACCOUNTS = ("tuxdb", "postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The account that owns the data and runs the server."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether programs have to be started under another account than ours."""
        return self.uid != os.geteuid()

    @property
    def logins(self) -> tuple[str, ...]:
        """Accounts that the server lets in: its own and, where it acts, root."""
        return (self.name, "root") if os.geteuid() == ROOT else (self.name,)

    def can_enter(self, folder: Path) -> bool:
        """Whether the mode of a folder lets this account pass through it."""
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def default_home() -> Path:
    """`/var/lib/tuxdb` for root; else `tuxdb` in the account's data folder."""
    if os.geteuid() == ROOT:
        return ROOT_HOME
    base = environment().get("XDG_DATA_HOME", "")
    if not base.startswith("/"):
        base = "~/.local/share"
    try:
        return Path(base).expanduser() / "tuxdb"
    except RuntimeError as error:
        raise ConfigurationError(
            "this account has no home folder for the embedded server's data",
            hint="set TUXDB_HOME, or TUXDB_DATABASE_URL to use another server",
        ) from error


def runtime_folder() -> Path | None:
    """`$XDG_RUNTIME_DIR`, where it belongs to us alone."""
    base = environment().get("XDG_RUNTIME_DIR", "")
    if not base.startswith("/"):
        return None
    try:
        found = os.lstat(base)
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    return Path(base) if private and found.st_uid == os.geteuid() else None


def account_for(*folders: Path) -> Account:
    """Choose the account: ours; for root the owner of what exists, or a service."""
    if os.geteuid() != ROOT:
        return _by_uid(os.geteuid())
    for folder in folders:
        owner = _owner(folder)
        if owner:
            return _by_uid(owner)
    for name in SERVICE_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ConfigurationError(
        "PostgreSQL refuses to run as root, and there is none of the accounts "
        + ", ".join(SERVICE_ACCOUNTS),
        hint="run tuxdb as an ordinary user, or set TUXDB_DATABASE_URL",
    )


def _owner(folder: Path) -> int | None:
    """The owner of a folder that exists; root and absence are both falsy."""
    try:
        found = folder.lstat()
    except OSError:
        return None
    return found.st_uid if stat.S_ISDIR(found.st_mode) else None


def _by_uid(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise ConfigurationError(
            f"user id {uid} has no name on this system; PostgreSQL needs one",
            hint="add it to /etc/passwd, or set TUXDB_DATABASE_URL",
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
