"""Twilio's Message resource, kept in memory.

Fields as in https://www.twilio.com/docs/messaging/api/message-resource.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime

API_VERSION = "2010-04-01"
# GSM 03.38: one septet each; the extension table's characters take two.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
UNFINISHED = ("accepted", "queued", "sending")


def _now() -> datetime:
    return datetime.now(timezone.utc)


def new_sid(prefix: str = "SM") -> str:
    """A Twilio identifier: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def segments(body: str) -> int:
    """How many SMS a body takes: 160 or 153 GSM-7 septets each, 70 or 67 UTF-16 units otherwise."""
    if set(body) <= _GSM | _GSM_EXTENDED:
        length, alone, joined = len(body) + sum(c in _GSM_EXTENDED for c in body), 160, 153
    else:
        length, alone, joined = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= alone else -(-length // joined)


@dataclass
class Text:
    """One message in or out; addresses are E.164, WhatsApp's with their `whatsapp:` prefix."""

    sid: str
    account_sid: str
    from_: str
    to: str
    body: str
    direction: str
    status: str
    media: int = 0
    status_callback: str = ""
    error_code: int | None = None
    created_at: datetime = field(default_factory=_now)
    updated_at: datetime = field(default_factory=_now)

    def move(self, status: str, error_code: int | None = None) -> None:
        """Sets the status, and the error behind it."""
        self.status, self.error_code, self.updated_at = status, error_code, _now()

    @property
    def is_whatsapp(self) -> bool:
        """Whether the message travels over WhatsApp."""
        return self.from_.startswith("whatsapp:")

    def as_json(self) -> dict[str, object]:
        """The resource as Twilio's REST API shows it."""
        uri = f"/{API_VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": format_datetime(self.created_at),
            "date_sent": None if self.status in UNFINISHED else format_datetime(self.updated_at),
            "date_updated": format_datetime(self.updated_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_,
            "messaging_service_sid": None,
            "num_media": str(self.media),
            "num_segments": str(segments(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }
