"""Twilio's API in a process of its own, so that it does not slow what is measured: `python -m …twilio_process`.

Settings name the account. Writes one JSON line to standard output when it listens ({"url"}), then one for every
message that a client hands over ({"to", "at"}, in seconds of the monotonic clock). Ends when standard input does.
"""

import json
import sys
import time

from connectors.dev.local_server import running
from connectors.dev.text_resource import Text
from connectors.dev.twilio_api import TwilioApi
from helpline.settings import settings


class Telling(dict[str, Text]):
    """The API's messages; tells of each that a client sent, at the moment it is taken."""

    def __setitem__(self, sid: str, text: Text) -> None:
        super().__setitem__(sid, text)
        if text.direction == "outbound-api":
            _tell(to=text.to, at=time.monotonic())


def _tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    """Serves until standard input ends."""
    api = TwilioApi(settings().twilio_account_sid, settings().twilio_auth_token)
    api.texts = Telling()
    with running(api.app) as url:
        _tell(url=url)
        sys.stdin.read()


if __name__ == "__main__":
    main()
