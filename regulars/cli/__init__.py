"""Contract follows."""
