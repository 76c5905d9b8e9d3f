"""Figures of the bot in Prometheus' text format."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from tuxdb.controllers.movements import Movement
from tuxdb.errors import TuxdbError

T = TypeVar("T")

QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0)
LONG = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CLIENT_ERRORS = range(400, 500)
TOO_MANY = 429

Rows = Callable[[], Iterable[tuple[tuple[str, ...], float]]]


class Metrics:
    """Counters of one bot, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._families: list[tuple[str, str, tuple[str, ...], Rows]] = []
        self.registry.register(self)
        self._commands = self._counter(
            "tuxdb_commands", "Commands by outcome.", "command", "result"
        )
        self._command_seconds = self._histogram(
            "tuxdb_command_seconds", "How long commands took.", LONG, "command"
        )
        self._acknowledged = self._histogram(
            "tuxdb_acknowledge_seconds",
            "From the arrival of an interaction to Discord's taking of the answer.",
            QUICK,
        )
        self._ledger = self._counter(
            "tuxdb_ledger", "Movements of points by outcome.", "kind", "result"
        )
        self._requests = self._counter(
            "tuxdb_discord_responses", "Answers of Discord's API.", "status"
        )
        self._client_errors = self._counter(
            "tuxdb_discord_invalid_requests",
            "Answers of the 4xx kind; 10 000 in 10 minutes are a ban.",
        )
        self._rate_limits = self._counter(
            "tuxdb_discord_rate_limits", "Answers 429 of Discord's API."
        )
        self._gateway = self._counter(
            "tuxdb_gateway_events", "What happened to shards.", "event", "shard"
        )
        self._probe_seconds = self._histogram(
            "tuxdb_database_probe_seconds", "A small query, now and then.", QUICK
        )
        self._database = Gauge(
            "tuxdb_database_up",
            "Whether the last small query was answered.",
            registry=self.registry,
        )

    def command(self, name: str, result: str, seconds: float) -> None:
        """Count a command that has ended."""
        self._commands.labels(name, result).inc()
        self._command_seconds.labels(name).observe(seconds)

    def acknowledged(self, seconds: float) -> None:
        """Note how long a person waited for the first sign."""
        self._acknowledged.observe(seconds)

    def counted(self, move: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
        """The same movement of points, or movements, whose outcome is counted."""

        async def moved() -> T:
            try:
                outcome = await move()
            except TuxdbError as error:
                self._ledger.labels("refused", error.code).inc()
                raise
            for one in outcome if isinstance(outcome, list) else [outcome]:
                if isinstance(one, Movement):
                    result = "replayed" if one.replayed else "ok"
                    self._ledger.labels(str(one.kind), result).inc()
            return outcome

        return moved

    def responded(self, status: int) -> None:
        """Count an answer of Discord's API."""
        self._requests.labels(str(status)).inc()
        if status in CLIENT_ERRORS:
            self._client_errors.inc()
        if status == TOO_MANY:
            self._rate_limits.inc()

    def gateway(self, event: str, shard: int) -> None:
        """Count a connect, disconnect or resume of a shard."""
        self._gateway.labels(event, str(shard)).inc()

    def probed(self, seconds: float | None) -> None:
        """Note a small query; None if nobody answered."""
        self._database.set(0 if seconds is None else 1)
        if seconds is not None:
            self._probe_seconds.observe(seconds)

    def measure(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Have a figure asked for whenever somebody looks."""
        self.measures(name, text, (), lambda: [((), value())])

    def measures(
        self, name: str, text: str, labels: tuple[str, ...], rows: Rows
    ) -> None:
        """Have labelled figures asked for whenever somebody looks."""
        self._families.append((name, text, labels, rows))

    def collect(self) -> Iterator[Metric]:
        """Ask for the figures of `measure`; called by the registry."""
        for name, text, labels, rows in self._families:
            family = GaugeMetricFamily(name, text, labels=labels)
            for values, figure in rows():
                family.add_metric(values, figure)
            yield family

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry).decode()

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Any:  # noqa: ANN401
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)
