"""Statements about the ledger and the balances that follow from it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Row,
    String,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from tuxdb.engine.statements import Executor
from tuxdb.models import PointsFreeze, PointsTransaction
from tuxdb.repositories.base import Repository
from tuxdb.repositories.batch_entries import adjustments, payout
from tuxdb.repositories.ledger_checks import CHECKS
from tuxdb.repositories.movements import (
    CONFIGS,
    LEDGER,
    USERS,
    DailyLimits,
    adjustment,
    movement,
    standing_rules,
)
from tuxdb.repositories.prefixes import begins_with


class PointsRepository(Repository[PointsTransaction]):
    """Statements about `points_transactions`."""

    async def move(
        self,
        session: Executor,
        values: Mapping[str, Any],
        limits: DailyLimits = DailyLimits.NONE_SET,
    ) -> list[Row[Any]]:
        """Move points between two users of a guild, or one and the outside world.

        One statement, so one round trip: both rows locked in id order, the funds and
        the cap checked under the lock, the entry inserted; its trigger changes the
        balances. Returns a row for each user that was found, with its balance before
        and the entry's id, which is None where nothing was moved; `limited` where the
        guild sets daily limits, which bind transfers.

        `values`: sender and receiver (None: the outside world) as Discord ids with
        `guild_id`, or as `users.id` without; amount, kind, reason, actor,
        idempotency_key, request_hash, reverses.
        """
        sides = (values["sender"] is not None, values["receiver"] is not None)
        statement = movement(*sides, limits, by_discord_id="guild_id" in values)
        result = await session.execute(statement, values)
        return list(result.all())

    async def set_balance(
        self, session: Executor, values: Mapping[str, Any]
    ) -> list[Row[Any]]:
        """Enter the difference between a balance and the one wanted, if there is any.

        `values` as for `move`, with `receiver` and `balance` in place of the amount.
        """
        statement = adjustment(by_discord_id="guild_id" in values)
        result = await session.execute(statement, values)
        return list(result.all())

    async def reserve_user_ids(self, session: Executor, count: int) -> list[int]:
        """Take `count` ids from the sequence of `users`."""
        sequence = func.pg_get_serial_sequence(USERS.name, "id")
        numbers = func.generate_series(1, count).table_valued("n")
        found = await session.scalars(
            select(func.nextval(sequence)).select_from(numbers)
        )
        return list(found.all())

    async def set_many(
        self,
        session: Executor,
        balances: Mapping[int, int],
        reason: str,
        actor: str | None = None,
    ) -> int:
        """Enter the difference for each of many users; how many balances changed.

        The users are locked in id order; ids that are not there are passed over.
        """
        if not balances:
            return 0
        ids, wanted = zip(*sorted(balances.items()), strict=True)
        values = {
            "ids": list(ids),
            "balances": list(wanted),
            "reason": reason,
            "actor": actor,
        }
        result = await session.execute(adjustments(), values)
        return int(result.rowcount)

    async def lock_members(
        self, session: Executor, guild_id: int, discord_ids: Sequence[int]
    ) -> None:
        """Lock users of a guild in id order, before looking at what they have done."""
        given = bindparam("ids", list(discord_ids), ARRAY(BigInteger))
        rows = select(USERS.c.id).where(
            USERS.c.guild_id == guild_id, USERS.c.discord_id == func.any(given)
        )
        await session.execute(rows.order_by(USERS.c.id).with_for_update(key_share=True))

    async def of_keys(
        self, session: Executor, guild_id: int, keys: Sequence[str]
    ) -> dict[str, Row[Any]]:
        """Entries with one user each by their key: what they did, and to whom."""
        given = bindparam("keys", list(keys), ARRAY(String))
        user_id = func.coalesce(LEDGER.c.from_user, LEDGER.c.to_user)
        balance = func.coalesce(LEDGER.c.from_balance, LEDGER.c.to_balance)
        entry = LEDGER.c
        entries = (
            select(entry.idempotency_key, entry.id, entry.request_hash, entry.amount)
            .add_columns(balance.label("balance"), USERS.c.username)
            .select_from(LEDGER.outerjoin(USERS, USERS.c.id == user_id))
            .where(entry.guild_id == guild_id, entry.idempotency_key == func.any(given))
        )
        rows = (await session.execute(entries)).all()
        return {row.idempotency_key: row for row in rows}

    async def start_balance(self, session: Executor, guild_id: int) -> int:
        """What a new member of a guild is given."""
        rule = CONFIGS.c.settings["points"]["start_balance"]
        statement = select(cast(rule, BigInteger)).where(CONFIGS.c.guild_id == guild_id)
        return int(await session.scalar(statement) or 0)

    async def pay_out(
        self, session: Executor, values: Mapping[str, Any], *, burns: bool
    ) -> list[Row[Any]]:
        """Grant to, or deduct from, many users: a row for each line with a user.

        `values`: guild_id; the arrays lines, users (Discord ids), amounts, keys and
        hashes (what ties a key to its line); kind, reason and actor of all of them.
        """
        result = await session.execute(payout(burns=burns), values)
        return list(result.all())

    async def standing_rules(
        self,
        session: Executor,
        guild_id: int,
        sender: int | None,
        receiver: int | None,
    ) -> Row[Any]:
        """Limits of a guild and what two of its users, by row id, have used of them."""
        values = {"guild_id": guild_id, "sender_id": sender, "receiver_id": receiver}
        row: Row[Any] = (await session.execute(standing_rules(), values)).one()
        return row

    async def freeze(self, session: Executor, values: Mapping[str, Any]) -> bool:
        """Keep a user from transfers; whether it was free before."""
        row = insert(PointsFreeze).values(**values)
        result = await session.execute(row.on_conflict_do_nothing())
        return bool(result.rowcount)

    async def is_frozen(self, session: Executor, user_id: int) -> bool:
        """Whether a user, by row id, is kept from transfers."""
        frozen = select(literal(1)).where(col(PointsFreeze.user_id) == user_id)
        return bool(await session.scalar(select(frozen.exists())))

    async def reversal_of(
        self, session: Executor, entry_id: int
    ) -> PointsTransaction | None:
        """The entry that corrects an entry."""
        found = await self.get_by_field(session, "reverses", entry_id)
        return found[0] if found else None

    async def by_key(
        self, session: Executor, guild_id: int, key: str
    ) -> PointsTransaction | None:
        """The entry that carries an idempotency key."""
        found = await self.find(
            session,
            filters=[
                self.column("guild_id") == guild_id,
                self.column("idempotency_key") == key,
            ],
            limit=1,
        )
        return found[0] if found else None

    async def latest(
        self, session: Executor, guild_id: int, prefix: str, limit: int
    ) -> list[PointsTransaction]:
        """The last entries of a guild whose id begins with some digits, or all."""
        filters = [self.column("guild_id") == guild_id]
        if prefix:
            same = begins_with(self.column("id"), prefix)
            if same is None:
                return []
            filters.append(same)
        return await self.find(
            session, filters=filters, order_by=self.column("id").desc(), limit=limit
        )

    async def of_batch(
        self, session: Executor, guild_id: int, keys: Sequence[str]
    ) -> list[PointsTransaction]:
        """The entries that carry some keys, in the order of their ids."""
        given = bindparam("keys", list(keys), ARRAY(String))
        return await self.find(
            session,
            filters=[
                self.column("guild_id") == guild_id,
                self.column("idempotency_key") == func.any(given),
            ],
        )

    def entries_of(
        self, guild_id: int, user_id: int | None, kind: str | None
    ) -> dict[str, Any]:
        """What selects and orders the entries of a guild, newest first, for a page.

        Or those with one user on either side.
        """
        entry = PointsTransaction
        filters = [col(entry.guild_id) == guild_id]
        if user_id is not None:
            filters.append(
                or_(col(entry.from_user) == user_id, col(entry.to_user) == user_id)
            )
        if kind is not None:
            filters.append(col(entry.kind) == str(kind))
        return {"filters": filters, "order_by": col(entry.id).desc()}

    async def entries_after(
        self, session: Executor, guild_id: int, entry_id: int, limit: int
    ) -> list[PointsTransaction]:
        """The next entries of a guild behind one, in the order of their ids."""
        behind = [self.column("guild_id") == guild_id, self.column("id") > entry_id]
        return await self.find(session, filters=behind, limit=limit)

    async def supply(self, session: Executor, guild_id: int) -> tuple[int, int, int]:
        """Minted, burned and held points of a guild."""
        minted = func.sum(LEDGER.c.amount).filter(LEDGER.c.from_user.is_(None))
        burned = func.sum(LEDGER.c.amount).filter(LEDGER.c.to_user.is_(None))
        held = select(func.sum(USERS.c.points)).where(USERS.c.guild_id == guild_id)
        statement = select(
            *(
                cast(func.coalesce(total, 0), BigInteger)
                for total in (minted, burned, held.scalar_subquery())
            )
        ).where(LEDGER.c.guild_id == guild_id)
        row = (await session.execute(statement)).one()
        return row[0], row[1], row[2]

    async def totals(self, session: Executor, guild_id: int | None) -> tuple[int, int]:
        """How many accounts and entries there are."""
        counts = []
        for table in (USERS, LEDGER):
            statement = select(func.count()).select_from(table)
            if guild_id is not None:
                statement = statement.where(table.c.guild_id == guild_id)
            counts.append(int(await session.scalar(statement)))
        return counts[0], counts[1]

    async def broken_invariants(
        self, session: Executor, guild_id: int | None
    ) -> list[Row[Any]]:
        """All that breaks an invariant, by check, then guild and user."""
        found: list[Row[Any]] = []
        for check in CHECKS:
            statement = check(guild_id).order_by("guild_id", "user_id", "entry_id")
            found.extend((await session.execute(statement)).all())
        return found
