"""Where a train is told of things in Slack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from datalayer.domains.arguments import check_texts


class SlackTexts(TypedDict):
    """The settings that may be read by whoever sees the train."""

    slack_channel: str | None
    slack_username: str | None
    slack_icon_emoji: str | None


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """What to set; None leaves what is there, an empty text removes it."""

    #: Whoever knows it can write to the channel: it is stored encrypted.
    webhook_url: str | None = field(default=None, repr=False)
    channel: str | None = None
    username: str | None = None
    icon_emoji: str | None = None
    enabled: bool | None = None

    def check(self) -> None:
        """Raise `InvalidArgument` for a text that no column can hold."""
        check_texts(
            slack_channel=self.channel,
            slack_username=self.username,
            slack_icon_emoji=self.icon_emoji,
        )

    def texts(self) -> SlackTexts:
        """Return the settings that are no secrets, as columns."""
        return {
            "slack_channel": self.channel,
            "slack_username": self.username,
            "slack_icon_emoji": self.icon_emoji,
        }


#: Nothing to set.
NO_SLACK = SlackSettings()


def webhook_of(train_id: str) -> str:
    """Return what the webhook of a train is called in messages."""
    return f"the webhook of train `{train_id}`"
