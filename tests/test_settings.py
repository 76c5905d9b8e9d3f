"""Settings: which source counts, where a value came from, what is refused."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tuxdb.config_files import seconds
from tuxdb.errors import ConfigurationError
from tuxdb.settings import KEYS, Settings

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load settings in an empty folder, with an environment of its own."""

    def settings(environ: Mapping[str, str] | None = None, **flags: object) -> Settings:
        config = flags.pop("config", None)
        home = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
        return Settings.load(
            flags,
            environ={**home, **(environ or {})},
            cwd=tmp_path,
            config=Path(str(config)) if config else None,
        )

    return settings


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_any_source_the_embedded_server_is_meant(load: Load) -> None:
    settings = load()

    assert settings.url is None
    assert settings.lock_timeout == 10
    assert str(settings.origin("url")) == "default"


def test_each_source_beats_those_below_it(load: Load, tmp_path: Path) -> None:
    environ = {"TUXDB_LOCK_TIMEOUT": "2s"}
    write(tmp_path / ".env", "TUXDB_LOCK_TIMEOUT=3s\nTUXDB_POOL_SIZE=3\n")
    write(
        tmp_path / "tuxdb.toml",
        'lock_timeout = "4s"\npool_size = 4\nactor = "project"\n',
    )
    write(
        tmp_path / "home" / "tuxdb" / "config.toml",
        'lock_timeout = "5s"\npool_size = 5\nactor = "user"\nenvironment = "test"\n',
    )

    settings = load(environ, lock_timeout="1s")

    assert settings.lock_timeout == 1
    assert load(environ).lock_timeout == 2
    assert load().lock_timeout == 3
    assert settings.pool_size == 3
    assert settings.actor == "project"
    assert settings.environment == "test"


def test_a_value_knows_where_it_came_from(load: Load, tmp_path: Path) -> None:
    project = write(tmp_path / "tuxdb.toml", '\n# words\npool_size = 4\nactor = "me"\n')
    settings = load({"TUXDB_ACTOR": "you"}, lock_timeout="1s")

    assert str(settings.origin("pool_size")) == f"{project}:3"
    assert str(settings.origin("actor")) == "environment TUXDB_ACTOR"
    assert str(settings.origin("lock_timeout")) == "flag --lock-timeout"


