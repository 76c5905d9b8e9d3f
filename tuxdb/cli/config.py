"""`tuxdb config`: what is configured, and where each value came from."""

from dataclasses import dataclass
from typing import Annotated

import typer

from tuxdb.cli.groups import App
from tuxdb.cli.parsers import closest
from tuxdb.cli.run import run_with_settings
from tuxdb.settings import KEYS, Settings

app = App(help="Show the configuration and where it is from.")


@dataclass(frozen=True)
class Value:
    """One setting; secrets are masked."""

    key: str
    value: str | None
    source: str


def _key(text: str) -> str:
    if text not in KEYS:
        near = closest(text, tuple(KEYS))
        also = f"did you mean {near!r}?" if near else f"there are {', '.join(KEYS)}"
        raise ValueError(f"{text!r} is no setting; {also}")
    return text


def _value(settings: Settings, key: str) -> Value:
    return Value(key, settings.shown(key), str(settings.origin(key)))


@app.command()
def show(
    ctx: typer.Context,
    key: Annotated[
        str | None,
        typer.Argument(
            metavar="[KEY]", parser=_key, show_default=False, help="One setting only."
        ),
    ] = None,
) -> None:
    """Show each setting, its value and its source; passwords are masked."""
    run_with_settings(
        ctx,
        lambda settings: (
            [_value(settings, name) for name in KEYS]
            if key is None
            else _value(settings, key)
        ),
        columns=("key", "value", "source"),
    )


def _checked(settings: Settings) -> dict[str, list[str]]:
    settings.check()
    return {"files": [str(path) for path in settings.files]}


@app.command()
def check(ctx: typer.Context) -> None:
    """Read every source of settings; exit 9 names what is wrong, and where."""
    run_with_settings(
        ctx,
        _checked,
        sentence=lambda found: (
            f"ok  {', '.join(found['files']) or 'no files, defaults'}"
        ),
    )
