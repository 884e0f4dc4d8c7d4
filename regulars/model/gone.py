"""What an erasure took out of the rooms."""

import msgspec


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """A person who left every room, in counts; and her identifiers, for whoever proves that none is left."""

    withdrawal: int
    """By which the lake follows."""
    events: int
    orders: int
    """Of these, kept as nobody's because the law asks for it."""
    rows: dict[str, int]
    """Texts that named her, by table."""
    words: list[str]
    """Spellings of what only she had."""
