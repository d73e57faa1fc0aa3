"""The engine in a terminal: parsing JSON lines, and a conversation."""

import asyncio
import json
import uuid
from collections.abc import Iterable
from typing import Any, TextIO

import click

from actions.directory import directory
from bot.engine import load, memory_store
from bot.failures import EngineFailure
from bot.logs import quiet_logs
from bot.model import newest
from bot.turn import Incoming, parse, take_turn
from helpline.directory.load import ensure_loaded
from helpline.migrate import upgrade


class BadLine(Exception):
    """A line of input that cannot be parsed; says which and why."""


def parse_lines(lines: Iterable[bytes], out: TextIO) -> None:
    """Writes the judgement of each line, in order. Raises BadLine."""
    quiet_logs()
    agent = load(newest(), memory_store())
    loop = asyncio.new_event_loop()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        asked = _asked(number, line)
        judged = loop.run_until_complete(parse(agent, asked["text"], asked.get("language"), asked.get("country")))
        out.write(json.dumps(judged, ensure_ascii=False) + "\n")
        out.flush()


def _asked(number: int, line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except ValueError:
        raise BadLine(f"line {number} is not JSON in UTF-8") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
        raise BadLine(f'line {number} needs a "text" that is a string')
    for name in ("language", "country"):
        if not isinstance(asked.get(name), (str, type(None))):
            raise BadLine(f'line {number}: "{name}" must be a string')
    return asked


def talk(channel: str, language: str | None, country: str | None) -> None:
    """A conversation in the terminal, ended by /quit or end of input; buttons are answered by their number."""
    quiet_logs()
    upgrade(directory())
    ensure_loaded(directory())
    agent = load(newest(), memory_store())
    loop = asyncio.new_event_loop()
    conversation = uuid.uuid4().hex
    offered: list[str] = []
    while (text := _read()) is not None:
        number = text.strip()
        chosen = offered[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(offered) else None
        incoming = Incoming(
            conversation=conversation,
            message_id=uuid.uuid4().hex,
            text=chosen or text,
            payload=chosen is not None,
            channel=channel,
            language=language,
            country=country,
        )
        try:
            answer = loop.run_until_complete(take_turn(agent, incoming))
        except EngineFailure as failure:
            click.secho(f"(the engine failed: {failure})", fg="red")
            continue
        offered, language = _show(answer), answer["language"]


def _read() -> str | None:
    try:
        text: str = click.prompt("you", prompt_suffix="> ", default="", show_default=False)
    except (click.Abort, EOFError):
        return None
    return None if text.strip() == "/quit" else text


def _show(answer: dict[str, Any]) -> list[str]:
    """Prints an answer and returns the payloads of its buttons in the order of their numbers."""
    payloads: list[str] = []
    for reply in answer["replies"]:
        click.secho(reply["text"], fg="red" if reply["kind"] == "crisis" else "cyan")
        for button in reply["buttons"]:
            payloads.append(button["payload"])
            click.echo(f"  {len(payloads)} {button['title']}")
    for command in answer["commands"]:
        click.secho(f"  ({json.dumps(command, ensure_ascii=False)})", fg="yellow")
    if answer["safety"]["level"] != "none":
        click.secho(f"  (safety: {answer['safety']['level']})", fg="yellow")
    return payloads
