"""What the bot counts of what it hears."""

from sqlmodel import col

from tests.bot.world import World
from tuxdb.models import User


async def messages(world: World) -> dict[int, int]:
    """Counts by Discord id, of the database."""
    users = await world.db.user.find_all(col(User.message_count) > 0)
    return {user.discord_id: user.message_count for user in users}


async def test_three_hundred_messages_then_a_stop_are_all_counted(
    world: World,
) -> None:
    for number in range(300):
        speaker = (world.alice, world.bob, world.manager)[number % 3]
        world.discord.say(speaker, f"message {number}")

    await world.stop()

    assert await messages(world) == {
        world.alice.id: 100,
        world.bob.id: 100,
        world.manager.id: 100,
    }


async def test_bots_are_never_counted(world: World) -> None:
    world.discord.say(world.robot, "beep")
    world.discord.say(world.alice, "hi")

    await world.stop()

    assert await messages(world) == {world.alice.id: 1}
