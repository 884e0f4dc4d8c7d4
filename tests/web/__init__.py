"""The web, in a real browser over real rooms."""
