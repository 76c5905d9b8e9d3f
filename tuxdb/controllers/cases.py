"""Moderation cases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col

from tuxdb.controllers.base import BaseController
from tuxdb.controllers.enrolment import Enrolment
from tuxdb.controllers.ledger import Ledger
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import InvalidValue
from tuxdb.models import Case
from tuxdb.models.names import stored_name
from tuxdb.models.validation import validated, validated_change
from tuxdb.repositories import Page, PageAt
from tuxdb.repositories.cases import LONGEST_REASON, CaseRepository
from tuxdb.repositories.prefixes import begins_with
from tuxdb.repositories.users import UserRepository

UNNUMBERED = 1
"""Stands in for the number while the other values are checked."""


class CaseController(BaseController[Case]):
    """Cases, numbered from 1 within each guild."""

    repository: CaseRepository = CaseRepository()
    users = UserRepository()

    def __init__(
        self,
        model: type[Case] | DatabaseService | None = None,
        db: DatabaseService | None = None,
    ) -> None:
        super().__init__(model, db)
        self._enrolment = Enrolment(Ledger(self.db))

    async def create(
        self,
        joined: AsyncSession | None = None,
        /,
        *,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> Case:
        """Open a case under the guild's next number; two at once get two numbers.

        A given `case_number` is kept, for moving cases over from another bot.
        """
        if "case_number" in values:
            return await super().create(joined, session=session, **values)
        checked = validated(Case, {**values, "case_number": UNNUMBERED})
        executor = self._writing(session or joined)
        return await self.repository.add_numbered(executor, checked)

    async def open(
        self,
        guild_id: int,
        discord_id: int,
        username: str,
        *,
        case_type: str,
        reason: str | None = None,
        moderator_id: int | None = None,
        expires_at: datetime | None = None,
        pending: bool = False,
        key: str | None = None,
        session: AsyncSession | None = None,
    ) -> tuple[Case, bool]:
        """Open a case about a member, who is enrolled if unseen; with its user.

        The second value is False where the key has opened a case before: that is
        returned then, whatever was given.
        """
        values = validated(
            Case,
            {
                "guild_id": guild_id,
                "user_id": UNNUMBERED,
                "case_number": UNNUMBERED,
                "case_type": case_type,
                "reason": reason,
                "moderator_id": moderator_id,
                "expires_at": expires_at,
                "is_pending": pending,
                "idempotency_key": key,
            },
        )
        name = stored_name(username, discord_id)

        async def work(own: AsyncSession) -> tuple[Case, bool]:
            user, _ = await self._enrolment.enroll(own, guild_id, discord_id, name)
            if key is not None:
                await self.repository.lock_guild(own, guild_id)
                earlier = await self.repository.by_key(own, guild_id, key)
                if earlier is not None:
                    await self._with_users(own, [earlier])
                    return earlier, False
            case = await self.repository.add_numbered(
                own, {**values, "user_id": user.id}
            )
            set_committed_value(case, "user", user)
            return case, True

        return await self._in_transaction(session, work)

    async def settle(
        self,
        guild_id: int,
        case_number: int,
        *,
        active: bool,
        note: str | None = None,
        expires_at: datetime | None = None,
        session: AsyncSession | None = None,
    ) -> Case | None:
        """End a case's being pending, by what Discord has answered; with its user.

        A note is appended to the reason, as far as there is room. `expires_at` stays
        as it is where none is given.
        """
        values: dict[str, Any] = {"is_active": active}
        if expires_at is not None:
            values["expires_at"] = expires_at
        values = validated_change(Case, values)
        added = None if note is None else _one_text(note)
        executor = self._writing(session)
        case = await self.repository.settle(
            executor, guild_id, case_number, values, added
        )
        return await self._with_user(executor, case)

    async def note(
        self,
        guild_id: int,
        case_number: int,
        text: str,
        moderator_id: int | None = None,
        *,
        session: AsyncSession | None = None,
    ) -> Case | None:
        """Append a line to a case's reason; None if there is no such case.

        Raises InvalidValue that says how much room there is, if there is too little.
        """
        line = plain = _one_text(text)
        if moderator_id is not None:
            line = f"{moderator_id}: {plain}"

        async def work(own: AsyncSession) -> Case | None:
            case = await self.repository.lock(own, guild_id, case_number)
            if case is None:
                return None
            before = f"{case.reason}\n" if case.reason else ""
            room = LONGEST_REASON - len(before)
            if len(line) > room:
                left = max(room - (len(line) - len(plain)), 0)
                problem = f"is longer than the {left} characters that the case has left"
                raise InvalidValue("text", problem)
            changed = await self.update_by_id(
                case.id, session=own, reason=before + line
            )
            return await self._with_user(own, changed)

        return await self._in_transaction(session, work)

    async def get_case(self, guild_id: int, case_number: int) -> Case | None:
        """The case with a number in a guild, with its user."""
        case = await self.find_one(
            [col(Case.guild_id) == guild_id, col(Case.case_number) == case_number]
        )
        return await self._with_user(self._reading(), case)

    async def page(
        self,
        guild_id: int,
        *,
        user: int | None = None,
        active: bool | None = None,
        case_type: str | None = None,
        after: str | None = None,
        limit: int = 10,
    ) -> Page[Case]:
        """Cases of a guild, or about one member, newest first, with their users."""
        listed = await self._listed(guild_id, user, active, case_type)
        if listed is None:
            return Page([])
        page = await self.page_after(after, **listed, limit=limit)
        return Page(await self._with_users(self._reading(), page.items), page.next)

    async def page_at(
        self,
        guild_id: int,
        number: int,
        *,
        user: int | None = None,
        case_type: str | None = None,
        limit: int = 10,
    ) -> PageAt:
        """Where a page of such cases begins, or the nearest one there is."""
        listed = await self._listed(guild_id, user, None, case_type)
        if listed is None:
            return PageAt(1)
        return await self.repository.page_at(
            self._reading(), **listed, number=number, limit=limit
        )

    async def numbers(
        self, guild_id: int, prefix: str = "", limit: int = 25
    ) -> list[Case]:
        """Cases whose number begins so, newest first, with their users."""
        filters = [col(Case.guild_id) == guild_id]
        if prefix:
            same = begins_with(col(Case.case_number), prefix)
            if same is None:
                return []
            filters.append(same)
        executor = self._reading()
        cases = await self.repository.find(
            executor,
            filters=filters,
            order_by=col(Case.case_number).desc(),
            limit=limit,
        )
        return await self._with_users(executor, cases)

    async def pending(self, older_than_seconds: float, limit: int = 100) -> list[Case]:
        """Cases that nobody has settled for so long, with their users."""
        executor = self._reading()
        cases = await self.repository.waiting(executor, older_than_seconds, limit)
        return await self._with_users(executor, cases)

    async def expired(self, limit: int = 100) -> list[Case]:
        """Active bans and timeouts whose time is over, with their users."""
        executor = self._reading()
        cases = await self.repository.expired(executor, limit)
        return await self._with_users(executor, cases)

    async def close_expired(
        self, limit: int = 100, *, session: AsyncSession | None = None
    ) -> list[Case]:
        """Close such cases; each is returned, with its user, to one caller only."""
        executor = self._writing(session)
        cases = await self.repository.close_expired(executor, limit)
        return await self._with_users(executor, cases)

    async def close(
        self,
        guild_id: int,
        case_number: int,
        *,
        session: AsyncSession | None = None,
    ) -> Case | None:
        """Mark a case as no longer active; None if there is no such number."""
        executor = self._writing(session)
        case = await self.repository.close(executor, guild_id, case_number)
        return await self._with_user(executor, case)

    async def _listed(
        self, guild_id: int, user: int | None, active: bool | None, kind: str | None
    ) -> dict[str, Any] | None:
        """What selects and orders cases; None where the member is not known."""
        user_id = None
        if user is not None:
            member = await self.users.get_member(self._reading(), guild_id, user)
            if member is None:
                return None
            user_id = member.id
        return self.repository.listed(guild_id, user_id, active, kind)

    async def _with_user(self, executor: Executor, case: Case | None) -> Case | None:
        if case is not None:
            await self._with_users(executor, [case])
        return case

    async def _with_users(
        self, executor: Executor, cases: Sequence[Case]
    ) -> list[Case]:
        """The cases with `user` loaded, by one statement for all of them."""
        ids = sorted({case.user_id for case in cases})
        people = await self.users.get_members(executor, ids)
        for case in cases:
            if case.user_id in people:  # gone a moment ago, its cases go too
                set_committed_value(case, "user", people[case.user_id])
        return [case for case in cases if case.user_id in people]


def _one_text(text: str) -> str:
    """A note as it can be appended; InvalidValue for none."""
    plain = text.strip()
    if not plain or "\0" in plain:
        raise InvalidValue("text", "is not a text that can be kept")
    return plain
