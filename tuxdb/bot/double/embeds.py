"""What Discord lets an embed be."""

from datetime import datetime

from tuxdb.bot.double.forms import REQUIRED, Form

EMBEDS, FIELDS, CHARACTERS = 10, 25, 6000
TITLE, DESCRIPTION, NAME, VALUE, FOOTER, AUTHOR, URL = (
    256,
    4096,
    256,
    1024,
    2048,
    256,
    2048,
)
WHITE = 0xFFFFFF
SCHEMES = ("http://", "https://", "attachment://")


def check_embeds(body: Form) -> list[Form]:
    """The embeds of a message; together they are bounded, too."""
    embeds = body.forms("embeds", EMBEDS)
    characters = sum(_check_embed(embed) for embed in embeds)
    if characters > CHARACTERS:
        body.fault(
            "embeds",
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {CHARACTERS}",
        )
    return embeds


def _check_embed(embed: Form) -> int:
    """Check one; returns its characters."""
    texts = [embed.text("title", TITLE), embed.text("description", DESCRIPTION)]
    _check_url(embed, "url")
    embed.number("color", 0, WHITE)
    _check_timestamp(embed)
    for name, text, most in (("footer", "text", FOOTER), ("author", "name", AUTHOR)):
        if part := embed.form(name):
            texts.append(part.text(text, most, least=1, required=True))
            _check_url(part, "icon_url")
            _check_url(part, "url")
    for name in ("image", "thumbnail"):
        if part := embed.form(name):
            part.text("url", URL, least=1, required=True)
            _check_url(part, "url")
    fields = embed.forms("fields", FIELDS)
    for field in fields:
        texts.append(field.text("name", NAME, least=1, required=True))
        texts.append(field.text("value", VALUE, least=1, required=True))
        field.boolean("inline")
    shown = ("image", "thumbnail", "url")
    if not any(text.strip() for text in texts) and not any(
        map(embed.__contains__, shown)
    ):
        embed.fault("description", REQUIRED, "This field is required")
    return sum(len(text.strip()) for text in texts)


def _check_url(form: Form, name: str) -> None:
    url = form.text(name, URL)
    if url and not url.startswith(SCHEMES):
        scheme = url.partition(":")[0]
        message = f'Scheme "{scheme}" is not supported. Use http or https.'
        form.fault(name, "URL_TYPE_INVALID_SCHEME", message)


def _check_timestamp(embed: Form) -> None:
    stamp = embed.data.get("timestamp")
    if stamp is None:
        return
    try:
        datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        message = f'"{stamp}" is not a valid ISO8601 time.'
        embed.fault("timestamp", "DATE_TIME_TYPE_PARSE", message)
