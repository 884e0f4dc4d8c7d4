"""In bits: from which weight two records are one person, or a person is asked, and what a missing comparison counts."""

AUTOMATIC_BITS = 7.0
"""127 to 1: joined without asking anybody."""
REVIEW_BITS = 2.0
"""4 to 1: shown to a person."""
MISSING_BITS = -4.0
