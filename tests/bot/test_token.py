"""Where the token comes from."""

from pathlib import Path

import pytest

from tuxdb.bot.token import read_token
from tuxdb.errors import ConfigurationError
from tuxdb.settings import Settings


def load(tmp_path: Path, **environ: str) -> Settings:
    return Settings.load(
        environ={"XDG_CONFIG_HOME": str(tmp_path), **environ}, cwd=tmp_path
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A private file with a token."""
    path = tmp_path / "token"
    path.write_text("from.the.file\n")
    path.chmod(0o600)
    return path


def test_a_token_of_the_environment(tmp_path: Path) -> None:
    assert read_token(load(tmp_path, DISCORD_TOKEN="a.b.c ")) == "a.b.c"


def test_a_file_of_the_environment(tmp_path: Path, file: Path) -> None:
    assert read_token(load(tmp_path, DISCORD_TOKEN_FILE=str(file))) == "from.the.file"


def test_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no token") as caught:
        read_token(load(tmp_path))

    assert caught.value.hint == "DISCORD_TOKEN, or --token-file FILE"


@pytest.mark.parametrize("text", ["", "two words", "caf\u00e9", "\x1b[2J"])
def test_what_is_no_token_is_refused_without_showing_it(file: Path, text: str) -> None:
    file.write_text(text)

    with pytest.raises(ConfigurationError) as caught:
        read_token(Settings(discord_token_file=file))

    assert not text or text not in str(caught.value)


def test_a_file_that_others_can_read_is_refused(file: Path) -> None:
    file.chmod(0o644)

    with pytest.raises(ConfigurationError, match="can be read by others"):
        read_token(Settings(discord_token_file=file))
