"""The `havenline` command: every part brings its own commands, found by the entry points `havenline.commands`."""

from importlib.metadata import EntryPoint, entry_points

import click
from pydantic import ValidationError


def _commands() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="havenline.commands")}


class _Lazy(click.Group):
    """A group that imports a command only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        point = _commands().get(cmd_name)
        command: click.Command | None = point.load() if point else None
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _commands():
            known = ", ".join(self.list_commands(ctx))
            raise click.UsageError(f"there is no command {args[0]!r}; there are: {known}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy)
def group() -> None:
    """HavenLine, a helpline that victims of crime reach by SMS or web chat."""


def main() -> None:
    """Runs the command line; a setting of the wrong kind is one clear line."""
    try:
        group(prog_name="havenline")
    except ValidationError as error:
        wrong = "; ".join(f"HAVENLINE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SystemExit(f"Error: a setting is wrong: {wrong}") from None
