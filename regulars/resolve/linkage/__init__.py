"""Which records of a file are one person: guessed columns, a model that learns by itself, groups that do not chain."""
