"""`tuxdb run-bot --health-check`: a question to the bot that runs, in little time."""

from tuxdb.errors import ConfigurationError
from tuxdb.settings import Settings

HEALTH_SECONDS = 8.0
LONGEST_ANSWER = 4096
LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask instead


def answer(settings: Settings) -> dict[str, object]:
    """Ask the bot that runs here, as a container's health check does."""
    import http.client

    if settings.bot_health is None:
        raise ConfigurationError(
            "the bot answers nowhere", hint="--health HOST:PORT, or TUXDB_BOT_HEALTH"
        )
    host, port = settings.bot_health
    local = LOCAL.get(host, host)
    connection = http.client.HTTPConnection(local, port, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        detail = response.read(LONGEST_ANSWER).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return {"ready": False, "detail": f"no answer on {host}:{port} ({error})"}
    finally:
        connection.close()
    return {"ready": response.status == http.client.OK, "detail": detail}
