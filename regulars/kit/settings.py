"""Settings: REGULARS_* variables over what the data folder keeps over safe defaults; each stands in the reference."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from regulars.kit.errors import SettingRefused

PREFIX = "REGULARS_"
KEPT = "settings.json"
# Where the data is and how to reach it is said by whoever starts us, never by the data folder itself.
NEVER_KEPT = ("home", "database_url", "smtp_password", "log_level")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One installation's settings. The field `x_y` is the variable REGULARS_X_Y."""

    home: str = "./.regulars"
    """Data folder: embedded PostgreSQL, lake, secrets."""
    database_url: str = ""
    """Any PostgreSQL 15+, as postgresql://…; empty means the embedded one under the data folder."""
    brand_name: str = "My brand"
    """Name shown on pages and in messages."""
    brand_note: str = ""
    """A line under the brand's name on every page; the demo says there what is real and what is invented."""
    brand_zone: str = "UTC"
    """IANA time zone of the brand: days, quiet hours, reports, and times without a zone in imported files."""
    brand_country: str = "US"
    """ISO country for phone numbers written without a country code."""
    brand_currency: str = "USD"
    """ISO currency of every amount."""
    base_url: str = "http://127.0.0.1:8000"
    """Public address of this installation, for links in messages."""
    shop_url: str = ""
    """Address of the brand's web store, where links in messages lead; empty: to base_url."""
    smtp_host: str = "127.0.0.1"
    """Mail server that takes our mail."""
    smtp_port: int = 8025
    """Its port."""
    smtp_user: str = ""
    """User name there, empty for none."""
    smtp_password: str = ""
    """Password there."""
    smtp_starttls: bool = False
    """Upgrade the connection with STARTTLS before sending."""
    smtp_log: str = ""
    """Log of the Postfix that takes our mail, asked what it took after an interruption; empty: our catcher's folder."""
    mail_from: str = "hello@regulars.invalid"
    """Sender address of marketing mail."""
    import_folder: str = ""
    """Folder on the server whose files may be imported in the web; empty: only what is uploaded."""
    deliveries_days: int = 365
    """Days for which deliveries of webhooks are kept raw once they are mapped; 0: for ever."""
    deliveries_max: int = 1_000_000
    """So many of the newest deliveries of a webhook are kept raw; 0: all. One that is not mapped is always kept."""
    callback_hosts: str = ""
    """Hosts of our own network that we may call, with commas between; empty: public ones by https only."""
    log_level: str = "info"
    """debug, info, warning or error."""

    @property
    def zone(self) -> ZoneInfo:
        """The brand's zone."""
        return ZoneInfo(self.brand_zone)

    @property
    def own_hosts(self) -> frozenset[str]:
        """Hosts of our own network that we may call."""
        return frozenset(self.callback_hosts.replace(",", " ").split())

    @property
    def home_path(self) -> Path:
        """The data folder, absolute."""
        return Path(self.home).expanduser().absolute()


def load(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings from the environment, with `given` (from the command line) on top.

    Raises SettingRefused naming every fault at once.
    """
    source = os.environ if environ is None else environ
    raw: dict[str, object] = {
        field: source[PREFIX + field.upper()]
        for field in Settings.__struct_fields__
        if source.get(PREFIX + field.upper())
    }
    raw |= {name: value for name, value in given.items() if value is not None}
    raw = kept(_expanded(str(raw.get("home", Settings().home)))) | raw
    settings, faults = _read(raw)
    if faults:
        raise SettingRefused("; ".join(faults), "Mend what is named and start again (docs/reference/settings.md)")
    return settings


def _read(raw: Mapping[str, object]) -> tuple[Settings, list[str]]:
    """Settings of what can be read, and a line for each that cannot."""
    good: dict[str, object] = {}
    faults: list[str] = []
    hints = get_type_hints(Settings)
    for name, value in raw.items():
        try:
            good[name] = msgspec.convert(value, hints[name], strict=False)
        except msgspec.ValidationError:
            faults.append(f"{PREFIX}{name.upper()} is {value!r}, not {PLAIN_TYPES[hints[name]]}")
        except KeyError:
            faults.append(f"there is no setting {PREFIX}{name.upper()}")
    settings = msgspec.convert(good, Settings)
    faults += [
        f"{PREFIX}{name.upper()} is {getattr(settings, name)!r}, not {wanted}"
        for name, (is_good, wanted) in RULES.items()
        if not is_good(getattr(settings, name))
    ]
    return settings, faults


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


PLAIN_TYPES: dict[object, str] = {str: "text", int: "a whole number", bool: "true or false"}
# What a value must be beyond its type: the test, and how to say it.
RULES: dict[str, tuple[Callable[[Any], object], str]] = {
    "brand_zone": (_is_zone, "an IANA time zone like Europe/Berlin"),
    "brand_country": (re.compile("[A-Z]{2}").fullmatch, "a country of two capital letters like US"),
    "brand_currency": (re.compile("[A-Z]{3}").fullmatch, "a currency of three capital letters like USD"),
    "base_url": (_is_address, "an address like https://example.com"),
    "shop_url": (lambda url: not url or _is_address(url), "an address like https://shop.example.com, or empty"),
    "smtp_port": (lambda port: 1 <= port <= 65_535, "a port from 1 to 65535"),
    "deliveries_days": (range(100_000).__contains__, "a number of days from 0 to 99,999"),
    "deliveries_max": (range(10**9).__contains__, "a number from 0 to 999,999,999"),
    "mail_from": (re.compile(r"[^@\s]+@[^@\s]+").fullmatch, "an e-mail address"),
    "log_level": ({"debug", "info", "warning", "error"}.__contains__, "debug, info, warning or error"),
}


def kept(home: Path) -> dict[str, object]:
    """What this data folder remembers about its brand; nothing if it is new."""
    try:
        return msgspec.json.decode((home / KEPT).read_bytes(), type=dict[str, object])
    except FileNotFoundError:
        return {}
    except OSError as fault:
        raise _home_refused(home, fault) from None
    except msgspec.DecodeError as fault:
        raise SettingRefused(f"{home / KEPT} cannot be read: {fault}", "Mend or remove the file") from None


def variables(settings: Settings) -> dict[str, str]:
    """The same settings as variables, for another process of ours."""
    told = {PREFIX + name.upper(): getattr(settings, name) for name in Settings.__struct_fields__}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in told.items()}


def keep(settings: Settings) -> None:
    """Remember these settings in the data folder, so that later commands on it need not be told again."""
    defaults = Settings()
    chosen = {
        name: getattr(settings, name)
        for name in Settings.__struct_fields__
        if name not in NEVER_KEPT and getattr(settings, name) != getattr(defaults, name)
    }
    home = settings.home_path
    try:
        home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        # Beside its place and moved in: another command may be reading it now.
        part = home / f"{KEPT}.{os.getpid()}"
        part.write_bytes(msgspec.json.format(msgspec.json.encode(chosen)))
        part.replace(home / KEPT)
    except OSError as fault:
        raise _home_refused(home, fault) from None


def _expanded(home: str) -> Path:
    try:
        return Path(home).expanduser()
    except RuntimeError as fault:
        raise SettingRefused(f"REGULARS_HOME is {home!r}: {fault}", "Name a folder, for example ./.regulars") from None


def _home_refused(home: Path, fault: OSError) -> SettingRefused:
    return SettingRefused(f"{home} cannot be our data folder: {fault.strerror}", "Name a folder that you may write to")
