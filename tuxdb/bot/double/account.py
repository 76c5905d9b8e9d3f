"""The bot's account, its application, other users, and where the gateway is."""

from tuxdb.bot.double.calls import Call
from tuxdb.bot.double.gateway import Gateway
from tuxdb.bot.double.intents import application_flags
from tuxdb.bot.double.places import Json
from tuxdb.bot.double.realm import Realm, snowflake
from tuxdb.bot.double.refusals import unknown

STARTS = 1000
DAY_MS = 86_400_000


class Account:
    """Serves `/users`, `/applications/@me` and `/gateway`."""

    def __init__(self, realm: Realm, gateway: Gateway) -> None:
        self._realm, self._gateway = realm, gateway

    async def me(self, _call: Call) -> Json:
        """Show the bot."""
        account = {"verified": True, "email": None, "mfa_enabled": True, "flags": 0}
        return {**self._realm.bot.payload(), **account, "locale": "en-US"}

    async def user(self, call: Call) -> Json:
        """Show any user."""
        user = self._realm.users.get(snowflake(call.path["user"]))
        if user is None:
            raise unknown("User")
        return user.payload()

    async def guilds(self, _call: Call) -> list[Json]:
        """Show the guilds in which the bot is."""
        realm = self._realm
        return [
            {
                "id": str(guild.id),
                "name": guild.name,
                "icon": None,
                "owner": guild.owner_id == realm.bot.id,
                "permissions": str(int(realm.me(guild).permissions())),
                "features": [],
            }
            for guild in realm.guilds.values()
            if realm.bot.id in guild.members
        ]

    async def direct(self, call: Call) -> Json:
        """Open a direct message."""
        user = self._realm.users.get(snowflake(str(call.data.get("recipient_id"))))
        if user is None:
            raise unknown("User")
        return self._realm.direct(user).payload()

    async def application(self, _call: Call) -> Json:
        """Show the application: whose it is, and which intents it may have."""
        realm = self._realm
        mine = [
            guild for guild in realm.guilds.values() if realm.bot.id in guild.members
        ]
        return {
            "id": str(realm.application_id),
            "name": realm.bot.name,
            "icon": None,
            "description": "",
            "summary": "",
            "type": None,
            "bot": realm.bot.payload(),
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "owner": realm.owner.payload(),
            "team": None,
            "flags": application_flags(realm.allowed_intents),
            "tags": [],
            "install_params": None,
            "integration_types_config": {"0": {}},
            "approximate_guild_count": len(mine),
            "approximate_user_install_count": 0,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "event_webhooks_url": None,
            "event_webhooks_status": 1,
            "event_webhooks_types": [],
            "rpc_origins": [],
            "hook": True,
        }

    async def gateway(self, _call: Call) -> Json:
        """Say where the gateway is."""
        return {"url": self._gateway.url}

    async def bot_gateway(self, _call: Call) -> Json:
        """Say where it is, how many shards to have, and how many starts are left."""
        return {
            "url": self._gateway.url,
            "shards": self._realm.shard_count,
            "session_start_limit": {
                "total": STARTS,
                "remaining": self._realm.session_starts,
                "reset_after": DAY_MS,
                "max_concurrency": 1,
            },
        }
