"""Regulars turns the customer data a brand already has into customers who come back. Start reading at `flow.py`.

From Python: `import regulars as rg`, then `rg.connect()` (docs/how-to/ask-your-data-from-python.md).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regulars.ask import connect

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]


def __getattr__(name: str) -> Any:
    """`connect` when it is first asked for: importing the package must stay cheap."""
    if name == "connect":
        from regulars.ask import connect

        return connect
    raise AttributeError(f"module 'regulars' has no attribute '{name}'")
