"""Conversations as people have them: who says what after which, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

from hypothesis import strategies as st

from datalayer.runtime import JsonInput, JsonValue

#: Minutes before the clocks of the Chatham Islands are put back.
START = datetime(2026, 4, 4, 13, 57, tzinfo=UTC)

#: How a client tells that it goes on after a summary.
CONTINUED = (
    "This session is being continued from a previous conversation that ran out of "
    "context. The conversation is summarized below:\n"
)

Kind = Literal["begin", "continue", "task", "summary"]
StepKind = Literal["begin", "continue", "retry", "task", "lost", "summary"]
Block = dict[str, JsonValue]


@dataclass(frozen=True)
class Message:
    role: str
    blocks: tuple[Block, ...]

    def said(self) -> JsonValue:
        return [self.role, list(self.blocks)]


@dataclass(frozen=True, eq=False)
class Asked:
    """A request with its response, and what is true of it."""

    request_id: UUID
    tick: int
    kind: Kind
    messages: tuple[Message, ...]
    system: str | None
    reply: tuple[Block, ...]
    #: What it continues.
    parent: Asked | None = None
    #: What called for the sub-task that it begins, and the one that it begins again.
    invoker: Asked | None = None
    repeated: Asked | None = None
    #: Whether no other response says the same.
    is_unique: bool = True

    @property
    def moment(self) -> tuple[int, str]:
        return (self.tick, str(self.request_id))

    @property
    def timestamp(self) -> datetime:
        return START + timedelta(minutes=self.tick)

    @property
    def prompts(self) -> list[str]:
        uses = (block["input"] for block in self.reply if block["type"] == "tool_use")
        return [str(use["prompt"]) for use in uses if isinstance(use, dict)]


@dataclass(frozen=True)
class Step:
    kind: StepKind
    pick: int
    variant: int
    wait: int
    tasks: int


#: What happens in a world, one thing after another.
STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(
            [
                "begin",
                "continue",
                "continue",
                "continue",
                "retry",
                "task",
                "task",
                "lost",
                "summary",
            ]
        ),
        pick=st.integers(0, 5),
        variant=st.integers(0, 2),
        wait=st.sampled_from([0, 0, 1]),
        tasks=st.sampled_from([0, 0, 1, 2, 3, 4]),
    ),
    min_size=1,
    max_size=14,
)


@dataclass
class World:
    """All requests of a train, in an order in which they may have been made."""

    random: Random
    asked: list[Asked] = field(default_factory=list)
    tick: int = 0

    def take(self, step: Step) -> None:
        self.tick += step.wait
        if step.kind == "begin" or not self.asked:
            self._begin(step)
            return
        base = self._pick(self.asked, step)
        if step.kind == "task":
            invokers = [one for one in self.asked if one.prompts]
            if invokers:
                invoker = self._pick(invokers, step)
                self._begin_task(
                    invoker, invoker.prompts[step.variant % len(invoker.prompts)], step
                )
        elif step.kind == "summary":
            self._summarise(base, step)
        elif step.kind == "retry":
            self._retry(base, step)
        else:
            self._continue(base, step, is_lost=step.kind == "lost")

    def _pick(self, asked: list[Asked], step: Step) -> Asked:
        return asked[-1 - step.pick % len(asked)]

    def _begin(self, step: Step) -> None:
        number = len(self.asked)
        if step.variant == 0:
            self._add("begin", (user(f"Question {number}\n?"),), None, step)
        elif step.variant == 1:
            # The responses tell those apart that begin in the same way.
            self._add("begin", (user("Hello\nthere"),), None, step)
        else:
            # Only the system prompt tells these apart.
            reply = (text("Hi\nthere"),)
            system = f"You are number {number}\n."
            self._add("begin", (user("Hey"),), system, step, reply=reply)

    def _continue(self, base: Asked, step: Step, *, is_lost: bool) -> None:
        said = ("Go on\n.", "What else\n?", f"Explain {len(self.asked)}")[step.variant]
        messages = [*base.messages, Message("assistant", base.reply)]
        results: list[Block] = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": "done"}
            for block in base.reply
            if block["type"] == "tool_use"
        ]
        if is_lost:
            lost = f"Lost {len(self.asked)}"
            messages += [Message("user", (*results, text(lost))), assistant(lost)]
            results = []
        messages.append(Message("user", (*results, text(said))))
        self._add("continue", tuple(messages), base.system, step, parent=base)

    def _retry(self, base: Asked, step: Step) -> None:
        if base.kind == "task":
            assert base.invoker is not None
            prompt = str(base.messages[0].blocks[0]["text"])
            self._begin_task(base.invoker, prompt, step)
        elif base.kind == "summary":
            assert base.parent is not None
            self._summarise(base.parent, step)
        elif base.is_unique:
            self._add(base.kind, base.messages, base.system, step, parent=base.parent)

    def _begin_task(self, invoker: Asked, prompt: str, step: Step) -> None:
        message = user(prompt)
        begun = [
            one
            for one in self.asked
            if one.invoker is invoker and one.messages == (message,)
        ]
        repeated = None
        if len([one for one in begun if one.repeated is None]) >= (
            invoker.prompts.count(prompt)
        ):
            repeated = max(begun, key=lambda one: one.moment)
            # Which one is repeated is certain when the others are over.
            self.tick = max(self.tick, repeated.tick + 1)
        self._add("task", (message,), None, step, invoker=invoker, repeated=repeated)

    def _summarise(self, base: Asked, step: Step) -> None:
        if not base.is_unique:
            return
        summary = str(base.reply[0]["text"])
        self._add("summary", (user(CONTINUED + summary),), None, step, parent=base)

    def _add(
        self,
        kind: Kind,
        messages: tuple[Message, ...],
        system: str | None,
        step: Step,
        *,
        reply: tuple[Block, ...] | None = None,
        parent: Asked | None = None,
        invoker: Asked | None = None,
        repeated: Asked | None = None,
    ) -> None:
        number = len(self.asked)
        answer = (text(f"Answer {number}\n."), *tasks(number, step.tasks))
        self.asked.append(
            Asked(
                UUID(int=self.random.getrandbits(128)),
                self.tick,
                kind,
                messages,
                system,
                reply or answer,
                parent,
                invoker,
                repeated,
                is_unique=reply is None,
            )
        )


def build_world(steps: list[Step], random: Random) -> list[Asked]:
    """Return the requests of a world in the order in which they were made."""
    world = World(random)
    for step in steps:
        world.take(step)
    return world.asked


def arrive(asked: list[Asked], random: Random) -> list[Asked]:
    """Return requests in an order that respects time."""
    return sorted(asked, key=lambda one: (one.tick, random.random()))


def arrive_late(asked: list[Asked], random: Random) -> list[Asked]:
    """Return requests in any order, but for those whose origin depends on it.

    Which sub-task one repeats is a matter of which were there.
    """
    kept: list[Asked] = []
    for one in asked:
        above = one.parent or one.invoker
        if one.repeated is None and (above is None or above in kept):
            kept.append(one)
    return random.sample(kept, len(kept))


def text(said: str) -> Block:
    return {"type": "text", "text": said}


def user(said: str) -> Message:
    return Message("user", (text(said),))


def assistant(said: str) -> Message:
    return Message("assistant", (text(said),))


def tasks(number: int, count: int) -> tuple[Block, ...]:
    """Return invocations: one, two, two of one prompt, or two of one and another."""
    letters = ("", "a", "ab", "aa", "aab")[count]
    return tuple(
        {
            "type": "tool_use",
            "id": f"toolu_{number}_{position}",
            "name": "Task",
            "input": {"prompt": f"Do {letter}\nof {number}", "description": letter},
        }
        for position, letter in enumerate(letters)
    )


def render(asked: Asked, random: Random) -> JsonInput:
    """Return the body of a request in one of the ways in which it may be sent."""
    body: dict[str, JsonInput] = {
        "messages": [
            {"role": message.role, "content": _render(message.blocks, random)}
            for message in asked.messages
        ]
    }
    if asked.system is not None:
        body["system"] = _render((text(asked.system),), random)
    return body


def _render(blocks: tuple[Block, ...], random: Random) -> JsonInput:
    if len(blocks) == 1 and blocks[0]["type"] == "text" and random.random() < 0.3:
        return _spell(str(blocks[0]["text"]), random)
    rendered: list[JsonInput] = []
    for block in blocks:
        sent: dict[str, JsonInput] = dict(block)
        if block["type"] == "text":
            sent["text"] = _spell(str(block["text"]), random)
        if random.random() < 0.2:
            sent["cache_control"] = {"type": "ephemeral"}
        rendered.append(sent)
        if block["type"] != "text" and random.random() < 0.2:
            rendered.append(sent)
    if random.random() < 0.2:
        rendered.append({**text("<system-reminder>\nNow\n</system-reminder>\n")})
    return rendered


def _spell(said: str, random: Random) -> str:
    return random.choice(
        [
            said,
            said.replace("\n", "\r\n"),
            f"  {said}\n",
            f"<system-reminder>It is {random.random()}</system-reminder>\n{said}",
        ]
    )
