"""A whole helpline for the journeys: `havenline up` as a user starts it, a local Twilio, a real browser."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, sync_playwright
from twilio.request_validator import RequestValidator

from connectors.dev.local_server import running
from connectors.dev.twilio_api import TwilioApi

PROJECT = Path(__file__).resolve().parents[2]
SHARED = PROJECT / "var"  # the model and the gazetteer that `make run` uses as well
OUR_NUMBER = "+15005550006"
PATIENCE = 30  # seconds; the journeys measure nothing
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def wait_for(what: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """The first true result of `what`; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {patience} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Helpline:
    """A running helpline and the telephone network around it."""

    url: str
    twilio: TwilioApi
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    output: Path

    def text(self, sender: str, body: str, sid: str | None = None, **fields: str) -> httpx.Response:
        """Posts Twilio's webhook for a text, signed as Twilio signs."""
        form = {
            "MessageSid": sid or "SM" + secrets.token_hex(16),
            "AccountSid": self.twilio.account_sid,
            "From": sender,
            "To": OUR_NUMBER,
            "Body": body,
            "NumMedia": "0",
            **fields,
        }
        return self.post("/sms/twilio", form)

    def post(self, path: str, form: dict[str, str]) -> httpx.Response:
        url = self.url + path
        signature = RequestValidator(self.environment["HAVENLINE_TWILIO_AUTH_TOKEN"]).compute_signature(url, form)
        return httpx.post(url, data=form, headers={"X-Twilio-Signature": signature})

    def received(self, phone: str) -> list[str]:
        """What a phone has been sent, oldest first."""
        return [text.body for text in self.twilio.sent(phone)]

    def conversation(self, phone: str, *said: str) -> list[str]:
        """Says one thing after another, each after the answer to the one before; the answers to the last."""
        for words in said:
            before = len(self.received(phone))
            assert self.text(phone, words).status_code == 200
            wait_for(lambda before=before: len(self.received(phone)) > before)
            self.settle(phone)
        return self.received(phone)[before:]

    def settle(self, phone: str) -> None:
        """Waits until nothing more arrives at a phone."""
        count = -1
        while count != len(self.received(phone)):
            count = len(self.received(phone))
            time.sleep(0.7)

    def part(self, name: str) -> psutil.Process:
        """The running `edge` or `engine` process."""

        def find() -> psutil.Process | None:
            children = psutil.Process(self.process.pid).children()
            return next((p for p in children if name in p.cmdline()), None)

        found: psutil.Process = wait_for(find)
        return found

    def ready(self) -> bool:
        return answers(f"{self.url}/ready")

    def log(self) -> str:
        return self.output.read_text(errors="replace")


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def trained() -> Path:
    """The folder with the model and the gazetteer; made once, as `make run` makes them."""
    environment = {**os.environ, "HAVENLINE_DATA_DIR": str(SHARED)}
    subprocess.run([sys.executable, "-m", "helpline", "train"], env=environment, check=True)
    build = "from helpline.places.gazetteer import ensure_built; ensure_built()"
    subprocess.run([sys.executable, "-c", build], env=environment, check=True)
    return SHARED


@pytest.fixture(scope="session")
def helpline(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpline]:
    folder = tmp_path_factory.mktemp("line")
    for name in ("models", "places.db"):
        (folder / name).symlink_to(trained / name)
    with started(folder) as line:
        yield line


def environment_of(folder: Path, port: int) -> dict[str, str]:
    """The environment of a helpline with its data in a folder."""
    return {
        **os.environ,
        "HAVENLINE_DATA_DIR": str(folder),
        "HAVENLINE_PORT": str(port),
        "HAVENLINE_ENGINE_URL": f"http://127.0.0.1:{free_port()}",
        "HAVENLINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


@contextmanager
def started(folder: Path) -> Iterator[Helpline]:
    """A helpline with its data in a folder, started as `make run` starts it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    twilio = TwilioApi("AC" + secrets.token_hex(16), secrets.token_hex(16), f"{url}/sms/twilio")
    output = folder / "output.log"
    with running(twilio.app) as twilio_url, output.open("wb") as log:
        environment = environment_of(folder, port) | {
            "HAVENLINE_TWILIO_API_URL": twilio_url,
            "HAVENLINE_TWILIO_ACCOUNT_SID": twilio.account_sid,
            "HAVENLINE_TWILIO_AUTH_TOKEN": twilio.auth_token,
        }
        command = [sys.executable, "-m", "helpline", "up"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=PROJECT)
        line = Helpline(url, twilio, environment, process, output)
        try:
            wait_for(line.ready, 240)
            yield line
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def first_password(helpline: Helpline) -> str:
    """The one-time password that the start printed."""
    found = re.search(r"one-time password `(\S+)`", helpline.log())
    assert found
    return found[1]
