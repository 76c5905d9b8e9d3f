"""Numbers that begin with the digits which somebody has typed so far."""

import re
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, literal, or_

from tuxdb.models import MAX_SNOWFLAKE

NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def begins_with(column: Any, digits: str) -> ColumnElement[bool] | None:  # noqa: ANN401
    """The condition, which an index on the numbers can serve; None for no number.

    A number has few lengths: 12 is the beginning of 12, of 120 to 129, of 1200 to
    1299, and so on.
    """
    if not NUMBER.fullmatch(digits):
        return None
    ranges = []
    low, width = int(digits), 1
    while low <= MAX_SNOWFLAKE:
        high = min(low + width - 1, MAX_SNOWFLAKE)
        bounds = literal(low, BigInteger), literal(high, BigInteger)
        ranges.append(and_(column >= bounds[0], column <= bounds[1]))
        low, width = low * 10, width * 10
    return or_(*ranges) if ranges else None
