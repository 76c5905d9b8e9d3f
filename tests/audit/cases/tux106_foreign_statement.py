"""TUX106: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201, F821
# mypy: ignore-errors


class Owner:
    @commands.command()
    async def sql(self, ctx, *, query: str):
        await self.bot.db.execute(query)  # TUX106
        run = self.bot.db.fetch
        await run(query.strip("`"))  # TUX106
        await self.bot.db.fetchrow(f"EXPLAIN (ANALYZE) {query}")  # TUX106

    async def asked(self, question):
        answer = await self.openai.complete(question)
        await self.bot.db.fetch(answer.text)  # TUX106


async def helper(conn, query):
    await conn.execute(query)
