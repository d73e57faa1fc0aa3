"""Command of the benchmarks: bench."""

import click


@click.command()
@click.option("--quick", is_flag=True, help="A short version, about two minutes, with fewer samples.")
@click.option("--skip-stock", is_flag=True, help="Leave the stock Rasa project out.")
def bench(quick: bool, skip_stock: bool) -> None:
    """Measure the whole line on this machine, and a stock Rasa 3.6 project beside it; a table, and JSON."""
    from connectors.bench.run import BenchFailed, run

    try:
        run(quick, skip_stock)
    except BenchFailed as failure:
        raise click.ClickException(str(failure)) from None
    except KeyboardInterrupt:
        raise click.ClickException("stopped before the end; nothing was written") from None
