"""Errors: their sentences, codes, and what programs read of them."""

import inspect

import pytest

from tuxdb import errors
from tuxdb.errors import (
    DatabaseOperationError,
    ExitCode,
    InsufficientPoints,
    InvalidValue,
    NotFound,
    OutcomeUnknown,
    TuxdbError,
)

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, TuxdbError)
]


def test_exit_codes_are_those_of_the_readme() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "UNEXPECTED": 1,
        "USAGE": 2,
        "FOUND": 3,
        "NOT_FOUND": 4,
        "REFUSED": 5,
        "CONFLICT": 6,
        "UNREACHABLE": 7,
        "BUSY": 8,
        "CONFIGURATION": 9,
        "UNKNOWN_OUTCOME": 75,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_says_what_it_is(kind: type[TuxdbError]) -> None:
    assert kind.__doc__
    assert kind.exit_code in ExitCode


def test_the_code_is_the_class_name_in_snake_case() -> None:
    error = InsufficientPoints("alice", 1, 20, 50)

    assert error.code == "insufficient_points"
    assert error.exit_code == ExitCode.CONFLICT
    assert str(error) == "alice has 20 points in guild 1, needs 50"
    assert error.details == {"balance": 20, "wanted": 50}


def test_not_found_keeps_its_hint() -> None:
    error = NotFound("guild", 99, hint="tuxdb guilds list")

    assert (str(error), error.hint) == ("no guild 99", "tuxdb guilds list")


def test_an_invalid_value_is_a_value_error_that_names_its_field() -> None:
    with pytest.raises(ValueError, match=r"^username must not be blank$") as caught:
        raise InvalidValue("username", "must not be blank")

    assert isinstance(caught.value, InvalidValue)
    assert caught.value.field == "username"


def test_an_unknown_outcome_carries_the_key_that_settles_it() -> None:
    error = OutcomeUnknown("the connection broke", key="k1")

    assert error.outcome_unknown
    assert isinstance(error, DatabaseOperationError)
    assert error.details == {"idempotency_key": "k1"}


def test_only_errors_about_what_a_member_typed_are_public() -> None:
    public = {kind.__name__ for kind in KINDS if kind.public}

    assert {"NotFound", "InsufficientPoints", "InvalidValue"} <= public
    assert public.isdisjoint({"DatabaseUnavailable", "ConfigurationError", "Busy"})