def test_the_nearest_parent_has_the_project_file(load: Load, tmp_path: Path) -> None:
    project = write(tmp_path / "tuxdb.toml", "pool_size = 4\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    settings = Settings.load(environ={}, cwd=below)

    assert settings.pool_size == 4
    assert settings.root == project.parent


def test_a_pyproject_counts_only_with_a_part_for_tuxdb(
    load: Load, tmp_path: Path
) -> None:
    write(tmp_path / "pyproject.toml", '[tool.other]\npool_size = "many"\n')
    assert load().pool_size == 10

    write(
        tmp_path / "pyproject.toml",
        "[tool.other]\npool_size = 1\n\n[tool.tuxdb]\npool_size = 7\n",
    )
    settings = load()

    assert settings.pool_size == 7
    assert str(settings.origin("pool_size")).endswith("pyproject.toml:5")


def test_tuxdb_names_of_the_url_beat_the_common_one(load: Load) -> None:
    environ = {
        "DATABASE_URL": "postgresql://common/db",
        "TUXDB_DATABASE_URL": "postgresql://ours/db",
    }

    settings = load(environ)

    assert settings.shown("url") == "postgresql://ours:5432/db"
    assert str(settings.origin("url")) == "environment TUXDB_DATABASE_URL"


PROFILES = """
actor = "everyone"

[profiles.prod]
url = "postgresql://bot@prod/tux"

[profiles.test]
url = "postgresql://bot@test/tux"
actor = "tester"
"""


def test_a_profile_named_by_flag_beats_the_environment(
    load: Load, tmp_path: Path
) -> None:
    write(tmp_path / "tuxdb.toml", PROFILES)
    environ = {"DATABASE_URL": "postgresql://elsewhere/db", "TUXDB_PROFILE": "test"}

    flagged = load(environ, profile="prod")
    usual = load(environ)

    assert flagged.shown("url") == "postgresql://bot@prod:5432/tux"
    assert flagged.actor == "everyone"
    assert usual.shown("url") == "postgresql://elsewhere:5432/db"
    assert usual.actor == "tester"


def test_a_file_may_name_its_profile(load: Load, tmp_path: Path) -> None:
    write(tmp_path / "tuxdb.toml", 'profile = "test"\n' + PROFILES)

    assert load().actor == "tester"


def test_an_unknown_profile_names_those_there_are(load: Load, tmp_path: Path) -> None:
    write(tmp_path / "tuxdb.toml", PROFILES)

    with pytest.raises(ConfigurationError, match=r"'prd'.*\(known: prod, test\)"):
        load(profile="prd")


def test_production_never_falls_back_to_the_embedded_server(load: Load) -> None:
    with pytest.raises(ConfigurationError, match="refusing to use an embedded"):
        load({"TUXDB_ENVIRONMENT": "production"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lock_timout = 1\n", ":1: unknown key 'lock_timout'"),
        ("\n\npool_size = 'x'\n", ":3: pool_size is not a whole number"),
        ("[profils.x]\n", ":1: unknown key 'profils'"),
        ("[url]\nx = 1\n", ":1: unknown key 'url'"),
        ('a = "\n', ":1: Illegal character"),
        ('url = "postgresql://u:hunter2@h:x/d"\n', ":1: the port in the database URL"),
        ("url = 5\n", ":1: url is not a non-empty text"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    load: Load, tmp_path: Path, text: str, said: str
) -> None:
    path = write(tmp_path / "tuxdb.toml", text)

    with pytest.raises(ConfigurationError) as caught:
        load()

    assert str(caught.value).startswith(f"{path}{said}")
    assert "hunter2" not in str(caught.value)


def test_profiles_that_are_not_in_use_are_checked_on_request(
    load: Load, tmp_path: Path
) -> None:
    path = write(tmp_path / "tuxdb.toml", '[profiles.x]\npool_size = "many"\n')
    settings = load()

    with pytest.raises(ConfigurationError, match=rf"{path}:2: pool_size is not"):
        settings.check()


def test_a_bad_variable_is_refused_by_name(load: Load) -> None:
    with pytest.raises(ConfigurationError, match=r"^environment TUXDB_POOLER: pooler"):
        load({"TUXDB_POOLER": "pgbouncer"})


def test_a_named_file_must_be_there(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(config=tmp_path / "nowhere.toml")


def test_a_url_is_read_from_a_private_file(load: Load, tmp_path: Path) -> None:
    path = write(tmp_path / "url", "postgresql://bot:hunter2@h/tux\nmore\n")
    path.chmod(0o600)

    settings = load(url_file=str(path))

    assert settings.url is not None
    assert settings.url.password == "hunter2"
    assert settings.shown("url") == "postgresql://bot:***@h:5432/tux"
    assert str(settings.origin("url")) == "flag --url-file"


def test_a_url_file_that_others_can_read_is_refused(load: Load, tmp_path: Path) -> None:
    path = write(tmp_path / "url", "postgresql://bot:hunter2@h/tux\n")
    path.chmod(0o640)

    with pytest.raises(ConfigurationError, match="can be read by others") as caught:
        load(url_file=str(path))

    assert caught.value.hint == f"chmod 600 {path}"


def test_no_secret_is_in_the_repr(load: Load) -> None:
    settings = load({"DATABASE_URL": "postgresql://bot:hunter2@h/tux"})

    assert "hunter2" not in repr(settings)


def test_every_key_has_a_description() -> None:
    assert all(key.metadata["help"] for key in KEYS.values())


@pytest.mark.parametrize(
    ("text", "value"),
    [("250ms", 0.25), ("2s", 2), ("1m", 60), ("1.5h", 5400), ("0", 0), (7, 7)],
)
def test_durations(text: object, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "-1s", "1d", "1 s", "٣s", "1e3", "8000000", True])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


@pytest.mark.parametrize("text", ["1,2", " 1 , 2 ", "2,1,1,2"])
def test_owners_are_a_list_of_ids(load: Load, text: str) -> None:
    assert set(load({"TUXDB_OWNER_IDS": text}).owner_ids) == {1, 2}


def test_lists_may_be_lists_in_a_file(load: Load, tmp_path: Path) -> None:
    text = 'owner_ids = ["1", 2]\nbot_cogs = ["points", "config"]\n'
    write(tmp_path / "tuxdb.toml", text)

    settings = load()

    assert settings.owner_ids == (1, 2)
    assert settings.shown("bot_cogs") == "points,config"


def test_a_token_is_never_shown(load: Load) -> None:
    settings = load({"DISCORD_TOKEN": "s3cr3t.token"})

    assert settings.discord_token == "s3cr3t.token"
    assert settings.shown("discord_token") == "***"
    assert "s3cr3t" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (":8080", ("0.0.0.0", 8080)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:8080", ("::1", 8080)),
    ],
)
def test_where_health_is_answered(
    load: Load, text: str, value: tuple[str, int]
) -> None:
    settings = load({"TUXDB_BOT_HEALTH": text})

    assert settings.bot_health == value
    assert settings.shown("bot_health") == f"{value[0]}:{value[1]}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TUXDB_DISCORD_API_BASE", "http://discord.example/api"),
        ("TUXDB_DISCORD_API_BASE", "http://127.0.0.1.evil.example/api"),
        ("TUXDB_DISCORD_API_BASE", "https://user:pw@discord.example/api"),
        ("TUXDB_DISCORD_API_BASE", "ftp://127.0.0.1/"),
        ("TUXDB_OWNER_IDS", "1,x"),
        ("TUXDB_OWNER_IDS", "0"),
        ("TUXDB_BOT_HEALTH", "8080"),
        ("TUXDB_BOT_HEALTH", "127.0.0.1:99999"),
        ("TUXDB_BOT_COOLDOWNS", "maybe"),
        ("DISCORD_TOKEN", "two words"),
    ],
)
def test_a_bad_value_of_the_bot_is_refused_without_showing_it(
    load: Load, name: str, text: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^environment {name}: ") as caught:
        load({name: text})

    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["https://proxy.example/api/v10", "http://127.0.0.1:8080/api/v10/"]
)
def test_an_address_of_discord(load: Load, text: str) -> None:
    found = load({"TUXDB_DISCORD_API_BASE": text}).discord_api_base

    assert found == text.rstrip("/")
