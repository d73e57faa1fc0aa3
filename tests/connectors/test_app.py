"""What every answer of the edge has in common, and the doors for machines."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from helpline.settings import PROJECT
from tests.connectors.conftest import Door, wait_for


@pytest.mark.parametrize("path", ["/", "/chat", "/health", "/desk/login", "/nothing/here", "/chat?lang=ar"])
def test_every_answer_carries_the_security_headers(door: Door, path: str) -> None:
    headers = httpx.get(door.url + path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "no-store" in headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "/chat"])
def test_pages_hold_no_inline_script_or_style(door: Door, path: str) -> None:
    page = httpx.get(door.url + path).text
    assert "<script>" not in page
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page


@pytest.mark.parametrize(
    ("asked", "language", "direction"),
    [("?lang=ar", "ar", "rtl"), ("?lang=es", "es", "ltr"), ("?lang=xx", "en", "ltr"), ("?lang=../..", "en", "ltr")],
)
def test_pages_speak_the_language_asked_for(door: Door, asked: str, language: str, direction: str) -> None:
    page = httpx.get(f"{door.url}/chat{asked}").text
    assert f'lang="{language}"' in page
    assert f'dir="{direction}"' in page


def test_pages_speak_the_language_that_the_browser_wants(door: Door) -> None:
    page = httpx.get(f"{door.url}/chat", headers={"accept-language": "xx, ar-LB;q=0.9, en;q=0.5"}).text
    assert 'lang="ar"' in page


def test_the_edge_is_healthy_without_an_engine_and_says_that_it_is_not_ready(door: Door) -> None:
    assert httpx.get(f"{door.url}/health").json() == {"status": "ok"}
    assert httpx.get(f"{door.url}/ready").status_code == 503


def test_metrics_are_figures_and_nothing_about_a_person(door: Door) -> None:
    door.text("+447700900321", "words of mine")
    found = httpx.get(f"{door.url}/metrics").text
    assert 'havenline_conversations{state="bot"}' in found
    assert "900321" not in found
    assert "words of mine" not in found


@pytest.mark.parametrize("path", ["/static/../helpline/keys.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"])
def test_only_static_files_are_served(door: Door, path: str) -> None:
    assert httpx.get(door.url + path).status_code == 404


def test_a_process_serves_logs_no_content_and_stops_when_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "HAVENLINE_DATA_DIR": str(tmp_path),
        "HAVENLINE_PORT": str(port),
        "HAVENLINE_TWILIO_AUTH_TOKEN": "token",
        "HAVENLINE_LOG_LEVEL": "DEBUG",
    }
    url, log = f"http://127.0.0.1:{port}", tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "helpline", "edge"], env=environment, cwd=PROJECT, stdout=output, stderr=output
        )
    try:
        wait_for(lambda: _healthy(url), 60)
        form = {"MessageSid": "SM1", "From": "+447700900322", "To": "+15005550006", "Body": "nothing of this in a log"}
        assert httpx.post(f"{url}/sms/twilio", data=form).status_code == 403
        started = time.monotonic()
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    assert code in (0, -signal.SIGTERM)
    assert time.monotonic() - started < 10
    written = log.read_text()
    assert "webhook refused" in written
    assert "nothing of this" not in written
    assert "900322" not in written
    assert "Traceback" not in written


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.HTTPError:
        return False
