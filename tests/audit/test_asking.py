"""What is said where the SQL side was not asked."""

from pathlib import Path

import pytest

from tuxdb.audit.asking import Request, asked
from tuxdb.audit.options import Options, Project
from tuxdb.audit.run import gather
from tuxdb.audit.sites import RawQuery
from tuxdb.errors import DatabaseUnavailable
from tuxdb.settings import Settings

QUERY = 'async def f(conn):\n    await conn.fetch("SELECT a FROM links")\n'


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (None, "not asked, it is away"),
        ("auto", "no schema found: no .sql file, revision, model or CREATE TABLE"),
    ],
)
async def test_the_reason_names_the_schema_only_where_there_is_one(
    tmp_path: Path, schema: str | None, why: str
) -> None:
    def unavailable(_: RawQuery) -> bool:
        raise DatabaseUnavailable("it is away")

    (tmp_path / "cog.py").write_text(QUERY)
    options = Options(cache=False, top=tmp_path)
    request = Request(schema=schema, prove=True, lenient=True, only=unavailable)

    found = await asked(
        Settings(home=tmp_path),
        gather([tmp_path], options),
        request,
        options,
        project=Project(),
    )

    assert found.answers.why_not.startswith(why)
    assert found.answers.why_not.endswith("not asked, it is away")
