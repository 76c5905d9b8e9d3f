"""Points among the values of users, which reach them by way of the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from tuxdb.errors import InvalidValue
from tuxdb.models import MAX_POINTS


def check_points(points: object) -> None:
    """Raise InvalidValue unless it is a balance."""
    if type(points) is not int:
        raise InvalidValue("points", "is not a whole number")
    if points < 0:
        raise InvalidValue("points", "cannot be negative")
    if points > MAX_POINTS:
        raise InvalidValue("points", f"cannot exceed {MAX_POINTS}")


def split_points(
    rows: Sequence[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[int | None]]:
    """Rows without their points, and the points; None where a row has none."""
    plain, points = [], []
    for number, row in enumerate(rows, 1):
        values = dict(row)
        balance = values.pop("points", None)
        if "points" in row:
            try:
                check_points(balance)
            except InvalidValue as error:
                problem = str(error).removeprefix("points ")
                raise InvalidValue(f"row {number}: points", problem) from error
        plain.append(values)
        points.append(balance)
    return plain, points
