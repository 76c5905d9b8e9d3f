"""Extensions that a schema or a statement needs and nobody creates."""

import contextlib
from typing import TYPE_CHECKING

import asyncpg

from tuxdb.audit.sql.parse import Statement, strings, walk

if TYPE_CHECKING:
    from tuxdb.audit.sql.server import Connection

# those whose code an audit may load into the scratch server
KNOWN = frozenset(
    {
        "btree_gin",
        "btree_gist",
        "citext",
        "cube",
        "earthdistance",
        "fuzzystrmatch",
        "hstore",
        "intarray",
        "ltree",
        "pg_trgm",
        "pgcrypto",
        "tablefunc",
        "unaccent",
        "uuid-ossp",
        "vector",
    }
)
OF_TYPE = {
    "vector": "vector",
    "halfvec": "vector",
    "sparsevec": "vector",
    "vector_cosine_ops": "vector",
    "vector_l2_ops": "vector",
    "geometry": "postgis",
    "geography": "postgis",
    "citext": "citext",
    "hstore": "hstore",
    "ltree": "ltree",
    "gin_trgm_ops": "pg_trgm",
    "gist_trgm_ops": "pg_trgm",
}
OF_FUNCTION = {
    "similarity": "pg_trgm",
    "word_similarity": "pg_trgm",
    "strict_word_similarity": "pg_trgm",
    "unaccent": "unaccent",
    "crypt": "pgcrypto",
    "gen_salt": "pgcrypto",
    "digest": "pgcrypto",
    "levenshtein": "fuzzystrmatch",
    "soundex": "fuzzystrmatch",
    "crosstab": "tablefunc",
    "earth_distance": "earthdistance",
    "uuid_generate_v4": "uuid-ossp",
    "%": "pg_trgm",
    "%>": "pg_trgm",
    "<%": "pg_trgm",
    "<->": "pg_trgm",
    "<=>": "vector",
    "<#>": "vector",
}


def of_message(message: str) -> str | None:
    """The extension whose type or operator class a message misses."""
    for word, extension in OF_TYPE.items():
        if f'"{word}"' in message:
            return extension
    return None


async def assume(connection: "Connection", extension: str) -> bool:
    """Create an extension that is missing, so that the rest can be checked."""
    if extension not in KNOWN:
        return False
    with contextlib.suppress(asyncpg.PostgresError):
        await connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{extension}"')
        return True
    return False


def used(statement: Statement, assumed: set[str]) -> str | None:
    """The assumed extension that a statement needs."""
    if not assumed:
        return None
    for kind, node in walk(statement.tree):
        if kind == "func_call":
            found = OF_FUNCTION.get(strings(node.funcname)[-1])
        elif kind == "a_expr":
            found = OF_FUNCTION.get(strings(node.name)[-1])
        elif kind == "type_name":
            found = OF_TYPE.get(strings(node.names)[-1])
        else:
            continue
        if found in assumed:
            return found
    return None
