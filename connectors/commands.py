"""Commands of the edge: edge, up."""

import click

from helpline.supervision import supervised


@click.command()
@supervised
def edge() -> None:
    """Serve SMS, web chat and desk; works, humans included, also while the engine restarts."""
    from connectors.serve import serve

    serve()


@click.command()
def up() -> None:
    """Everything on one machine: migrates, trains if the data changed, starts edge and engine; Ctrl-C stops both."""
    from connectors.up import run

    raise SystemExit(run())
