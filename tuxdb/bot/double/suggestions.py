"""What Discord lets autocompletion offer."""

from tuxdb.bot.double.forms import Form
from tuxdb.bot.double.places import Json

CHOICES, CHARACTERS = 25, 100
WHOLE = (1 << 53) - 1
STRING, INTEGER, NUMBER = 3, 4, 10


def check_choices(form: Form, option: Json) -> None:
    """Choices fit the type of the option they are for."""
    if not isinstance(form.data.get("choices"), list):
        form.fault("choices", "BASE_TYPE_REQUIRED", "This field is required")
    for choice in form.forms("choices", CHOICES):
        choice.text("name", CHARACTERS, least=1, required=True)
        check_value(choice, option.get("type", STRING))


def check_value(choice: Form, kind: int) -> None:
    """The value of a choice."""
    if kind == STRING:
        choice.text("value", CHARACTERS, least=1, required=True)
    else:
        whole = kind == INTEGER
        choice.number("value", -WHOLE, WHOLE, required=True, whole=whole)
