"""Writing revisions from models."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.migrate.folders import Folder
from tuxdb.engine.embedded import Cluster
from tuxdb.errors import ConfigurationError, Refused, UsageError
from tuxdb.migrate import NewRevision, new, upgrade
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

MODELS = """
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field
from {package} import Base

class Hero(Base, table=True):
    id: int = Field(primary_key=True)
    {name}: str = Field(max_length=20)
    extra: dict = Field(sa_type=JSONB)
"""


class Bot:
    """Another bot's project: a package of models and a folder of revisions."""

    def __init__(self, root: Path, folder: Folder, cluster: Cluster) -> None:
        self.package = f"bot_{root.name}".replace("-", "_")
        self.models = root / self.package
        self.models.mkdir()
        (self.models / "__init__.py").write_text(
            "from sqlalchemy.orm import registry\nfrom sqlmodel import SQLModel\n"
            "class Base(SQLModel, registry=registry()):\n    '''Of its own.'''\n"
        )
        self.write()
        self.folder = folder
        self.settings = Settings(
            # nobody listens there: the configured database is not looked at
            url=DatabaseUrl.parse("postgresql://nobody@127.0.0.1:1/nowhere"),
            models=f"{self.package}:Base.metadata",
            migrations=folder.path,
            root=root,
            home=cluster.home,
            pg_bindir=cluster.binaries.bindir,
        )

    def write(self, name: str = "name") -> None:
        """Write the model in a module that nobody imports; forget the old one."""
        text = dedent(MODELS).format(package=self.package, name=name)
        (self.models / "heroes.py").write_text(text)
        for module in [m for m in sys.modules if m.partition(".")[0] == self.package]:
            del sys.modules[module]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.versions.glob("*.py"))


def written(result: NewRevision) -> str:
    """The text of a new revision."""
    assert result.file is not None
    return Path(result.file).read_text()


@pytest.fixture
def bot(
    tmp_path: Path,
    folder: Folder,
    cluster: Cluster,
    databases: object,
    monkeypatch: pytest.MonkeyPatch,
) -> Bot:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # same size, same second
    return Bot(tmp_path, folder, cluster)


async def test_the_first_revision_makes_the_models(
    bot: Bot, empty_database_url: str
) -> None:
    result = await new(bot.settings, "add heroes")

    assert (result.revision, result.operations) == ("0001", 1)
    text = (bot.folder.versions / "0001_add_heroes.py").read_text()
    assert "sa.String(length=20)" in text
    assert "from sqlalchemy.dialects import postgresql" in text
    assert "sqlmodel" not in text
    assert (await upgrade(empty_database_url, folder=bot.folder.path)).head


async def test_without_a_difference_nothing_is_written(bot: Bot) -> None:
    await new(bot.settings, "add heroes")

    result = await new(bot.settings, "again")

    assert (result.revision, result.file, result.operations) == (None, None, 0)
    assert bot.files() == ["0001_add_heroes.py"]


async def test_a_likely_rename_is_asked_about(bot: Bot) -> None:
    await new(bot.settings, "add heroes")
    bot.write("alias")

    with pytest.raises(Refused, match="is that a rename") as error:
        await new(bot.settings, "rename")

    assert error.value.hint == "--rename hero.name:alias, or --allow-drop hero"
    assert bot.files() == ["0001_add_heroes.py"]


@pytest.mark.parametrize(
    "consent", [{"renames": ["hero.name:alias"]}, {"ask": lambda _: True}]
)
async def test_a_rename_keeps_the_data(
    bot: Bot, empty_database_url: str, consent: dict[str, object]
) -> None:
    await new(bot.settings, "add heroes")
    bot.write("alias")

    result = await new(bot.settings, "rename", **consent)  # type: ignore[arg-type]

    text = written(result)
    assert "'hero', 'name'," in text
    assert "new_column_name='alias'" in text
    assert "'hero', 'alias'," in text
    assert "drop_column" not in text
    await upgrade(empty_database_url, folder=bot.folder.path)


async def test_a_drop_has_to_be_allowed(bot: Bot) -> None:
    await new(bot.settings, "add heroes")
    (bot.models / "heroes.py").unlink()
    bot.models.joinpath("other.py").write_text("")
    for module in [m for m in sys.modules if m.startswith(bot.package)]:
        del sys.modules[module]

    with pytest.raises(Refused, match="this would drop hero") as error:
        await new(bot.settings, "drop")
    assert error.value.exit_code == 5

    result = await new(bot.settings, "drop", allow_drops=["hero"])
    assert "op.drop_table('hero')" in written(result)


async def test_a_rename_of_nothing_is_a_mistake(bot: Bot) -> None:
    await new(bot.settings, "add heroes")
    bot.write("alias")

    for rename in ("hero.nick:alias", "users.name:alias", "nonsense"):
        with pytest.raises(UsageError, match="--rename"):
            await new(bot.settings, "x", renames=[rename])


async def test_empty_compares_nothing(folder: Folder) -> None:
    folder.add("0001", None)

    result = await new(Settings(), "by hand", folder=folder.path, empty=True)

    text = written(result)
    assert (result.revision, result.operations) == ("0002", 0)
    assert "down_revision = '0001'" in text
    assert "pass" in text


async def test_hashes_are_followed_by_a_hash(folder: Folder) -> None:
    folder.add("ae1027a6acf", None)

    result = await new(Settings(), "next", folder=folder.path, empty=True)

    assert len(str(result.revision)) == 12


@pytest.mark.parametrize(
    "message", ['""" + evil() + """', "back\\slash", "${1/0}", "<% 1/0 %>", "## x"]
)
async def test_a_message_stays_a_message(folder: Folder, message: str) -> None:
    result = await new(Settings(), message, folder=folder.path, empty=True)

    compile(written(result), "revision", "exec")


@pytest.mark.parametrize("message", ["", "  ", "...", "a\x1b[31m"])
async def test_a_message_is_words(folder: Folder, message: str) -> None:
    with pytest.raises(UsageError):
        await new(Settings(), message, folder=folder.path, empty=True)


@pytest.mark.parametrize("models", ["nothing", "no_such_package:x", "json:loads"])
async def test_models_that_lead_nowhere(folder: Folder, models: str) -> None:
    with pytest.raises(ConfigurationError, match="models"):
        await new(Settings(models=models), "x", folder=folder.path)


async def test_tuxdbs_own_head_and_models_agree(cluster: Cluster) -> None:
    settings = Settings(home=cluster.home, pg_bindir=cluster.binaries.bindir)

    assert (await new(settings, "nothing")).revision is None
