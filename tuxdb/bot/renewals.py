"""Renewals: whether what a case did on Discord has since become a later case's."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxdb.database import Database
    from tuxdb.models import Case


async def is_renewed(db: "Database", case: "Case") -> bool:
    """Whether a later case wants the same of the person, and its time is not over."""
    page = await db.case.page(
        case.guild_id,
        user=case.user.discord_id,
        active=True,
        case_type=case.case_type,
    )
    now = datetime.now(UTC)
    return any(
        other.case_number > case.case_number
        and (other.expires_at is None or other.expires_at > now)
        for other in page.items
    )
