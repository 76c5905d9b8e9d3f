"""Model objects made from their values, at a fraction of the cost of `__init__`."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel
from sqlalchemy import inspect as mapping_of
from sqlalchemy.orm.state import InstanceState

from tuxdb.models.base import Model

ModelT = TypeVar("ModelT", bound=Model)
Identity: TypeAlias = tuple[Any, ...]
Make: TypeAlias = Callable[[dict[str, Any], Identity, set[str]], ModelT]

STATE = "_sa_instance_state"
"""Where SQLAlchemy keeps what it knows of an object, beside its values."""

fields_set = vars(BaseModel)["__pydantic_fields_set__"]
_values = vars(BaseModel)["__dict__"]
_extra = vars(BaseModel)["__pydantic_extra__"]
_private = vars(BaseModel)["__pydantic_private__"]


@cache
def instance_maker(model: type[ModelT]) -> Make[ModelT]:
    """Make the function that makes objects of a table class.

    It takes the values by name, which the object then owns, the identity key, and
    Pydantic's set of fields. The object is detached: it can be changed, added to a
    session or merged like one that a closed session left behind.
    """
    manager = mapping_of(model).class_manager
    allocate, set_values = object.__new__, _values.__set__
    set_fields, set_extra = fields_set.__set__, _extra.__set__
    set_private = _private.__set__

    def made(values: dict[str, Any], key: Identity, fields: set[str]) -> ModelT:
        instance = allocate(model)
        state = InstanceState(instance, manager)
        state.key = key
        values[STATE] = state
        set_values(instance, values)
        set_fields(instance, fields)
        set_extra(instance, None)
        set_private(instance, None)
        return instance

    return made
