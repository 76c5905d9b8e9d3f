"""What the files of a tree tell one another."""

from pathlib import Path

import pytest

from tuxdb.audit.options import Options
from tuxdb.audit.run import gather

QUERY = 'def f(cursor):\n    cursor.execute("SELECT a FROM links")\n'


@pytest.mark.parametrize(
    ("driver", "dialect"),
    [
        ("asyncpg", "postgresql"),
        ("psycopg", "postgresql"),
        ("psycopg_pool", "postgresql"),
        ("pg8000.native", "postgresql"),
        ("asyncmy", "mysql"),
        ("MySQLdb", "mysql"),
        ("mysql.connector", "mysql"),
        ("sqlalchemy", "unknown"),
    ],
)
def test_the_driver_that_one_file_imports_is_that_of_the_tree(
    tmp_path: Path, driver: str, dialect: str
) -> None:
    (tmp_path / "connect.py").write_text(f"import {driver}\n")
    (tmp_path / "cog.py").write_text(QUERY)

    found = gather([tmp_path], Options(cache=False, top=tmp_path))

    assert [q.dialect for one in found.facts for q in one.queries] == [dialect]


def test_a_driver_counts_for_more_than_sqlalchemy(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("import sqlalchemy\n")
    (tmp_path / "connect.py").write_text("import pg8000\n")
    (tmp_path / "cog.py").write_text(QUERY)

    found = gather([tmp_path], Options(cache=False, top=tmp_path))

    assert [q.dialect for one in found.facts for q in one.queries] == ["postgresql"]
