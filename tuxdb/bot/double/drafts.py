"""What a request asks a message to be, checked as Discord checks it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tuxdb.bot.double.components import check_rows
from tuxdb.bot.double.embeds import check_embeds
from tuxdb.bot.double.forms import Faulty, Form
from tuxdb.bot.double.messages import MENTIONS, Flag, Message, Upload
from tuxdb.bot.double.places import Json
from tuxdb.bot.double.refusals import empty_message

CONTENT, FILES = 2000, 10
SETTABLE = (
    Flag.SUPPRESS_EMBEDS
    | Flag.EPHEMERAL
    | Flag.SUPPRESS_NOTIFICATIONS
    | Flag.COMPONENTS_V2
)
KINDS = ("users", "roles", "everyone")


@dataclass
class Draft:
    """The body of a request that writes a message; files are those uploaded."""

    body: Json
    files: dict[int, Upload] = field(default_factory=dict)

    def check(self, faulty: Faulty, place: tuple[str, ...] = ()) -> None:
        """Note all that Discord would not accept."""
        form = Form(self.body, faulty, place)
        form.text("content", CONTENT)
        form.boolean("tts")
        check_embeds(form)
        check_rows(form)
        self._check_mentions(form)
        self._check_attachments(form)
        flags = form.number("flags", 0, 1 << 31)
        if flags and int(flags) & ~SETTABLE:
            form.fault("flags", "MESSAGE_FLAGS_INVALID", "Not all can be set.")
        if flags and int(flags) & Flag.COMPONENTS_V2:
            form.fault("flags", "UNSUPPORTED", "The double knows no such layouts.")

    @property
    def flags(self) -> Flag:
        """The flags that are asked for."""
        return Flag(int(self.body.get("flags") or 0))

    @property
    def allowed_mentions(self) -> Json | None:
        """Whom the message may ping; None leaves it to Discord."""
        return self.body.get("allowed_mentions")

    def write(self, message: Message) -> None:
        """Give a message what was given; what was not stays as it is."""
        was = (message.content, message.embeds, message.components, message.uploads)
        if "content" in self.body:
            message.content = (self.body["content"] or "").strip()
        for name in ("embeds", "components"):
            if name in self.body:
                setattr(message, name, json.loads(json.dumps(self.body[name] or [])))
        if "attachments" in self.body or self.files:
            message.uploads = self._uploads(message)
        if not (
            message.content or message.embeds or message.components or message.uploads
        ):
            message.content, message.embeds, message.components, message.uploads = was
            raise empty_message()

    def edit(self, message: Message) -> None:
        """Write into a message that is there, and remember how it was."""
        before = message.payload()
        self.write(message)
        if not message.loading:
            message.edited_at = datetime.now(UTC)
            message.before.append(before)
        message.flags &= ~Flag.LOADING

    def _uploads(self, message: Message) -> list[Upload]:
        listed = self.body.get("attachments")
        kept = message.uploads
        if listed is not None:
            ids = {int(item["id"]) for item in listed}
            kept = [upload for upload in kept if upload.id in ids]
        return [*kept, *self.files.values()]

    def _check_mentions(self, form: Form) -> None:
        mentions = form.form("allowed_mentions")
        if mentions is None:
            return
        parse = mentions.values("parse", len(KINDS))
        for kind in parse:
            if kind not in KINDS:
                message = f"Value must be one of {KINDS}."
                mentions.fault("parse", "BASE_TYPE_CHOICES", message)
        for kind in ("users", "roles"):
            if mentions.snowflakes(kind, MENTIONS) and kind in parse:
                mentions.fault(
                    kind, "MUTUALLY_EXCLUSIVE", f'parse:["{kind}"] and {kind}: [ids...]'
                )

    def _check_attachments(self, form: Form) -> None:
        for item in form.forms("attachments", FILES):
            item.snowflake("id", required=True)
            item.text("filename", 1024)
            item.text("description", 1024)
        if len(self.files) > FILES:
            form.fault("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer.")
