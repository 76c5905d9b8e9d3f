"""Sources with raw calls, as the tests of the fixes write them."""

import textwrap
from dataclasses import replace

from tuxdb.audit.fix.outcomes import Conversion, Fix, Refusal
from tuxdb.audit.fix.plan import FixOptions, Plan, plan
from tuxdb.audit.parse import parse
from tuxdb.audit.scan import Surroundings, scan
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sql.results import Converted, Proof, Unsupported
from tuxdb.audit.tree import Tree
from tuxdb.audit.uses import find_uses

PATH = "cogs/links.py"
PROVED = Proof("proved")
LINK = "from models.links import Link"
SELECT = Converted(
    "select(Link).where(Link.id == tuxdb_arg_1)",
    imports=("from sqlalchemy import select", LINK),
    entity="select(Link).where(Link.id == tuxdb_arg_1)",
)
BY_COLUMNS = Converted(
    "select(Link.id, Link.url).where(Link.id == tuxdb_arg_1)",
    imports=("from sqlalchemy import select", LINK),
)
DELETE = Converted(
    "delete(Link).where(Link.id == tuxdb_arg_1)",
    imports=("from sqlalchemy import delete", LINK),
)
SESSION = "self.bot.get_db_session()"


def method(body: str, *, head: str = "import asyncpg\n") -> str:
    """A cog with one coroutine of this body."""
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8)
    return f"{head}\n\nclass Links:\n    async def run(self, key):\n{lines}\n"


def queries(source: str, path: str = PATH) -> list[RawQuery]:
    """The raw calls of a source, with the uses of their results."""
    found = scan(path, source.encode(), Surroundings()).queries
    tree = Tree(parse(source))
    return [query.with_uses(find_uses(tree, query)) for query in found]


def planned(
    source: str | bytes,
    converted: Converted | Unsupported | dict[int, Converted] | None = None,
    *,
    proof: Proof = PROVED,
    types: tuple[str, ...] = (),
    **options: object,
) -> Plan:
    """Plan the fixes of one file; `converted` may differ by the number of the call."""
    stored = source.encode() if isinstance(source, str) else source
    found = queries(stored.decode("utf-8-sig").replace("\r\n", "\n"))
    conversions = {}
    for number, query in enumerate(found):
        one = converted.get(number) if isinstance(converted, dict) else converted
        if one is not None:
            conversions[query] = Conversion(one, proof, types=types)
    given = FixOptions({PATH: stored}, session=SESSION)
    return plan(found, conversions, replace(given, **options))  # type: ignore[arg-type] # fields of the options


def fixed(source: str, converted: Converted | None = None, **options: object) -> str:
    """The source after its fixes; the source itself if there are none."""
    made = planned(source, converted, **options)  # type: ignore[arg-type] # as above
    return made.files[0].after.decode() if made.files else source


def outcome(source: str, converted: Converted | None = None, **options: object) -> str:
    """What was decided for the only call: `safe`, or why not."""
    made = planned(source, converted, **options)  # type: ignore[arg-type] # as above
    (decided,) = made.outcomes.values()
    if isinstance(decided, Refusal):
        return f"refused: {decided.reason}"
    assert isinstance(decided, Fix)
    return "safe" if decided.safe else f"unsafe: {'; '.join(decided.unsafe)}"
