"""What an action hands the edge besides sentences: commands, and the kind of a reply."""

from typing import Any

Custom = dict[str, Any]


def command(name: str, kind: str = "ordinary", **facts: object) -> Custom:
    """The custom part of a message that carries one command for the edge."""
    return {"kind": kind, "commands": [{"name": name, **facts}]}


def hand_off(reason: str) -> Custom:
    """The command that puts the conversation before a person.

    `reason` is asked, crisis, fallback or complaint. Its text is sent whatever happens meanwhile.
    """
    return command("hand_off", "crisis" if reason == "crisis" else "announcement", reason=reason)
