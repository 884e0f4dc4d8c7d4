"""Readings of machines: scales, doors, fridges, counters."""

from regulars.collect.properties import EventSchema, Property, choice, number, text
from regulars.collect.vocabulary import EXTENSION, Group, groups

DEVICE = (
    text("device_id", "The device, by its own number", "fridge-0042", required=True),
    text("device_type", "What it is", "fridge"),
    text("store_id", "The store it stands in", "367"),
)
VALUE = Property(name="value", type="number", meaning="What it read", example=5.5, required=True)

groups.add("devices")(
    Group(
        title="Devices",
        origin=EXTENSION,
        meaning="What machines read. Send the device's own number as context.device.id, too.",
        events=(
            EventSchema(
                name="Reading Taken",
                meaning="A device measured something.",
                properties=(
                    *DEVICE,
                    text("measure", "What it measured", "temperature", required=True),
                    VALUE,
                    text("unit", "In which unit", "°C"),
                ),
            ),
            EventSchema(
                name="Device Alerted",
                meaning="A device says that something is not as it should be.",
                properties=(
                    *DEVICE,
                    text("alert", "What is wrong", "door open", required=True),
                    choice("severity", "How bad it is", "low", "medium", "high"),
                ),
            ),
            EventSchema(
                name="Visitors Counted",
                meaning="A counter at a door counted people.",
                properties=(
                    *DEVICE,
                    number("count", "How many came in since the last count", 37, required=True),
                ),
            ),
            EventSchema(
                name="Device Connected",
                meaning="A device came on line.",
                properties=(*DEVICE, text("firmware", "Version of its software", "2.1.0")),
            ),
        ),
    )
)
