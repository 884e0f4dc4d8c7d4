"""`regulars webhook`: shops and tools that post what happened."""

from datetime import datetime
from typing import Annotated

import typer

from regulars import collect
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused

SHOWN_CHANGES = 20

commands = typer.Typer(
    name="webhook", no_args_is_help=True, help="Shops and tools that post what happened to /hooks/SOURCE."
)


@commands.command("add")
def add(
    vendor: Annotated[str, typer.Argument(help=f"Who posts: {', '.join(collect.webhooks)}.")],
    source: Annotated[str, typer.Option(help="Name of the source; made if need be.")],
    secret: Annotated[
        str,
        typer.Option(prompt="Secret", hide_input=True, envvar="REGULARS_WEBHOOK_SECRET", help="Asked for if left out."),
    ],
    option: Annotated[list[str] | None, typer.Option(help="How the sender signs, NAME=VALUE; for custom.")] = None,
    logins: Annotated[
        str | None, typer.Option(help="Name space of its logins; sources that share one share people.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Expect a vendor's webhooks; again: secret and given options change. Prints the address to give to the vendor."""
    options = dict(_pair(each) for each in option or [])
    with opened() as app:
        with app.transaction() as inside:
            hook = collect.add_webhook(inside, vendor, source, secret, options, logins)
        url = collect.url_of(app, source)
    if as_json:
        print_json({"source": hook.source, "url": url, "topics": hook.plug_in.topics})
        return
    print(f"Give this address to {vendor}:\n{url}")
    if hook.plug_in.topics:
        print(f"Topics to choose there: {', '.join(hook.plug_in.topics)}")


@commands.command("replay")
def replay(
    source: Annotated[str, typer.Argument(help="The source.")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Deliveries received from this day on.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Map stored deliveries again, after a mapping was mended; what changes is withdrawn and told anew.

    Exit code 0: everything could be mapped. 1: some deliveries are refused.
    """
    with opened() as app:
        begin = since.replace(tzinfo=app.settings.zone) if since else None
        if dry_run:
            report = collect.try_replay_deliveries(app, source, begin)
        else:
            report = collect.replay_deliveries(app, source, "command line", begin)
    if as_json:
        print_json(report)
    else:
        tell(report)
    raise typer.Exit(1 if report.refused else 0)


def tell(report: collect.ReplayReport) -> None:
    """The report for people: counts, then the first events that change."""
    verb = "would be" if report.dry_run else "were"
    print(
        f"{report.deliveries} deliveries: {report.changed} events {verb} told otherwise, {report.added} for the first"
        f" time, {report.withdrawn} no more; {report.unchanged} stay; {report.refused} deliveries cannot be mapped"
    )
    if report.changes:
        rows = [
            (each.delivery, each.key, each.before or "-", each.after or "-") for each in report.changes[:SHOWN_CHANGES]
        ]
        print_table("What changes", ("Delivery", "Event", "Before", "After"), rows)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputRefused(f"--option {text} is no NAME=VALUE", "Write it as --option header=x-signature")
    return name, value


@commands.command("list")
def list_(as_json: Json = False) -> None:
    """All webhooks, with what came, what waits and what was refused. Secrets are never shown."""
    with opened() as app:
        with app.transaction() as inside:
            hooks = collect.list_webhooks(inside)
        urls = {hook.source.name: collect.url_of(app, hook.source.name) for hook in hooks}
    if as_json:
        print_json({"webhooks": [{"url": urls[each.source.name], "webhook": each} for each in hooks]})
        return
    rows = [
        (
            h.source.name,
            h.vendor,
            urls[h.source.name],
            h.deliveries,
            h.waiting,
            h.refused,
            h.unverified,
            h.last_received_at,
        )
        for h in hooks
    ]
    columns = ("Source", "Vendor", "Address", "Deliveries", "Waiting", "Refused", "Unverified", "Last received")
    print_table("Webhooks", columns, rows)
