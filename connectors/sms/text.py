"""How a message reads as a text: buttons become numbers to press."""

from helpline.messages import Body


def as_text(body: Body) -> str:
    """The message's text, and a line `1 Title` for every button."""
    options = [f"{number} {button.title}" for number, button in enumerate(body.buttons, start=1)]
    return "\n".join([body.text, *options])
