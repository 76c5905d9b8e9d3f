"""TUX109: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN002, ANN201
# mypy: ignore-errors


class Database:
    async def rows(self, query, *args):
        return await self.pool.fetch(query, *args)  # TUX109

    async def one(self, *, statement):
        return await self.pool.fetchrow(statement)  # TUX109

    async def users(self):
        return await self.rows("SELECT id FROM users WHERE guild_id = 1")
