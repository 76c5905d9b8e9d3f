"""Making a cluster: beside its place first, then renamed into it as a whole."""

import os
import shutil
import subprocess
from pathlib import Path

from tuxdb.engine.accounts import Account
from tuxdb.engine.binaries import Binaries
from tuxdb.errors import DatabaseUnavailable

SUPERUSER = "postgres"
OWNER = "tuxdb"
DATABASE = "tuxdb"
BUILTIN_LOCALES_SINCE = 17
PATIENCE_SECONDS = 300.0
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C", "TZ": "UTC"}
FIRST_STATEMENTS = (
    f"CREATE ROLE {OWNER} SUPERUSER LOGIN",
    f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
)
SETTINGS = """\
# Written by tuxdb at every start; put your own into postgresql.conf or ALTER SYSTEM.
track_io_timing = on
compute_query_id = on
client_connection_check_interval = 2s
wal_compression = on
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
min_dynamic_shared_memory = 16MB  # /dev/shm is small in containers
jit = off
log_checkpoints = off
log_line_prefix = '%m [%p] %q%a '
log_timezone = 'UTC'
timezone = 'UTC'
"""
INCLUDE = """
# What stands below this line wins over tuxdb's own settings.
include_if_exists 'tuxdb.conf'
"""
LOGINS = """\
# Written by tuxdb at every start. Nobody else can reach the socket's folder.
local all all peer map=tuxdb
local replication all peer map=tuxdb
"""
PRELOAD = "pg_stat_statements"


def initialise(
    data: Path, binaries: Binaries, account: Account, *, lock: int, log: int
) -> None:
    """Create the cluster of a data folder; the folder appears complete or not at all.

    The programs inherit the lock, so that nobody starts over while they still write.
    """
    new = data.with_name(f"{data.name}.new")
    if new.is_symlink():
        new.unlink()
    elif new.exists():
        shutil.rmtree(new)
    new.mkdir(0o700)
    if account.is_other:
        os.chown(new, account.uid, account.gid, follow_symlinks=False)
    initdb, postgres = binaries.program("initdb"), binaries.program("postgres")
    options = _options(binaries.major)
    _run(account, initdb, *options, "-D", new, lock=lock, log=log)
    with (new / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(INCLUDE)
    single = ("--single", "-F", "-D", new, SUPERUSER)
    _run(account, postgres, *single, lock=lock, log=log, lines=FIRST_STATEMENTS)
    _run(account, initdb, "--sync-only", "-D", new, lock=lock, log=log)
    new.rename(data)
    _sync_folder(data.parent)


def configure(data: Path, binaries: Binaries, account: Account) -> None:
    """Write what tuxdb decides: settings, who may log in, as whom."""
    preload = PRELOAD if binaries.has_library(PRELOAD) else ""
    settings = f"{SETTINGS}shared_preload_libraries = '{preload}'\n"
    names = [name.replace('"', '""') for name in account.logins]
    mapping = "".join(
        f'tuxdb "{name}" {role}\n' for name in names for role in (SUPERUSER, OWNER)
    )
    files = {"tuxdb.conf": settings, "pg_ident.conf": mapping, "pg_hba.conf": LOGINS}
    folder = os.open(data, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for name, text in files.items():
            _replace(folder, name, text, account)
    finally:
        os.close(folder)


def _options(major: int) -> list[str]:
    locale = (
        ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if major >= BUILTIN_LOCALES_SINCE
        else ["--locale=C.UTF-8"]
    )
    return [
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        *locale,
        "--data-checksums",
        "--auth-local=peer",
        "--auth-host=reject",
        "--no-sync",
        "--no-instructions",
    ]


def _run(
    account: Account,
    program: Path,
    *arguments: str | Path,
    lock: int,
    log: int,
    lines: tuple[str, ...] = (),
) -> None:
    """Run a program as the account; its output goes to the log."""
    try:
        done = subprocess.run(
            [program, *arguments],
            input="".join(f"{line}\n" for line in lines).encode(),
            stdout=log,
            stderr=log,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            pass_fds=(lock,),
            umask=0o077,
            timeout=PATIENCE_SECONDS,
            user=account.uid if account.is_other else None,
            group=account.gid if account.is_other else None,
            extra_groups=[] if account.is_other else None,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseUnavailable(
            f"cannot create the embedded cluster: {program.name} did not run",
            hint="tuxdb db logs",
        ) from error
    if done.returncode:
        raise DatabaseUnavailable(
            f"cannot create the embedded cluster: {program.name} "
            f"ended with status {done.returncode}",
            hint="tuxdb db logs",
        )


def _replace(folder: int, name: str, text: str, account: Account) -> None:
    """Write a file of the data folder; links in it are never followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = os.open(name, flags, 0o600, dir_fd=folder)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        if account.is_other:
            os.fchown(opened, account.uid, account.gid)
        file.truncate(0)
        file.write(text)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
