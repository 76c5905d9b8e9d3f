"""Imports of models that fail: one line, and nothing is left behind."""

import json
import os
import time
from pathlib import Path

import pytest

from tests.audit.sql.importing_project import NAME, written
from tuxdb.audit.sql.mapping.imported import ModelsNotImported, import_models
from tuxdb.errors import ConfigurationError


def failure(folder: Path, code: str, seconds: float = 60.0) -> str:
    """What is said of models that cannot be imported."""
    with pytest.raises(ModelsNotImported) as caught:
        import_models(NAME, written(folder, code), seconds=seconds)
    return str(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('no\\ntoken')", "token"),
        ("import nothing_of_ours", "No module named 'nothing_of_ours'"),
        ("sys.exit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("Base = 1", "object has no attribute 'metadata'"),
        ("print('bye', flush=True)\nos._exit(0)", "ended with 0 and no answer (bye)"),
        ("os.kill(os.getpid(), 9)", "ended by signal 9"),
        (
            "raise OSError('postgresql://bot:hunter2@db/bot')",
            "OSError: postgresql://bot:***@db/bot",
        ),
    ],
)
def test_a_failing_import_is_one_line(tmp_path: Path, code: str, said: str) -> None:
    text = failure(tmp_path, code)

    assert text.startswith("models: bot.models cannot be imported: ")
    assert text.endswith(said)
    assert "\n" not in text


@pytest.mark.parametrize(
    "answer",
    [
        b"no document\n",
        b"[]\n",
        b'{"error": 5}\n',
        b'{"script": "\\ud800", "models": [], "tables": [], "left_out": []}\n',
    ],
)
def test_an_answer_that_is_none_is_refused(tmp_path: Path, answer: bytes) -> None:
    code = f"os.write(int(sys.orig_argv[-1]), {answer!r})\ntime.sleep(60)\n"

    assert failure(tmp_path, code).endswith("its answer cannot be read")


def answering(**changed: object) -> str:
    """Code that answers in our place, with one model."""
    flags = ("nullable", "primary_key", "default", "onupdate", "unique")
    column = {"attribute": "a", "name": "a", "type": "().__class__"}
    columns = [{**column, **dict.fromkeys(flags, False)}]
    model = {"name": "A", "module": "m", "table": "t", "schema": "", "columns": columns}
    document = {"script": "", "tables": [], "left_out": []}
    text = json.dumps({**document, "models": [{**model, **changed}]}) + "\n"
    return f"os.write(int(sys.orig_argv[-1]), {text.encode()!r})\ntime.sleep(60)\n"


def test_a_type_of_the_answer_cannot_be_code(tmp_path: Path) -> None:
    known = import_models(NAME, written(tmp_path, answering()))

    assert known.models[0].columns[0].type == ""


def test_a_name_of_the_answer_cannot_be_code(tmp_path: Path) -> None:
    code = answering(module="os; import m")

    assert failure(tmp_path, code).endswith("its answer cannot be read")


def test_what_hangs_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    code = (
        "child = os.fork()\n"
        "open(f'pid{bool(child)}', 'w').write(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )

    text = failure(tmp_path, code, seconds=3.0)

    assert text.endswith("it takes longer than 3 s")
    for file in tmp_path.glob("pid*"):
        assert _is_gone(int(file.read_text()))


@pytest.mark.parametrize("name", ["bot.models", "bot:", ":Base", "bot;x:Base", "-c:a"])
def test_a_setting_that_names_nothing_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="names nothing"):
        import_models(name, tmp_path)


def _is_gone(pid: int) -> bool:
    """Whether a process has ended, or waits for nobody but its parent."""
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return os.getpid() == pid
