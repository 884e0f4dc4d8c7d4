"""Messages from templates: MJML for the layout, compiled once; Liquid for the words, with limits, once a customer.

`templates/<name>.mjml` is the HTML part, `templates/<name>.txt` the text part; the first line of the text is the
subject. Liquid sees plain values alone (text, numbers, lists, dicts), no objects, files, clock or environment:
editing a template can never run code. In HTML every value is escaped.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from liquid import Environment
from liquid.exceptions import LiquidError
from mjml import mjml2html

from regulars.engage.errors import TemplateRefused

SUBJECT = "Subject:"
OUTPUT_LIMIT_BYTES = 200_000
LOOP_LIMIT_ROUNDS = 1_000
NAMESPACE_LIMIT_BYTES = 20_000
NESTING_LIMIT_BLOCKS = 20
SUBJECT_LIMIT_CHARACTERS = 200
# The templates that ship: there is no other folder yet. Each is compiled once a process.
FOLDER = files(__package__ or "regulars.engage").joinpath("templates")


class Limited(Environment):
    """Liquid that cannot run away."""

    output_stream_limit = OUTPUT_LIMIT_BYTES
    loop_iteration_limit = LOOP_LIMIT_ROUNDS
    local_namespace_limit = NAMESPACE_LIMIT_BYTES
    block_nesting_limit = NESTING_LIMIT_BLOCKS


class Letter(NamedTuple):
    """A rendered message."""

    subject: str
    text: str
    html: str


_html = Limited(autoescape=True)
_text = Limited(autoescape=False)


def render(name: str, facts: dict[str, Any]) -> Letter:
    """The template in the words for one customer. Raises TemplateRefused."""
    subject, text, html = _compiled(name)
    try:
        letter = Letter(subject.render(**facts), text.render(**facts), html.render(**facts))
    except LiquidError as fault:
        raise _refused(name, fault) from None
    # One line, whatever the data holds: a line break in a header would be a header of its own.
    one_line = " ".join(letter.subject.split())[:SUBJECT_LIMIT_CHARACTERS]
    return letter._replace(subject=one_line)


@cache
def _compiled(name: str) -> tuple[Any, Any, Any]:
    if not name.replace("_", "").isalnum():
        raise TemplateRefused(f"'{name}' is no name of a template", "Use letters, digits and _")
    try:
        layout, words = (FOLDER.joinpath(f"{name}.{kind}").read_text() for kind in ("mjml", "txt"))
    except FileNotFoundError:
        raise TemplateRefused(f"There is no template '{name}'", "Choose one that stands in templates/") from None
    first, _, rest = words.partition("\n")
    if not first.startswith(SUBJECT):
        raise TemplateRefused(f"Template '{name}' has no subject", "Begin the text part with 'Subject: …'")
    try:
        # MJML is compiled with the Liquid still in it: a layout costs much more than a name.
        html = _html.from_string(mjml2html(layout))
        subject = _text.from_string(first.removeprefix(SUBJECT).strip())
        return subject, _text.from_string(rest.lstrip("\n")), html
    except (LiquidError, ValueError) as fault:
        raise _refused(name, fault) from None


def _refused(name: str, fault: Exception) -> TemplateRefused:
    return TemplateRefused(f"Template '{name}' cannot be used: {fault}", "Mend the place it names")
