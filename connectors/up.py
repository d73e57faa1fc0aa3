"""`havenline up`: edge and engine as child processes of one that watches over them."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import click

from helpline import advocates
from helpline.line import open_line
from helpline.migrate import upgrade
from helpline.places.gazetteer import ensure_built
from helpline.settings import Settings, settings

STOP_SECONDS = 10  # then a part that does not stop is killed
LOOK_SECONDS = 0.2
LONGEST_WAIT = 30  # seconds between starts of a part that keeps failing: doubling from one
STEADY_SECONDS = 60  # a part that ran this long is not failing
HAVENLINE = (sys.executable, "-m", "helpline")


@dataclass
class Part:
    """One child process, restarted when it ends by itself."""

    name: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = 0.0
    starts: int = field(default=0)

    def start(self) -> None:
        """Starts the process in a group of its own, so that Ctrl-C reaches only the parent, which stops it."""
        self.process = subprocess.Popen(
            (*HAVENLINE, self.name, "--supervised"), env=self.environment, stdin=subprocess.PIPE, start_new_session=True
        )
        self.started = time.monotonic()
        self.starts += 1

    def look(self) -> None:
        """Starts the process again when it has ended, later each time it keeps failing."""
        if self.process is None or self.process.poll() is None:
            return
        ran = time.monotonic() - self.started
        self.wait = 1.0 if ran > STEADY_SECONDS or not self.wait else min(self.wait * 2, LONGEST_WAIT)
        if ran < self.wait and self.starts > 1:
            return
        click.echo(f"the {self.name} ended (exit code {self.process.returncode}); starting it again", err=True)
        self.start()

    def stop(self) -> None:
        """Asks the process to stop."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def gone(self, deadline: float) -> None:
        """Waits for the end of the process, and kills it after the deadline."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run() -> int:
    """Runs until Ctrl-C or a signal; the exit code."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    environment = _environment(settings())
    edge, engine, trainer = Part("edge", environment), Part("engine", environment), Part("train", environment)
    try:
        return _run(stopping, edge, engine, trainer)
    finally:
        deadline = time.monotonic() + STOP_SECONDS
        for part in (trainer, engine, edge):
            part.stop()
        for part in (trainer, engine, edge):
            part.gone(deadline)
        click.echo("stopped")


def _run(stopping: threading.Event, edge: Part, engine: Part, trainer: Part) -> int:
    password = _prepare()
    if not _port_free(settings()):
        click.echo(f"port {settings().port} is taken; set HAVENLINE_PORT to another one", err=True)
        return 1
    edge.start()
    if not _wait_for("/health", edge, stopping):
        return 0 if stopping.is_set() else 1
    _print_addresses(password)
    ensure_built(_progress())
    if not _train(trainer, stopping):
        return 0 if stopping.is_set() else 1
    click.echo("starting the engine (about 20 seconds) …")
    engine.start()
    if _wait_for("/ready", engine, stopping):
        click.echo("ready: the engine answers. Ctrl-C stops everything.")
    while not stopping.wait(LOOK_SECONDS):
        edge.look()
        engine.look()
    click.echo("stopping …")
    return 0


def _environment(chosen: Settings) -> dict[str, str]:
    """The children's environment: they share a secret; in development also an account at the local Twilio API."""
    token = chosen.engine_token or secrets.token_urlsafe(32)
    given = {**os.environ, "HAVENLINE_ENGINE_TOKEN": token}
    if chosen.dev and not chosen.twilio_account_sid:
        given |= {
            "HAVENLINE_TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
            "HAVENLINE_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "HAVENLINE_TWILIO_FROM": "+15005550006",
            "HAVENLINE_TWILIO_API_URL": f"http://127.0.0.1:{chosen.port}/dev/twilio",
        }
    return given


def _prepare() -> str | None:
    """Tables and directory; a one-time password while nobody but the first advocate exists and never signed in."""
    from helpline.directory.load import ensure_loaded

    line = open_line(settings())
    upgrade(line.database)
    ensure_loaded(line.database)
    with line.database.write() as session:
        accounts = advocates.everyone(session)
        if not accounts:
            return advocates.add(session, "advocate", "Sam")
        if len(accounts) == 1 and accounts[0].one_time:
            return advocates.new_one_time_password(session, accounts[0].login)
    return None


class _progress:
    """Prints a step of the gazetteer's making when it begins, and its share in tenths."""

    def __init__(self) -> None:
        self._shown: tuple[str, int] | None = None

    def __call__(self, step: str, share: float) -> None:
        now = (step, int(share * 10))
        if now != self._shown:
            self._shown = now
            click.echo(f"places: {step} {now[1] * 10}%")


def _port_free(chosen: Settings) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((chosen.host, chosen.port))
        except OSError:
            return False
    return True


def _train(trainer: Part, stopping: threading.Event) -> bool:
    """Trains, in a process of its own, if the data changed; True when there is a model."""
    trainer.start()
    while trainer.process and trainer.process.poll() is None:
        if stopping.wait(LOOK_SECONDS):
            return False
    return bool(trainer.process and trainer.process.returncode == 0)


def _wait_for(path: str, part: Part, stopping: threading.Event) -> bool:
    """Waits until the edge answers 200 on that path, looking after the part meanwhile."""
    url = f"http://{settings().host}:{settings().port}{path}"
    while not stopping.is_set():
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            part.look()
        stopping.wait(LOOK_SECONDS)
    return False


def _print_addresses(password: str | None) -> None:
    site = f"http://{'localhost' if settings().host == '127.0.0.1' else settings().host}:{settings().port}"
    click.echo(f"\n  chat             {site}/chat")
    click.echo(f"  sample site      {site}/")
    if settings().dev:
        click.echo(f"  phone simulator  {site}/dev/phone")
    click.echo(f"  desk             {site}/desk")
    if password:
        click.echo(f"  first advocate   login `advocate`, one-time password `{password}`")
    click.echo("")
