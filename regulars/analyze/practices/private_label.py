"""Private label: who buys our own brand, and how much of their spend that is."""

from regulars.analyze.practices import Practice, practices

PRIVATE_LABEL = Practice(
    name="private_label",
    title="our own brand",
    part="spend on our own brand",
    trait="private_share",
    threshold=0.4,
    because="Whoever spends two fifths on our own brand comes for it; what they would buy in its place is not known",
)

practices.add(PRIVATE_LABEL.name)(PRIVATE_LABEL)
