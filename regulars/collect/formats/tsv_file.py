"""Tab-separated values: like CSV, but the tab is certain, and a quote within a cell is a sign like any other."""

from pathlib import Path

import msgspec

from regulars.collect.formats import Dialect, Format, formats
from regulars.collect.formats.csv_file import check, columns, read
from regulars.collect.formats.csv_file import look as look_at_csv
from regulars.collect.formats.text import known, sample


def look(path: Path) -> Dialect:
    """Tabs; quotes only where a cell begins with one."""
    beginning = sample(path)
    text = beginning.decode(known("", beginning), "replace")
    is_quoted = '\t"' in text or '\n"' in text or text.startswith('"')
    return msgspec.structs.replace(look_at_csv(path), delimiter="\t", quote='"' if is_quoted else "")


formats.add("tsv")(Format(read, look, check, columns))
