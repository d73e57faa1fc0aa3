"""Actions in a process of their own, by a setting."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from actions import __file__ as actions_file
from bot.actions_inside import action_endpoint
from bot.failures import EngineFailure

PROJECT = Path(actions_file).parent.parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Any:
    port = _free_port()
    command = [sys.executable, "-m", "rasa", "run", "actions", "--port", str(port)]
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false"}
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.2)
    yield f"http://127.0.0.1:{port}/webhook", process
    process.kill()
    process.wait()


def test_a_turn_through_a_separate_action_server(
    agent: Any, say: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, process = server
    monkeypatch.setattr(agent.processor, "action_endpoint", action_endpoint(url))
    assert "safe" in say("hello")["replies"][0]["text"]
    process.kill()
    process.wait()
    with pytest.raises(EngineFailure):
        say("hello again", message_id="two")
    monkeypatch.setattr(agent.processor, "action_endpoint", action_endpoint(""))
    assert say("hello again", message_id="two")["replies"]
