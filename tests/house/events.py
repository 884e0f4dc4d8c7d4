"""The published vocabulary as a document, made from its shelf: `make docs` writes it, a test compares it.

python -m tests.house.events
"""

from regulars.collect import EventSchema, Property, vocabulary_groups
from tests.house.reading import ROOT

TARGET = ROOT / "docs" / "reference" / "events.md"
HEAD = """# Events

The vocabulary: events under the names that every room reads, with the properties it understands. Made by `make docs`
from `regulars/collect/vocabulary`, where one file adds a group; a test compares it. Names of Segment's e-commerce
specification stand verbatim; "ours" marks a property it does not have. Nothing is refused for not standing here: send
what you have, under names of your own, and say in a [tracking plan](../how-to/write-a-tracking-plan.md) what you
expect. As JSON Schema it is at `GET /api/vocabulary`, as pages under *Events*. Amounts are in units of the currency
with two decimals; times are ISO 8601.
"""


def described() -> str:
    """The document."""
    parts = [HEAD]
    for name, group in vocabulary_groups.items():
        parts.append(f"\n## {group.title}\n\nGroup `{name}`, words of {group.origin}. {group.meaning}\n")
        parts += [event_text(event) for event in group.events]
    return "".join(parts)


def event_text(event: EventSchema) -> str:
    """One event: its meaning and a line of properties."""
    listed = "; ".join(property_text(each) for each in event.properties)
    return f"\n**`{event.name}`**: {event.meaning}\n" + (f"\n{listed}\n" if listed else "")


def property_text(each: Property) -> str:
    """One property in a line."""
    said = [each.type + (", required" if each.required else "")]
    if each.one_of:
        said.append("one of " + ", ".join(str(value) for value in each.one_of))
    inside = f" (each: {', '.join(part.name for part in each.of)})" if each.of else ""
    return f"`{each.name}` {', '.join(said)}: {each.meaning}{inside}"


if __name__ == "__main__":
    TARGET.write_text(described())
