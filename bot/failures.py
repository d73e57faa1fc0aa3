"""What makes a turn fail as a whole, and how that is told without content."""


class EngineFailure(BaseException):
    """A turn that cannot be answered. Its text names the kind of failure, never content.

    Not an Exception: Rasa's processor catches those from actions and answers with nothing.
    """


def where(error: BaseException) -> str:
    """Type, file and line of an error; not its text, which may hold what a person wrote."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"
