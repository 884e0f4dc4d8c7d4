"""Events over HTTP: from the bytes of a request to an answer after the commit.

`gateway` routes, `wire` reads Segment's format (`../wires` others), `intake` judges, `writer` commits in groups and
`answers` says it. `express` takes usual requests off the connection without a web server; `alone` is the gateway in a
process of its own.
"""
