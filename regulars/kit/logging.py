"""Structured logs: one line an occurrence, JSON when nobody watches, colors when somebody does. Never personal data."""

import logging
import sys

import structlog


class StandardError:
    """Standard error as it is at each line, not as it was when a logger was first used: whoever replaces it and closes
    its own (a test runner, a supervisor) must not break a room that only wanted to say something."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_up(level: str = "info", as_json: bool | None = None) -> None:
    """Configure structlog once a process; `as_json` None means: JSON unless standard error is a terminal."""
    plain = not sys.stderr.isatty() if as_json is None else as_json
    renderer = structlog.processors.JSONRenderer() if plain else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(StandardError()),  # pyright: ignore[reportArgumentType]
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that names its room."""
    return structlog.get_logger(room=name)
