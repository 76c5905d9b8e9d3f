"""The whole bot at the double of Discord, in one breath."""

from tests.bot.world import World


async def test_points_are_transferred(world: World) -> None:
    await world.give(world.alice, 100)

    reply = await world.transfer(world.alice, world.bob, 30)

    assert "30 points" in reply.text
    assert reply.ephemeral
    assert reply.deferred_after is not None
    assert reply.deferred_after < 1
    assert await world.balance(world.bob) == 30


async def test_a_bot_that_was_restarted_goes_on(world: World) -> None:
    await world.give(world.alice, 100)
    await world.restart()

    await world.transfer(world.alice, world.bob, 30)

    assert await world.balance(world.alice) == 70
    registered = [line for line in map(str, world.discord.requests) if "PUT" in line]
    assert len(registered) == 1
