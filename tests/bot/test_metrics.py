"""Figures in Prometheus' format."""

from prometheus_client.parser import text_string_to_metric_families

from tuxdb.bot.metrics import Metrics


def read(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample, as a server that scrapes would read it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
    }


def test_commands_are_counted_by_name_and_result() -> None:
    metrics = Metrics()

    metrics.command("points transfer", "ok", 0.12)
    metrics.command("points transfer", "insufficient_points", 0.01)

    found = read(metrics)
    labels = (("command", "points transfer"), ("result", "ok"))
    assert found["tuxdb_commands_total", labels] == 1
    assert found["tuxdb_command_seconds_count", labels[:1]] == 2


def test_answers_of_discord_are_counted_by_what_they_mean() -> None:
    metrics = Metrics()

    for status in (200, 404, 429, 502):
        metrics.responded(status)

    found = read(metrics)
    assert found["tuxdb_discord_invalid_requests_total", ()] == 2
    assert found["tuxdb_discord_rate_limits_total", ()] == 1
    assert found["tuxdb_discord_responses_total", (("status", "502"),)] == 1


def test_a_measure_is_taken_when_somebody_looks() -> None:
    metrics = Metrics()
    guilds: list[int] = []
    metrics.measure("tuxdb_guilds", "Servers.", lambda: len(guilds))

    guilds.append(1)

    assert read(metrics)["tuxdb_guilds", ()] == 1


def test_two_bots_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()

    one.acknowledged(0.1)

    assert read(one)["tuxdb_acknowledge_seconds_count", ()] == 1
    assert read(other)["tuxdb_acknowledge_seconds_count", ()] == 0
