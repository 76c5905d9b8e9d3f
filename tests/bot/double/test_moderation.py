"""Acting on members, with the bot's own permissions and rank."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.bot.double.raw import Api
from tuxdb.bot.double import DiscordDouble, Guild, Member
from tuxdb.bot.double.permissions import EVERYONE


@pytest.fixture
async def api(discord: DiscordDouble) -> AsyncIterator[Api]:
    async with Api(discord) as api:
        yield api


def until(**ahead: int) -> dict[str, str]:
    end = datetime.now(UTC) + timedelta(**ahead)
    return {"communication_disabled_until": end.isoformat()}


def path(member: Member, within: str = "members") -> str:
    return f"/guilds/{member.guild.id}/{within}/{member.id}"


async def test_a_member_is_shown_until_they_leave(
    discord: DiscordDouble, api: Api, ann: Member
) -> None:
    assert (await api(f"GET {path(ann)}")).body["user"]["username"] == "ann"
    discord.leave(ann)
    assert (await api(f"GET {path(ann)}")).code == 10007
    discord.member(ann.guild, ann.user)
    assert (await api(f"GET {path(ann)}")).status == 200
    assert (await api(f"GET /guilds/{ann.guild.id}/members/1")).code == 10013


async def test_a_timeout_ends_within_28_days(api: Api, ann: Member) -> None:
    assert (await api(f"PATCH {path(ann)}", until(days=27))).status == 200
    assert ann.is_timed_out
    refused = await api(f"PATCH {path(ann)}", until(days=29))
    assert list(refused.places) == ["communication_disabled_until"]
    ended = await api(f"PATCH {path(ann)}", {"communication_disabled_until": None})
    assert ended.body["communication_disabled_until"] is None


async def test_nobody_above_the_bot_is_touched(
    discord: DiscordDouble, api: Api, ann: Member
) -> None:
    ann.roles.append(discord.role(ann.guild, "High", position=60))
    for member in (ann, ann.guild.owner, discord.realm.me(ann.guild)):
        assert (await api(f"PATCH {path(member)}", until(days=1))).code == 50013
        assert (await api(f"DELETE {path(member)}")).code == 50013
        assert (await api(f"PUT {path(member, 'bans')}")).code == 50013


async def test_administrators_are_not_timed_out(
    discord: DiscordDouble, api: Api, ann: Member
) -> None:
    ann.roles.append(discord.role(ann.guild, "Admins", "administrator"))

    assert (await api(f"PATCH {path(ann)}", until(days=1))).code == 50013
    assert (await api(f"DELETE {path(ann)}")).status == 204


async def test_a_ban_is_made_and_lifted(
    discord: DiscordDouble, api: Api, ann: Member, guild: Guild
) -> None:
    reason = {"X-Audit-Log-Reason": "spam%20and%20more"}
    banned = await api(
        f"PUT {path(ann, 'bans')}", {"delete_message_seconds": 60}, headers=reason
    )

    assert banned.status == 204
    assert guild.bans == {ann.id: "spam and more"}
    assert ann.id not in guild.members
    shown = await api(f"GET {path(ann, 'bans')}")
    assert shown.body["reason"] == "spam and more"
    assert (await api(f"DELETE {path(ann, 'bans')}")).status == 204
    assert (await api(f"DELETE {path(ann, 'bans')}")).code == 10026


async def test_bans_have_bounds(api: Api, ann: Member) -> None:
    week = 7 * 24 * 3600
    body = {"delete_message_seconds": week + 1}
    reason = {"X-Audit-Log-Reason": "x" * 513}

    assert (await api(f"PUT {path(ann, 'bans')}", body)).code == 50035
    assert (await api(f"PUT {path(ann, 'bans')}", headers=reason)).code == 50035
    assert (await api(f"PUT /guilds/{ann.guild.id}/bans/1")).code == 10013


async def test_without_the_permission_nothing_is_done(
    discord: DiscordDouble, api: Api
) -> None:
    guild = discord.guild("Strict", members=["zoe"], bot_permissions=EVERYONE)
    zoe = next(member for member in guild.members.values() if member.name == "zoe")

    for line in (
        f"DELETE {path(zoe)}",
        f"PUT {path(zoe, 'bans')}",
        f"GET /guilds/{guild.id}/bans",
    ):
        assert (await api(line)).code == 50013
    assert (await api(f"PATCH {path(zoe)}", until(days=1))).code == 50013


async def test_a_guild_without_the_bot_is_out_of_reach(
    discord: DiscordDouble, api: Api, guild: Guild
) -> None:
    discord.leave(discord.realm.me(guild))

    assert (await api(f"GET /guilds/{guild.id}")).code == 50001
    channel = guild.channel
    assert (await api(f"GET /channels/{channel.id}")).code == 50001


async def test_all_members_are_listed_only_with_the_intent(
    discord: DiscordDouble, api: Api, guild: Guild
) -> None:
    line = f"GET /guilds/{guild.id}/members?limit=10"

    assert (await api(line)).code == 50001
    discord.allow_intents("guild_members")
    assert len((await api(line)).body) == 4
