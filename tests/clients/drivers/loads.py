"""What a Python client is made to send. Every event has a number of its own, under `n`."""

from collections.abc import Iterator

SMALL, LARGE = 31_000, 33_000
HEAVY_EVENTS, HEAVY_CHARACTERS = 18, 27_500
MANY_EVENTS = 2_500


def numbered(load: str) -> Iterator[tuple[int, str]]:
    """Number and filling of each track event of a load that is nothing but track events."""
    if load == "large":
        yield from [(1, "x" * SMALL), (2, "x" * LARGE)]
    elif load == "heavy":
        yield from ((n, "x" * HEAVY_CHARACTERS) for n in range(HEAVY_EVENTS))
    else:
        yield from ((n, "") for n in range(MANY_EVENTS))
