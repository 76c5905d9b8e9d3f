"""A request to the API: its path, its body, its files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from tuxdb.bot.double.drafts import Draft
from tuxdb.bot.double.forms import Faulty
from tuxdb.bot.double.places import Json
from tuxdb.bot.double.realm import Realm
from tuxdb.bot.double.refusals import (
    Refusal,
    invalid_form,
    invalid_json,
    too_large,
)

FILE_BYTES = 10 << 20
REASON_CHARACTERS = 512


@dataclass(frozen=True)
class File:
    """A file as it came."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Call:
    """One request, read."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: object = None
    files: dict[int, File] = field(default_factory=dict)
    reason: str | None = None

    @property
    def data(self) -> Json:
        """The body, which must be an object."""
        if isinstance(self.body, dict):
            return self.body
        raise invalid_json()

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number in the query."""
        value = self.query.get(name, str(default))
        if not value.isdecimal() or int(value) > most:
            faulty = Faulty()
            faulty.add((name,), "NUMBER_TYPE_MAX", f"It is at most {most}.")
            faulty.refuse()
        return int(value)

    def draft(self, realm: Realm, within: str | None = None) -> Draft:
        """The message that is asked for, with its files; checked."""
        body = self.data if within is None else self.data.get(within) or {}
        if not isinstance(body, dict):
            raise invalid_json()
        described = {
            str(item.get("id")): item
            for item in _list(body.get("attachments"))
            if isinstance(item, dict)
        }
        draft = Draft(body)
        for number, file in self.files.items():
            item = described.get(str(number), {})
            draft.files[number] = realm.upload(
                item.get("filename") or file.name,
                file.content,
                file.content_type,
                item.get("description"),
            )
        faulty = Faulty()
        draft.check(faulty, (within,) if within else ())
        faulty.refuse()
        return draft


async def read(request: web.Request) -> Call:
    """Read a request, or refuse what is no JSON."""
    reason = unquote(request.headers.get("X-Audit-Log-Reason", ""))
    if len(reason) > REASON_CHARACTERS:
        message = f"Must be {REASON_CHARACTERS} or fewer in length."
        error = {"code": "BASE_TYPE_MAX_LENGTH", "message": message}
        raise invalid_form({"reason": {"_errors": [error]}})
    body: object = None
    files: dict[int, File] = {}
    if request.content_type == "multipart/form-data":
        body, files = await _multipart(request)
    elif request.can_read_body:
        text = await request.read()
        if text and request.content_type != "application/json":
            kinds = "application/json, multipart/form-data"
            message = f'Expected "Content-Type" header to be one of {kinds}.'
            raise Refusal(400, 50035, message)
        body = _json(text) if text else None
    return Call(request.match_info, request.query, body, files, reason or None)


async def _multipart(request: web.Request) -> tuple[object, dict[int, File]]:
    body: object = {}
    files: dict[int, File] = {}
    reader = await request.multipart()
    while part := await reader.next():
        if not isinstance(part, BodyPartReader):
            raise invalid_json()
        content = bytes(await part.read())
        name = part.name or ""
        if name == "payload_json":
            body = _json(content)
        elif name.startswith("files[") and name[6:-1].isdecimal():
            if len(content) > FILE_BYTES:
                raise too_large()
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files[int(name[6:-1])] = File(part.filename or "unknown", content, kind)
        else:
            message = f"Unknown part {name!r}"
            error = {"code": "UNKNOWN_PART", "message": message}
            raise invalid_form({name: {"_errors": [error]}})
    return body, files


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _json(text: bytes) -> object:
    try:
        found: object = json.loads(text)
    except ValueError:
        raise invalid_json() from None
    return found
