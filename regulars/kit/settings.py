"""Settings: REGULARS_* variables, over what the data folder keeps, over safe defaults; each has a line in the reference."""

import os
from collections.abc import Mapping
from pathlib import Path
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
    brand_zone: str = "UTC"
    """IANA time zone of the brand: days, quiet hours and reports."""
    brand_country: str = "US"
    """ISO country for phone numbers written without a country code."""
    brand_currency: str = "USD"
    """ISO currency of every amount."""
    base_url: str = "http://127.0.0.1:8000"
    """Public address of this installation, for links in messages."""
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
    mail_from: str = "hello@regulars.invalid"
    """Sender address of marketing mail."""
    log_level: str = "info"
    """debug, info, warning or error."""

    @property
    def zone(self) -> ZoneInfo:
        """The brand's zone."""
        return ZoneInfo(self.brand_zone)

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
    home = Path(str(raw.get("home", Settings().home))).expanduser()
    raw = kept(home) | raw
    try:
        settings = msgspec.convert(raw, Settings, strict=False)
        ZoneInfo(settings.brand_zone)
    except msgspec.ValidationError as fault:
        raise SettingRefused(f"A setting cannot be read: {fault}", "Mend the REGULARS_ variable it names") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingRefused(
            f"REGULARS_BRAND_ZONE is '{raw.get('brand_zone')}', which is no time zone",
            "Write an IANA name, for example Europe/Berlin",
        ) from None
    return settings


def kept(home: Path) -> dict[str, object]:
    """What this data folder remembers about its brand; nothing if it is new."""
    try:
        return msgspec.json.decode((home / KEPT).read_bytes(), type=dict[str, object])
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as fault:
        raise SettingRefused(f"{home / KEPT} cannot be read: {fault}", "Mend or remove the file") from None


def keep(settings: Settings) -> None:
    """Remember these settings in the data folder, so that later commands on it need not be told again."""
    defaults = Settings()
    chosen = {
        name: getattr(settings, name)
        for name in Settings.__struct_fields__
        if name not in NEVER_KEPT and getattr(settings, name) != getattr(defaults, name)
    }
    settings.home_path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    (settings.home_path / KEPT).write_bytes(msgspec.json.format(msgspec.json.encode(chosen)))
