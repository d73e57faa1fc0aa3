"""A process that is watched over by `havenline up` ends with it, even when `up` is killed."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import click


def _begin(_context: click.Context, _parameter: click.Parameter, supervised: bool) -> None:
    if supervised:
        threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    while os.read(0, 1024):  # nothing is ever written; the pipe closes when the parent is gone
        pass
    os.kill(os.getpid(), signal.SIGTERM)


supervised: Callable[[Any], Any] = click.option(
    "--supervised",
    is_flag=True,
    hidden=True,
    expose_value=False,
    callback=_begin,
    help="End when standard input closes.",
)
