"""What the first mail server we own says it took: our own catcher's folder, or Postfix's log. Asked after a kill."""

from __future__ import annotations

import re
from pathlib import Path

from regulars.engage import catcher
from regulars.kit.settings import Settings

# Postfix's cleanup writes one such line for every message that it has taken into its queue:
#   Nov 22 21:40:01 mx postfix/cleanup[1234]: 4Fk2Y: message-id=<0123@example.com>
TAKEN = re.compile(r"postfix(?:/[\w-]+)?/cleanup\[\d+\]: \S+: message-id=(<[^>]+>)")
LOG_VARIABLE = "REGULARS_SMTP_LOG"


def accepted(settings: Settings, message_ids: list[str]) -> set[str] | None:
    """Which of these ids the mail server took; None if there is no record to ask."""
    log = settings.smtp_log
    if log:
        return in_postfix_log(Path(log), message_ids)
    folder = catcher.folder_of(settings)
    if catcher.is_ours(folder, settings.smtp_host, settings.smtp_port):
        return {id for id in message_ids if catcher.has(folder, id)}
    return None


def in_postfix_log(log: Path, message_ids: list[str]) -> set[str] | None:
    """Ids that stand in a Postfix log (and the one rotated last); None if it cannot be read."""
    wanted, found = set(message_ids), set[str]()
    try:
        for path in (log.with_name(log.name + ".1"), log):
            if path == log or path.exists():
                with path.open(errors="replace") as lines:
                    found.update(hit[1] for hit in map(TAKEN.search, lines) if hit and hit[1] in wanted)
    except OSError:
        return None
    return found
