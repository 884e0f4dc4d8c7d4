"""What is written for spreadsheets: a text that starts like a formula would be run by them."""

from __future__ import annotations

import unicodedata

# The wide forms, too: a spreadsheet of East Asia takes them for the same signs.
FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")


def safe_cell(text: str) -> str:
    """The text as a cell that stays text: an apostrophe before what begins like a formula, however it is indented."""
    begins = next((sign for sign in text if unicodedata.category(sign) not in UNSEEN), "")
    is_risky = begins in FORMULA_SIGNS or text[:1] in ("\t", "\r", "\n")
    return f"'{text}" if is_risky else text
