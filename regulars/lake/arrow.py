"""PyArrow as we use it: without pandas.

The first array made of a Python list has PyArrow look for pandas, to know its arrays. Where some other package brought
pandas along, that is a second of imports and some 50 MB in every process that writes a file, for nothing.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]

__all__ = ["pa"]


class _Absent(MetaPathFinder):
    """Says of pandas that it is not installed."""

    def find_spec(self, fullname: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("PyArrow is not to look for pandas", name=fullname)
        return None


@contextmanager
def _no_pandas() -> Generator[None, None, None]:
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


# It looks once and remembers; who asks it for a DataFrame later still gets one.
if "pandas" not in sys.modules:
    with _no_pandas():
        pa.array([0])  # pyright: ignore[reportUnknownMemberType]
