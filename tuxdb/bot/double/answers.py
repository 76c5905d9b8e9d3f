"""How interactions are answered: the callback, and the webhook that comes with one."""

from tuxdb.bot.double.calls import Call
from tuxdb.bot.double.components import check_modal
from tuxdb.bot.double.drafts import Draft
from tuxdb.bot.double.forms import Faulty, Form
from tuxdb.bot.double.messages import Flag, Message, Pings
from tuxdb.bot.double.permissions import Permission
from tuxdb.bot.double.places import Json
from tuxdb.bot.double.posts import announce, announce_change, announce_end
from tuxdb.bot.double.realm import Realm, snowflake
from tuxdb.bot.double.refusals import (
    already_acknowledged,
    expired_token,
    unknown,
)
from tuxdb.bot.double.replies import Answer, Kind, Reply
from tuxdb.bot.double.suggestions import check_choices

COMMAND_REPLY, MENU_REPLY, INLINE_REPLY = 20, 23, 19
ALLOWED = {
    Kind.COMMAND: (Answer.MESSAGE, Answer.DEFER, Answer.MODAL),
    Kind.AUTOCOMPLETE: (Answer.CHOICES,),
    Kind.COMPONENT: (
        Answer.MESSAGE,
        Answer.DEFER,
        Answer.DEFER_UPDATE,
        Answer.UPDATE,
        Answer.MODAL,
    ),
    Kind.MODAL: (Answer.MESSAGE, Answer.DEFER, Answer.DEFER_UPDATE, Answer.UPDATE),
}
MOST_FLAGS = (1 << 31) - 1
KEPT_FLAGS = Flag.EPHEMERAL | Flag.SUPPRESS_EMBEDS | Flag.SUPPRESS_NOTIFICATIONS


