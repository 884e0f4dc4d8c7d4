"""Settings come from REGULARS_* environment variables alone; every one has a safe default and a line in the reference."""

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from regulars.kit.errors import SettingRefused

PREFIX = "REGULARS_"


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
