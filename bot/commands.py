"""Commands of the engine: engine, train, parse, chat."""

import sys
import time

import click

from helpline.supervision import supervised


@click.command()
@supervised
def engine() -> None:
    """Serve the dialogue engine to the edge."""
    from helpline.settings import settings

    if not settings().engine_token:
        raise click.ClickException("HAVENLINE_ENGINE_TOKEN is empty: set it to the secret that the edge has too")
    _prepare()
    from bot.serve import serve

    serve()


@click.command()
@supervised
@click.option("--force", is_flag=True, help="Train also when nothing has changed.")
def train(force: bool) -> None:
    """Train the model, if data, rules or configuration have changed."""
    from bot import model

    if not force and not model.needs_training():
        click.echo(f"nothing has changed: {model.newest()} is up to date (--force trains anyway)")
        return
    since = time.monotonic()
    try:
        trained = model.train(click.echo)
    except model.TrainingFailed as failure:
        raise click.ClickException(f"training failed: {failure}") from None
    click.echo(f"trained {trained} in {time.monotonic() - since:.0f} s")


@click.command()
def parse() -> None:
    """Read JSON lines {"text":…, "language"?:…, "country"?:…} and write what each means."""
    _prepare()
    from bot.terminal import BadLine, parse_lines

    try:
        parse_lines(sys.stdin.buffer, sys.stdout)
    except BadLine as bad:
        click.echo(f"error: {bad}", err=True)
        sys.exit(2)


@click.command()
@click.option("--channel", type=click.Choice(["sms", "web"]), default="web", help="Speak as on this channel.")
@click.option("--language", default=None, help="Language to begin in, as ISO 639-1.")
@click.option("--country", default=None, help="Country of the phone, as ISO 3166-1.")
def chat(channel: str, language: str | None, country: str | None) -> None:
    """Talk to the helpline in this terminal; /quit ends."""
    _prepare()
    from bot.terminal import talk

    talk(channel, language, country)


def _prepare() -> None:
    """Rasa's environment, and one clear line when there is no model."""
    from bot import model
    from bot.logs import quiet_logs

    model.prepare_rasa()
    quiet_logs()
    try:
        model.newest()
    except model.NoModel as missing:
        raise click.ClickException(str(missing)) from None
