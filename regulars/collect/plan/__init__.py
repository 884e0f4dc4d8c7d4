"""A brand's own tracking plan: which events its sources should send, with which properties.

It refuses nothing. What does not follow it is stored like everything else and noted as a violation, which says what is
wrong, where, and how to mend it. `declare` reads the file, `check` judges events, `watch` is the reader of the journal.
"""
