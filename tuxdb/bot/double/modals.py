"""A modal filled in."""

from typing import Any

from tuxdb.bot.double.components import INPUT_VALUE, Kind
from tuxdb.bot.double.options import Filled, NotOffered
from tuxdb.bot.double.places import Json


def filled_modal(modal: Json, values: dict[str, object], filled: Filled) -> Json:
    """What is sent for a modal; values by custom id or by label."""
    left = dict(values)
    components = [_part(part, left, filled) for part in modal["components"]]
    if left:
        raise NotOffered(f"the modal has no field {', '.join(left)}")
    data: Json = {"custom_id": modal["custom_id"], "components": components}
    return {**data, "resolved": filled.resolved} if filled.resolved else data


def fields(modal: Json) -> list[tuple[str, Json]]:
    """Labels and inputs of a modal."""
    found = []
    for part in modal["components"]:
        if part["type"] == Kind.ROW:
            field = part["components"][0]
            found.append((field["label"], field))
        elif part["type"] == Kind.LABEL:
            found.append((part["label"], part["component"]))
    return found


def _part(part: Json, left: dict[str, Any], filled: Filled) -> Json:
    if part["type"] == Kind.ROW:
        field = part["components"][0]
        value = _value(field["label"], field, left, filled)
        return {"type": int(Kind.ROW), "id": 1, "components": [value]}
    if part["type"] == Kind.LABEL:
        value = _value(part["label"], part["component"], left, filled)
        return {"type": int(Kind.LABEL), "id": 1, "component": value}
    return {"type": part["type"], "id": 1}


def _value(label: str, field: Json, left: dict[str, Any], filled: Filled) -> Json:
    custom_id = field["custom_id"]
    given = left.pop(custom_id, None)
    given = left.pop(label, None) if given is None else given
    value: Json = {"type": field["type"], "id": 1, "custom_id": custom_id}
    required = field.get("required", True)
    if field["type"] != Kind.TEXT_INPUT:
        chosen = given if isinstance(given, list) else [given] if given else []
        if required and not chosen:
            raise NotOffered(f"{label} is required")
        is_text = field["type"] == Kind.SELECT
        return {
            **value,
            "values": [item if is_text else filled.resolve(item) for item in chosen],
        }
    text = field.get("value") or "" if given is None else str(given)
    if required and not text:
        raise NotOffered(f"{label} is required")
    least, most = field.get("min_length") or 0, field.get("max_length") or INPUT_VALUE
    if text and not least <= len(text) <= most:
        raise NotOffered(f"{label} has from {least} to {most} characters")
    return {**value, "value": text}
