"""Imports added once, where a sorted file would have them."""

import pytest

from tuxdb.audit.fix.edits import edited
from tuxdb.audit.fix.imports import Import, added
from tuxdb.audit.fix.source import Source

SELECT = "from sqlalchemy import select"
MODEL = "from models.links import Link"


def with_imports(text: str, *lines: str) -> str:
    """A file with these imports added."""
    source = Source.of("cogs/a.py", text.encode(), frozenset({"models", "cogs"}))
    edits = added(source, [Import.of(line) for line in lines])
    return edited(source, edits).after.decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n", f"{SELECT}\n\n{MODEL}\n\nx = 1\n"),
        ('"""Doc."""\nx = 1\n', f'"""Doc."""\n\n{SELECT}\n\n{MODEL}\nx = 1\n'),
        (
            "import os\n\nimport discord\n\nimport models\n",
            f"import os\n\nimport discord\n{SELECT}\n\nimport models\n{MODEL}\n",
        ),
        ("import os\n\nx = 1\n", f"import os\n\n{SELECT}\n\n{MODEL}\n\nx = 1\n"),
        (
            f"from sqlalchemy import and_, func\n{MODEL}\n",
            f"from sqlalchemy import and_, func, select\n{MODEL}\n",
        ),
        (
            f"from sqlalchemy import (\n    Text,\n    func,\n)\n\n{MODEL}\n",
            (
                "from sqlalchemy import (\n    Text,\n    func,\n    select,\n)\n\n"
                f"{MODEL}\n"
            ),
        ),
        (
            "from __future__ import annotations\n\nimport zlib\n",
            (
                "from __future__ import annotations\n\nimport zlib\n\n"
                f"{SELECT}\n\n{MODEL}\n"
            ),
        ),
        (
            "#!/usr/bin/env python\n# coding: utf-8\nx = 1\n",
            f"#!/usr/bin/env python\n# coding: utf-8\n\n{SELECT}\n\n{MODEL}\nx = 1\n",
        ),
    ],
)
def test_each_import_goes_to_its_place(text: str, expected: str) -> None:
    assert with_imports(text, SELECT, MODEL) == expected


def test_what_is_there_is_not_imported_again() -> None:
    text = f"{SELECT}\n\n{MODEL}\n"

    assert with_imports(text, SELECT, MODEL) == text


def test_an_alias_has_a_statement_of_its_own() -> None:
    text = with_imports(f"{SELECT}\n", "from sqlalchemy import delete as sa_delete")

    assert text == f"{SELECT}\nfrom sqlalchemy import delete as sa_delete\n"


def test_comments_in_an_import_keep_it_as_it_is() -> None:
    text = with_imports("from sqlalchemy import (\n    func,  # noqa\n)\n", SELECT)

    assert text == f"from sqlalchemy import (\n    func,  # noqa\n)\n{SELECT}\n"
