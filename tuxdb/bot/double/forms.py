"""Reading a body as Discord does: every fault is noted with its place (50035)."""

from collections.abc import Container, Iterable
from typing import Any

from tuxdb.bot.double.refusals import invalid_form

REQUIRED = "BASE_TYPE_REQUIRED"
CHOICES = "BASE_TYPE_CHOICES"


class Faulty:
    """The faults of a body, as a tree that is shaped like it."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}

    def add(self, place: tuple[str, ...], code: str, message: str) -> None:
        """Note one; the first at a place comes first."""
        node = self.tree
        for step in place:
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def refuse(self) -> None:
        """Raise what was found, if anything."""
        if self.tree:
            raise invalid_form(self.tree)


class Form:
    """One object of a body, read name by name."""

    def __init__(
        self, data: object, faulty: Faulty, place: tuple[str, ...] = ()
    ) -> None:
        self.faulty, self.place = faulty, place
        self.data: dict[str, Any] = {}
        if isinstance(data, dict):
            self.data = data
        else:
            self.fault(
                "",
                "MODEL_TYPE_CONVERT",
                "Only dictionaries may be used in a ModelType",
            )

    def __contains__(self, name: str) -> bool:
        return self.data.get(name) is not None

    def fault(self, name: str, code: str, message: str) -> None:
        """Note that a value is wrong."""
        place = (*self.place, name) if name else self.place
        self.faulty.add(place, code, message)

    def text(
        self, name: str, most: int, *, least: int = 0, required: bool = False
    ) -> str:
        """A string within bounds; what Discord trims does not count."""
        value = self._value(name, required)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fault(name, "BASE_TYPE_CONVERT", "Could not interpret as string.")
            return ""
        length = len(value.strip())
        if required and least and not length:
            self.fault(name, REQUIRED, "This field is required")
        elif length > most and not least:
            self.fault(
                name, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
            )
        elif not least <= length <= most:
            bounds = f"Must be between {least} and {most} in length."
            self.fault(name, "BASE_TYPE_BAD_LENGTH", bounds)
        return value

    def number(
        self,
        name: str,
        least: float,
        most: float,
        *,
        required: bool = False,
        whole: bool = True,
    ) -> float | None:
        """A number within bounds."""
        value = self._value(name, required)
        if value is None:
            return None
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            self.fault(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return None
        if value < least:
            bound = f"int value should be greater than or equal to {least}."
            self.fault(name, "NUMBER_TYPE_MIN", bound)
        elif value > most:
            bound = f"int value should be less than or equal to {most}."
            self.fault(name, "NUMBER_TYPE_MAX", bound)
        return value

    def boolean(self, name: str) -> bool:
        """True or false; false if it is not there."""
        value = self.data.get(name)
        if value not in (None, True, False):
            self.fault(name, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
        return bool(value)

    def snowflake(self, name: str, *, required: bool = False) -> int | None:
        """An id, as digits in a string."""
        value = self._value(name, required)
        if value is None:
            return None
        if isinstance(value, bool) or not str(value).isdecimal():
            message = f'Value "{value}" is not snowflake.'
            self.fault(name, "NUMBER_TYPE_COERCE", message)
            return None
        return int(value)

    def choice(
        self, name: str, allowed: Iterable[int], *, required: bool = True
    ) -> int | None:
        """One of some numbers."""
        value = self._value(name, required)
        if value is None:
            return None
        choices: Container[int] = tuple(allowed)
        if isinstance(value, bool) or value not in choices:
            self.fault(name, CHOICES, f"Value must be one of {choices}.")
            return None
        return int(value)

    def forms(
        self, name: str, most: int, *, least: int = 0, required: bool = False
    ) -> list["Form"]:
        """A list of objects."""
        values = self.values(name, most, least=least, required=required)
        place = (*self.place, name)
        return [
            Form(value, self.faulty, (*place, str(number)))
            for number, value in enumerate(values)
        ]

    def values(
        self, name: str, most: int, *, least: int = 0, required: bool = False
    ) -> list[Any]:
        """A list of anything."""
        value = self._value(name, required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault(name, "LIST_TYPE_CONVERT", "Only iterables may be used.")
            return []
        if not least <= len(value) <= most:
            bounds = f"Must be between {least} and {most} in length."
            self.fault(name, "BASE_TYPE_BAD_LENGTH", bounds)
        return value

    def snowflakes(self, name: str, most: int) -> list[int]:
        """A list of ids."""
        found = []
        for number, value in enumerate(self.values(name, most)):
            if isinstance(value, bool) or not str(value).isdecimal():
                message = f'Value "{value}" is not snowflake.'
                place = (*self.place, name, str(number))
                self.faulty.add(place, "NUMBER_TYPE_COERCE", message)
            else:
                found.append(int(value))
        return found

    def form(self, name: str, *, required: bool = False) -> "Form | None":
        """An object within."""
        value = self._value(name, required)
        return None if value is None else Form(value, self.faulty, (*self.place, name))

    def _value(self, name: str, required: bool) -> Any:  # noqa: ANN401 - as it came
        value = self.data.get(name)
        if value is None and required:
            self.fault(name, REQUIRED, "This field is required")
        return value
