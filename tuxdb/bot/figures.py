"""Figures that are looked up when somebody asks: queues, shards, connections."""

import math
from typing import TYPE_CHECKING

from tuxdb.engine.pools import pool_figures

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot
    from tuxdb.bot.watch import Watch


def measure(bot: "TuxdbBot", watch: "Watch") -> None:
    """Have the bot's metrics show these."""
    show = bot.metrics.measure
    show("tuxdb_guilds", "Servers that the bot is in.", lambda: len(bot.guilds))
    show("tuxdb_calls_running", "Interactions under way.", lambda: bot.calls.running)
    show("tuxdb_loop_lag_seconds", "How late the loop is.", lambda: watch.lag_seconds)
    show(
        "tuxdb_breaker_open",
        "Whether commands are refused as the database is away.",
        lambda: bot.breaker.is_open,
    )
    show(
        "tuxdb_counters_pending",
        "Messages that are not written yet.",
        lambda: bot.counters.pending,
    )
    show(
        "tuxdb_counters_flushed",
        "Messages counted in the database since the start.",
        lambda: bot.counters.flushed,
    )
    show(
        "tuxdb_counters_flush_age_seconds",
        "Time since message counts were last written.",
        lambda: bot.counters.flush_age_seconds,
    )
    bot.metrics.measures(
        "tuxdb_gateway_latency_seconds",
        "Between a heartbeat and its answer.",
        ("shard",),
        lambda: [
            ((str(shard),), seconds)
            for shard, seconds in bot.latencies
            if math.isfinite(seconds)
        ],
    )
    bot.metrics.measures(
        "tuxdb_database_connections",
        "Connections of the pools by what they do.",
        ("pool", "state"),
        lambda: pool_figures(bot.db),
    )
