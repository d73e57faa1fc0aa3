"""`havenline up`: the edge first, and no process left behind however it ends."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.journeys.conftest import PROJECT, answers, environment_of, free_port, wait_for


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_behind(trained: Path, tmp_path: Path, ending: signal.Signals) -> None:
    for name in ("models", "places.db"):
        (tmp_path / name).symlink_to(trained / name)
    port = free_port()
    command = [sys.executable, "-m", "helpline", "up"]
    process = subprocess.Popen(command, env=environment_of(tmp_path, port), cwd=PROJECT, stdout=subprocess.DEVNULL)
    family: list[psutil.Process] = []
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/health"), 60)
        wait_for(_two_children_of(process.pid), 120)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(ending)
        process.wait(30)
        _gone, left = psutil.wait_procs(family, timeout=30)
        assert left == []
    finally:
        for child in family:
            if child.is_running():
                child.kill()
        if process.poll() is None:
            process.kill()


def _two_children_of(pid: int) -> Callable[[], bool]:
    return lambda: {"edge", "engine"} <= {word for p in psutil.Process(pid).children() for word in _command(p)}


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:  # it ended just now
        return []


def test_a_taken_port_is_one_clear_line(trained: Path, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = environment_of(tmp_path, taken.getsockname()[1])
        command = [sys.executable, "-m", "helpline", "up"]
        done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "is taken; set HAVENLINE_PORT" in done.stderr
    assert "Traceback" not in done.stderr
