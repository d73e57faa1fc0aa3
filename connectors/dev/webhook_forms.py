"""The forms that Twilio posts to a webhook, as documented.

Inbound: https://www.twilio.com/docs/messaging/guides/webhook-request
Receipts: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

import phonenumbers
from twilio.request_validator import RequestValidator

from connectors.dev.text_resource import API_VERSION, Text, new_sid, segments

DONE = ("delivered", "undelivered")


def signed(auth_token: str, url: str, form: dict[str, str]) -> dict[str, str]:
    """The headers of a webhook request, X-Twilio-Signature among them; `url` is the one Twilio was given."""
    signature = RequestValidator(auth_token).compute_signature(url, form)
    return {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": new_sid("")}


def country(address: str) -> str:
    """ISO 3166-1 code of a telephone number, "" for one without; numbers kept for fiction count by their prefix."""
    try:
        number = phonenumbers.parse(address)
    except phonenumbers.NumberParseException:
        return ""
    code = number.country_code or 0
    return phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(code)


def inbound(text: Text) -> dict[str, str]:
    """The form that announces a message from a person."""
    form = {
        "ToCountry": country(text.to),
        "ToState": "",
        "SmsMessageSid": text.sid,
        "NumMedia": str(text.media),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": text.sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": text.body,
        "FromCountry": country(text.from_),
        "To": text.to,
        "ToZip": "",
        "NumSegments": str(segments(text.body)),
        "MessageSid": text.sid,
        "AccountSid": text.account_sid,
        "From": text.from_,
        "ApiVersion": API_VERSION,
    }
    form |= {f"MediaContentType{n}": "image/jpeg" for n in range(text.media)}
    form |= {f"MediaUrl{n}": _media_url(text) for n in range(text.media)}
    return _as_whatsapp(form, text) if text.is_whatsapp else form


def _media_url(text: Text) -> str:
    return f"https://api.twilio.com/{API_VERSION}/Accounts/{text.account_sid}/Messages/{text.sid}/Media/{new_sid('ME')}"


def _as_whatsapp(form: dict[str, str], text: Text) -> dict[str, str]:
    """WhatsApp tells a profile name instead of where a number is from."""
    places = ("Country", "State", "City", "Zip")
    form = {key: value for key, value in form.items() if not key.endswith(places)}
    number = text.from_.removeprefix("whatsapp:+")
    message_type = "image" if text.media else "text"
    return form | {"ProfileName": "", "WaId": number, "MessageType": message_type, "ReferralNumMedia": "0"}


def receipt(text: Text) -> dict[str, str]:
    """The form that tells the status of a message to a person."""
    form = {
        "SmsSid": text.sid,
        "SmsStatus": text.status,
        "MessageStatus": text.status,
        "To": text.to,
        "MessageSid": text.sid,
        "AccountSid": text.account_sid,
        "From": text.from_,
        "ApiVersion": API_VERSION,
    }
    if text.error_code:
        form["ErrorCode"] = str(text.error_code)
    if text.status in DONE and not text.is_whatsapp:
        form["RawDlrDoneDate"] = f"{text.updated_at:%y%m%d%H%M}"
    return form
