"""I008: constraints that were added NOT VALID and never validated."""

from tuxdb.inspect.catalogue import Catalogue
from tuxdb.inspect.findings import Code, Finding, Severity
from tuxdb.inspect.naming import shown


async def constraint_findings(catalogue: Catalogue) -> list[Finding]:
    """Validating blocks no reads and writes; it fails where a row breaks the rule."""
    return [
        Finding(
            code=Code.NOT_VALID_CONSTRAINT,
            severity=Severity.WARNING,
            object=shown(f"{row['table_sql']}.{row['constraint_sql']}"),
            message=(
                f"{shown(row['table_sql'])}.{row['constraint_sql']} is not valid: "
                "old rows were never checked"
            ),
            evidence={
                "definition": row["definition"],
                "estimated_rows": row["estimated_rows"],
            },
            fix=(
                f"ALTER TABLE {row['table_sql']} "
                f"VALIDATE CONSTRAINT {row['constraint_sql']};"
            ),
            fix_is_safe_online=True,
        )
        for row in await catalogue.ask("not_valid_constraints")
    ]
