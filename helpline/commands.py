"""Commands of the domain core: advocate, purge, doctor."""

import click

from helpline import advocates, erasure
from helpline.line import Line, open_line
from helpline.settings import settings


def _line() -> Line:
    from helpline.migrate import upgrade

    line = open_line(settings())
    upgrade(line.database)
    return line


@click.group()
def advocate() -> None:
    """Accounts for the desk."""


@advocate.command("add")
@click.argument("login")
@click.option("--name", help="the name people see; the login when left out")
def add(login: str, name: str | None) -> None:
    """Make an account and print its one-time password."""
    if not login.replace("-", "").replace(".", "").replace("_", "").isalnum() or len(login) > 64:
        raise click.BadParameter("letters, digits, '.', '-' and '_' only, 64 at most", param_hint="LOGIN")
    with _line().database.write() as session:
        try:
            password = advocates.add(session, login, (name or login)[:80])
        except advocates.LoginTaken:
            raise click.ClickException(f"there is an account {login!r} already") from None
    click.echo(f"login     {login}\none-time password  {password}\nIt is asked to be changed at the first sign-in.")


@advocate.command("list")
def list_() -> None:
    """List the accounts."""
    with _line().database.read() as session:
        for account in advocates.everyone(session):
            state = "disabled" if account.disabled_at else "one-time password" if account.one_time else "active"
            seen = f"{account.seen_at:%Y-%m-%d %H:%M} UTC" if account.seen_at else "never"
            click.echo(f"{account.login:20} {account.name:24} {state:18} last seen {seen}")


@advocate.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """Close an account and sign it out everywhere."""
    with _line().database.write() as session:
        if not advocates.disable(session, login):
            raise click.ClickException(f"there is no account {login!r}; see `havenline advocate list`")
    click.echo(f"{login} is disabled and signed out")


@advocate.command("reset")
@click.argument("login")
def reset(login: str) -> None:
    """Give an account a new one-time password."""
    with _line().database.write() as session:
        password = advocates.new_one_time_password(session, login)
    if password is None:
        raise click.ClickException(f"there is no account {login!r}; see `havenline advocate list`")
    click.echo(f"one-time password  {password}")


@click.command()
def purge() -> None:
    """Close idle conversations and destroy those whose retention time is over."""
    line = _line()
    closed, erased, purged = erasure.close_idle(line), erasure.finish(line), erasure.purge(line)
    with line.database.read() as session:
        copies = erasure.outstanding(session)
    click.echo(f"closed as idle        {closed}")
    click.echo(f"destroyed on request  {erased}")
    click.echo(f"destroyed by age      {purged}  (closed more than {line.settings.retention_days:g} days ago)")
    click.echo(f"copies elsewhere still to be deleted  {copies}  (the edge does that while it runs)")


@click.command()
def doctor() -> None:
    """Check what the helpline needs, and say how to mend what is wrong."""
    from helpline.doctor import examine

    findings = examine(settings())
    for finding in findings:
        click.echo(f"{finding.mark}  {finding.what}")
        if finding.mend:
            click.echo(f"      {finding.mend}")
    if any(finding.bad for finding in findings):
        raise SystemExit(1)
