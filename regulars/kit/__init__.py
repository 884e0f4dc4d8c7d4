"""No domain at all: clock, dice, ids, settings, errors, plug-in registry, logging."""
