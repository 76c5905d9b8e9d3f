"""Faults to order: what a network, a proxy or Discord itself does on a bad day."""

import re
from collections import deque
from dataclasses import dataclass, field

from tuxdb.bot.double.places import Json


@dataclass
class Fault:
    """What is done to the next `times` requests whose `METHOD /path` matches."""

    pattern: re.Pattern[str]
    times: float
    status: int | None = None
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_before: float = 0.0
    delay_after: float = 0.0
    cut: bool = False
    lose_answer: bool = False


@dataclass(frozen=True)
class Request:
    """A line of the log of requests."""

    method: str
    path: str
    body: Json | None
    at: float
    status: int
    reason: str | None = None
    """What the audit log of the guild is told."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Faults:
    """Orders faults; `on` is searched for in `POST /channels/1/messages`."""

    def __init__(self) -> None:
        self._ordered: deque[Fault] = deque()
        self.gateway_refusals = 0
        self.gateway_status = 503
        self.fragments = False
        """Cut each packet of the gateway in two, as Discord may."""
        self.heartbeats_unanswered = False

    def status(
        self,
        status: int,
        *,
        on: str = "",
        times: float = 1,
        code: int = 0,
        message: str | None = None,
    ) -> None:
        """Answer with a status, as Discord words it, without doing anything."""
        text = message or f"{status}: as ordered"
        self._order(on, times, status=status, body={"message": text, "code": code})

    def bad_gateway(self, *, on: str = "", times: float = 1) -> None:
        """Answer 502 with a page of HTML, as the proxy in front does."""
        self._order(on, times, status=502)

    def rate_limit(
        self,
        retry_after: float = 0.1,
        *,
        on: str = "",
        times: float = 1,
        everywhere: bool = False,
        via: bool = True,
    ) -> None:
        """Answer 429; without `via` it looks like a ban by the proxy in front."""
        scope = "global" if everywhere else "user"
        headers = {
            "Retry-After": str(max(1, round(retry_after))),
            "X-RateLimit-Scope": scope,
            **({"X-RateLimit-Global": "true"} if everywhere else {}),
            **({"Via": "1.1 google"} if via else {}),
        }
        body: Json = {
            "message": "You are being rate limited.",
            "retry_after": retry_after,
            "global": everywhere,
        }
        self._order(on, times, status=429, body=body, headers=headers)

    def delay(
        self, seconds: float, *, on: str = "", times: float = 1, answer: bool = False
    ) -> None:
        """Take long before doing it or, with `answer`, after it is done."""
        if answer:
            self._order(on, times, delay_after=seconds)
        else:
            self._order(on, times, delay_before=seconds)

    def cut(self, *, on: str = "", times: float = 1) -> None:
        """Cut the connection in place of doing anything."""
        self._order(on, times, cut=True)

    def lose_answer(self, *, on: str = "", times: float = 1) -> None:
        """Do it, and cut the connection in place of an answer."""
        self._order(on, times, lose_answer=True)

    def login(self, status: int, *, times: float = 1) -> None:
        """Refuse the login: 401 for a token that is none, 503 for a bad day."""
        message = "401: Unauthorized" if status == 401 else None  # noqa: PLR2004
        self.status(status, on="GET /users/@me$", times=times, message=message)

    def refuse_gateway(self, times: int = 1, *, status: int = 503) -> None:
        """Refuse the next upgrades to a WebSocket."""
        self.gateway_refusals, self.gateway_status = times, status

    def clear(self) -> None:
        """Have all go well again."""
        fresh = Faults()
        self.__dict__.update(fresh.__dict__)

    def take(self, line: str) -> Fault | None:
        """The fault for a request, if one was ordered."""
        for fault in self._ordered:
            if fault.pattern.search(line):
                fault.times -= 1
                if fault.times <= 0:
                    self._ordered.remove(fault)
                return fault
        return None

    def take_gateway_refusal(self) -> int | None:
        """The status with which an upgrade is refused, if it is."""
        if self.gateway_refusals <= 0:
            return None
        self.gateway_refusals -= 1
        return self.gateway_status

    def _order(
        self,
        on: str,
        times: float,
        *,
        status: int | None = None,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
        delay_before: float = 0.0,
        delay_after: float = 0.0,
        cut: bool = False,
        lose_answer: bool = False,
    ) -> None:
        self._ordered.append(
            Fault(
                re.compile(on),
                times,
                status,
                body,
                headers or {},
                delay_before,
                delay_after,
                cut,
                lose_answer,
            )
        )
