"""The conversation in the terminal: one line, one deed."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tuxdb.bot.double import Member, Message, NotOffered, Reply
from tuxdb.bot.double.command_form import NESTED, Option
from tuxdb.bot.double.components import SELECTS
from tuxdb.bot.double.places import Json
from tuxdb.bot.playground.drawing import drawn, form_fields, reply_lines
from tuxdb.bot.playground.stage import PEOPLE, Stage, staged
from tuxdb.bot.playground.typed import Typed, found, read_command

if TYPE_CHECKING:
    from tuxdb.settings import Settings

Ask = Callable[[str], Awaitable[str | None]]
"""Shows a prompt and returns what was typed; None at the end of the input."""
Write = Callable[[str, str], None]
"""Writes a line, safe to show, in a style."""

KINDS = {
    Option.STRING: "text",
    Option.INTEGER: "number",
    Option.NUMBER: "number",
    Option.BOOLEAN: "yes or no",
    Option.USER: "@member",
    Option.ROLE: "@role",
    Option.MENTIONABLE: "@member or @role",
    Option.CHANNEL: "#channel",
}
HELP = (
    ("/points transfer @bob 50", "use a command; options in order, or as name:value"),
    ("/points ?", "what there is, or what the bot offers for an option"),
    ("?", "all commands that you may use"),
    ("press 1", "press a button, by number or by what is on it"),
    ("pick 1 VALUE", "choose in a select"),
    ("menu Show points @bob", "use an entry of the menu of a member"),
    ("say TEXT", "write a message"),
    ("again", "deliver the last interaction a second time"),
    ("as bob", "be somebody else"),
    ("in #random", "go into another channel"),
    ("people", "who there is"),
    ("leave @bob, join bob", "have somebody leave the server, or come back"),
    ("quit", "end"),
)


async def play(settings: "Settings", ask: Ask, write: Write) -> None:
    """Play until the input ends."""
    write("setting the stage: a made server, its people, and the bot", "dim")
    async with staged(settings) as stage:
        write("help shows what can be typed; quit ends it", "dim")
        await Play(stage, ask, write).run()


class Play:
    """Reads lines, acts for one person at a time, and shows what comes of it."""

    def __init__(self, stage: Stage, ask: Ask, write: Write) -> None:
        self.stage = stage
        self._ask, self._write = ask, write
        self._reply: Reply | None = None
        self._shown: dict[int, str] = {}
        """What messages were like when they were drawn."""
        self._deeds: dict[str, Callable[[str], Awaitable[None]]] = {
            "press": self._press,
            "pick": self._pick,
            "menu": self._menu,
            "say": self._say,
            "again": self._again,
            "as": self._become,
            "in": self._enter,
            "people": self._people,
            "leave": self._leave,
            "join": self._join,
            "help": self._help,
        }

    async def run(self) -> None:
        """Take line after line."""
        while True:
            stage = self.stage
            line = await self._ask(f"{stage.actor.name} #{stage.channel.name}> ")
            if line is None or line.strip() in ("quit", "exit"):
                return
            try:
                await self._take(line.strip())
            except NotOffered as refusal:
                self._write(f"  {refusal}", "error")
            self._draw()

    async def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if not line:
            return
        if line == "?":
            self._list(self._offered())
        elif line.startswith("/") and line.endswith("?"):
            await self._complete(line[1:-1])
        elif line.startswith("/"):
            await self._use(line[1:])
        elif word in self._deeds:
            await self._deeds[word](rest.strip())
        else:
            raise NotOffered("commands begin with a slash; help shows the others")

    async def _use(self, line: str) -> None:
        typed = read_command(self._offered(), line)
        if not typed.is_whole:
            self._list([typed.command], at=typed)
            return
        stage = self.stage
        values = typed.values(stage.guild)
        reply = stage.discord.people.use(
            stage.actor, typed.name, where=stage.channel, forced=False, options=values
        )
        await self._follow(reply)

    async def _follow(self, reply: Reply) -> None:
        """Wait for what the bot makes of it; fill in the form, if it opens one."""
        self._reply = reply
        await reply.finished()
        for line in reply_lines(reply):
            self._write(line.text, line.style)
        if not reply.modal:
            return
        values: dict[str, object] = {}
        for label, field in form_fields(reply):
            usual = field.get("value") or ""
            typed = await self._ask(f"  {label}{f' [{usual}]' if usual else ''}: ")
            if typed is None:
                return
            values[field["custom_id"]] = typed or usual
        people = self.stage.discord.people
        await self._follow(people.submit(self.stage.actor, reply, values))

    async def _complete(self, line: str) -> None:
        """Show what may follow: sub-commands, options, or what the bot offers."""
        typed = read_command(self._offered(), line)
        option = typed.next_option() if line.endswith(" ") else None
        if option is None and typed.last is not None:
            option = next(o for o in typed.options if o["name"] == typed.last)
        if not typed.is_whole or option is None or not option.get("autocomplete"):
            self._list([typed.command], at=typed)
            return
        text = typed.texts.pop(option["name"], "")
        others = typed.values(self.stage.guild)
        reply = self.stage.discord.people.complete(
            self.stage.actor, typed.name, option["name"], text, others
        )
        await reply.finished()
        for shown in reply_lines(reply):
            self._write(shown.text, shown.style)
        choices = reply.choices or []
        for choice in choices:
            self._write(f"  {choice['value']}  {choice['name']}", "")
        if not choices:
            self._write(f"  nothing is offered for {option['name']}", "dim")

    async def _press(self, wanted: str) -> None:
        message, part = self._part(wanted)
        if part["type"] in SELECTS:
            raise NotOffered(f"it is a select: pick {wanted} VALUE")
        people, actor = self.stage.discord.people, self.stage.actor
        button = part.get("custom_id") or part.get("label") or ""
        await self._follow(people.press(actor, message, button, forced=False))

    async def _pick(self, rest: str) -> None:
        wanted, _, value = rest.partition(" ")
        message, part = self._part(wanted)
        chosen: object = value
        if value.startswith(("@", "#")):
            kind = Option.CHANNEL if value.startswith("#") else Option.MENTIONABLE
            chosen = found(self.stage.guild, value, kind)
        people, actor = self.stage.discord.people, self.stage.actor
        custom_id = part["custom_id"]
        await self._follow(people.select(actor, message, [chosen], custom_id))

    def _part(self, wanted: str) -> tuple[Message, Json]:
        """What can be pressed under a number, or with a label."""
        for message in reversed(self.stage.messages()):
            for number, part in enumerate(message.parts, 1):
                if wanted in (str(number), part.get("label")):
                    return message, part
            if message.parts:
                break
        raise NotOffered(f"there is nothing to press under {wanted or 'no number'}")

    async def _menu(self, rest: str) -> None:
        name, _, who = rest.rpartition(" ")
        target = found(self.stage.guild, who, Option.USER)
        stage = self.stage
        member = stage.members[target.name]
        reply = stage.discord.people.menu(
            stage.actor, name, member, where=stage.channel, forced=False
        )
        await self._follow(reply)

    async def _say(self, text: str) -> None:
        if not text:
            raise NotOffered("an empty message cannot be sent")
        message = self.stage.discord.say(self.stage.actor, text, self.stage.channel)
        self._shown[message.id] = _state(message)

    async def _again(self, _rest: str) -> None:
        if self._reply is None:
            raise NotOffered("nothing was done yet")
        self.stage.discord.redeliver(self._reply)
        await self._reply.finished()
        codes = ", ".join(map(str, self._reply.refused)) or "none"
        self._write(f"  refused by Discord with: {codes}", "dim")

    async def _become(self, name: str) -> None:
        self.stage.actor = self._member(name)
        self._shown = {item.id: _state(item) for item in self.stage.messages()}

    async def _enter(self, name: str) -> None:
        place = found(self.stage.guild, name, Option.CHANNEL)
        self.stage.channel = self.stage.guild.channels[place.id]
        self._shown = {}

    async def _people(self, _rest: str) -> None:
        for name, member in self.stage.members.items():
            about = PEOPLE.get(name, ("is the bot",))[0]
            gone = ", timed out" if member.is_timed_out else ""
            self._write(f"  @{name}  {about}{gone}", "")

    async def _leave(self, name: str) -> None:
        member = self._member(name)
        if member is self.stage.actor or member.user is self.stage.discord.realm.bot:
            raise NotOffered("be somebody else first")
        self.stage.discord.leave(member)

    async def _join(self, name: str) -> None:
        name = name.removeprefix("@")
        known = self.stage.discord.realm.users.values()
        user = next((item for item in known if item.name == name), None)
        if name in self.stage.members:
            raise NotOffered(f"{name} is here")
        self.stage.discord.member(self.stage.guild, user or name)

    async def _help(self, _rest: str) -> None:
        for typed, meaning in HELP:
            self._write(f"  {typed:<26}{meaning}", "")

    def _member(self, name: str) -> Member:
        return self.stage.members[found(self.stage.guild, name, Option.USER).name]

    def _offered(self) -> list[Json]:
        people = self.stage.discord.people
        return people.offered(self.stage.actor, self.stage.channel)

    def _list(self, commands: list[Json], at: Typed | None = None) -> None:
        """Show commands, or what is below one."""
        if at is not None:
            inner = at.options
            if not at.is_whole:
                for item in inner:
                    text = f"  /{at.name} {item['name']}  {item['description']}"
                    self._write(text, "")
                return
            for item in inner:
                self._write(f"  {_described(item)}", "")
            return
        for command in sorted(commands, key=lambda item: str(item["name"])):
            if command["type"] != 1:
                self._write(f"  menu {command['name']}", "")
                continue
            nested = [o for o in command["options"] if o["type"] in NESTED]
            for item in nested:
                text = f"  /{command['name']} {item['name']}  {item['description']}"
                self._write(text, "")
            if not nested:
                self._write(f"  /{command['name']}  {command['description']}", "")

    def _draw(self) -> None:
        """Show what is new or otherwise since it was last shown."""
        for message in self.stage.messages():
            state = _state(message)
            if self._shown.get(message.id) != state:
                self._shown[message.id] = state
                for line in drawn(message, self.stage.name_of):
                    self._write(line.text, line.style)


def _state(message: Message) -> str:
    return str((message.text, message.components, message.loading))


def _described(option: Json) -> str:
    kind = KINDS.get(option["type"], "")
    choices = ", ".join(choice["name"] for choice in option.get("choices", []))
    more = "" if option.get("required") else ", optional"
    offered = ", the bot offers some" if option.get("autocomplete") else ""
    what = choices or kind
    return f"{option['name']}: {what}{more}{offered}  {option['description']}"