class Answers:
    """Serves the callback of interactions and their webhooks."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    async def callback(self, call: Call) -> Json | None:
        """Acknowledge or answer an interaction for the first time."""
        reply = self._realm.replies.get(call.path["token"])
        wanted = snowflake(call.path["interaction"])
        if reply is None or reply.id != wanted or reply.expired:
            raise unknown("interaction")
        if reply.answer is not None:
            refusal = already_acknowledged()
            reply.refused.append(refusal.code)
            raise refusal
        self._answer(reply, call, self._answer_type(reply, call))
        return _described(reply) if call.query.get("with_response") in _TRUE else None

    def _answer_type(self, reply: Reply, call: Call) -> Answer:
        faulty = Faulty()
        form = Form(call.data, faulty)
        allowed = ALLOWED[reply.kind]
        if reply.message is None and reply.kind is Kind.MODAL:
            allowed = (Answer.MESSAGE, Answer.DEFER)
        answer = form.choice("type", allowed)
        faulty.refuse()
        return Answer(answer or 0)

    def _answer(self, reply: Reply, call: Call, answer: Answer) -> None:
        """Do what the answer asks for; the reply is acknowledged only if it can be."""
        if answer in (Answer.MODAL, Answer.CHOICES):
            self._show(reply, call.data.get("data"), answer)
        elif answer is Answer.DEFER:
            faulty = Faulty()
            form = Form(call.data.get("data") or {}, faulty, ("data",))
            flags = Flag(int(form.number("flags", 0, MOST_FLAGS) or 0))
            faulty.refuse()
            reply.original = self._new(reply, flags & Flag.EPHEMERAL | Flag.LOADING)
            reply.acknowledge(answer)
        elif answer is Answer.DEFER_UPDATE:
            reply.original = reply.message
            reply.acknowledge(answer)
        elif answer is Answer.UPDATE and reply.message is not None:
            draft = call.draft(self._realm, "data")
            draft.edit(reply.message)
            reply.original = reply.message
            reply.acknowledge(answer)
            announce_change(self._realm, reply.message)
        else:
            reply.original = self._post(reply, call.draft(self._realm, "data"))
            reply.acknowledge(answer)

    def _show(self, reply: Reply, data: object, answer: Answer) -> None:
        faulty = Faulty()
        form = Form(data, faulty, ("data",))
        if answer is Answer.MODAL:
            check_modal(form)
        else:
            check_choices(form, reply.focused or {})
        faulty.refuse()
        if answer is Answer.MODAL:
            reply.modal = form.data
        else:
            reply.choices = form.data["choices"]
        reply.acknowledge(answer)

    async def follow_up(self, call: Call) -> Json:
        """Write another message; the first after a deferral takes its place."""
        reply = self._reply(call)
        draft = call.draft(self._realm)
        original = reply.original
        if original and original.loading and not original.deleted:
            self._edit(reply, original, draft)
            return original.payload()
        message = self._post(reply, draft)
        reply.followups.append(message)
        reply.answered.set()
        return message.payload()

    async def message(self, call: Call) -> Json:
        """Show a message of the interaction."""
        return self._find(call)[1].payload()

    async def edit(self, call: Call) -> Json:
        """Change a message of the interaction."""
        reply, message = self._find(call)
        self._edit(reply, message, call.draft(self._realm))
        return message.payload()

    async def delete(self, call: Call) -> None:
        """Take a message of the interaction away."""
        reply, message = self._find(call)
        message.deleted = True
        reply.answered.set()
        announce_end(self._realm, message)

    def _edit(self, reply: Reply, message: Message, draft: Draft) -> None:
        before, was_loading = message.payload(), message.loading
        draft.edit(message)
        if was_loading:
            message.pings = self._pings(reply, message, draft)
            announce(self._realm, message)
        else:
            announce_change(self._realm, message)
        if message is reply.original:
            reply.edits.append(before)
        reply.answered.set()

    def _post(self, reply: Reply, draft: Draft) -> Message:
        message = self._new(reply, draft.flags & KEPT_FLAGS)
        draft.write(message)
        message.pings = self._pings(reply, message, draft)
        self._realm.keep(message)
        announce(self._realm, message)
        return message

    def _new(self, reply: Reply, flags: Flag) -> Message:
        first = reply.original is None and reply.kind is Kind.COMMAND
        is_menu = reply.payload["data"].get("type", 1) != 1
        kind = (MENU_REPLY if is_menu else COMMAND_REPLY) if first else INLINE_REPLY
        person = reply.member.user
        message = Message(
            self._realm.snowflake(),
            reply.channel,
            self._realm.bot,
            flags=flags,
            type=kind if first or reply.message else 0,
            application_id=self._realm.application_id,
            seen_by=person if flags & Flag.EPHEMERAL else None,
            metadata=_metadata(reply),
        )
        return self._realm.keep(message)

    def _pings(self, reply: Reply, message: Message, draft: Draft) -> Pings:
        if message.ephemeral:
            return Pings()
        guild = reply.channel.guild
        may = guild is not None and bool(
            self._realm.me(guild).permissions(reply.channel)
            & Permission.MENTION_EVERYONE
        )
        allowed = draft.allowed_mentions
        return Pings.of(message.content, allowed, users_only=True, may_call_all=may)

    def _reply(self, call: Call) -> Reply:
        reply = self._realm.replies.get(call.path["token"])
        application_id = snowflake(call.path["application"])
        if reply is None or application_id != self._realm.application_id:
            raise unknown("Webhook")
        if reply.over:
            raise expired_token()
        if reply.answer is None:
            raise unknown("Webhook")
        return reply

    def _find(self, call: Call) -> tuple[Reply, Message]:
        reply = self._reply(call)
        wanted = call.path["message"]
        if wanted == "@original":
            message = reply.original
        else:
            number = snowflake(wanted)
            known = (reply.original, reply.message, *reply.followups)
            message = next((item for item in known if item and item.id == number), None)
        if message is None or message.deleted:
            raise unknown("Message")
        return reply, message


_TRUE = ("1", "true", "True")


def _metadata(reply: Reply) -> Json:
    integration = {"0": str(reply.channel.guild.id)} if reply.channel.guild else {}
    metadata: Json = {
        "id": str(reply.id),
        "type": int(reply.kind),
        "user": reply.member.user.payload(),
        "authorizing_integration_owners": integration,
    }
    if reply.kind is Kind.COMPONENT and reply.message:
        metadata["interacted_message_id"] = str(reply.message.id)
    if reply.kind is Kind.MODAL:
        inner = dict(metadata, type=int(Kind.COMMAND))
        metadata["triggering_interaction_metadata"] = inner
    return metadata


def _described(reply: Reply) -> Json:
    about: Json = {"id": str(reply.id), "type": int(reply.kind)}
    described: Json = {"interaction": about}
    if reply.original is not None:
        about["response_message_id"] = str(reply.original.id)
        about["response_message_loading"] = reply.original.loading
        about["response_message_ephemeral"] = reply.original.ephemeral
        resource: Json = {"type": int(reply.answer or 0)}
        if reply.answer is not Answer.DEFER_UPDATE:
            resource["message"] = reply.original.payload()
        described["resource"] = resource
    return described
