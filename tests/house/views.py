"""The list of views as a document, made from their declaration: `make docs` writes it, a test compares it.

python -m tests.house.views
"""

from regulars.ask import VIEWS, View
from tests.house.reading import ROOT

TARGET = ROOT / "docs" / "reference" / "views.md"
HEAD = """# Views for analysts

What `regulars sql` and `regulars.connect().sql(…)` can look at; [how to ask](../how-to/ask-your-data-from-python.md).
Made by `make docs`; a test compares it with the database.

In PostgreSQL the views stand in the schema `analyst`, and in `analyst_in_clear` for those who may see names. They are
made when somebody first asks, and made again when the catalogue of traits or the version changes: build nothing in
these schemas. To let a BI tool read them, grant its own database user `usage` on the schema and `select` on its tables.

* Money is integer cents of the brand's currency; times are UTC; `day` is the date in the brand's zone.
* Not known is NULL, never 0 or an empty text.
* A sum of whole numbers comes as a double, exact up to 2^53. Write `1.0 * a / b` for a part: PostgreSQL divides whole
  numbers to whole numbers, DuckDB to fractions.
* Masked: first and last letter, and of an e-mail those of both sides. Birthdays and the contents of events are shown to
  nobody.
* Statements end after 60 seconds (`--seconds`), and sort at most 4 GiB on the server's disk where the database is ours.
* What may stand in a statement: select, joins, `with`, windows, set operations, plain casts, and functions that look at
  their arguments alone. The refusal of any other names them.
"""


def described() -> str:
    """The document."""
    return HEAD + "".join(map(_section, VIEWS))


def _section(view: View) -> str:
    place = "the lake (DuckDB)" if view.is_in_lake else "PostgreSQL; the lake fetches it from there"
    rows = "".join(f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning} |\n" for c in view.columns)
    table = f"| column | type | unit | meaning |\n|---|---|---|---|\n{rows}"
    return f"\n## {view.name}\n{view.about} Where: {place}.\n\n{table}"


if __name__ == "__main__":
    TARGET.write_text(described())
