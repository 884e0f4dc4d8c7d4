"""Shelves: a new connector, score, channel or report is one new file that registers itself, found without a list."""

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from regulars.kit.errors import InputRefused

T = TypeVar("T")


class Shelf(Generic[T]):
    """Plug-ins of one kind by name. `package` holds our own, entry-point group `regulars.<kind>` those of outside."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._found: dict[str, T] = {}
        self._loaded = False
        self._loading = threading.RLock()

    def add(self, name: str) -> Callable[[T], T]:
        """Decorator: put a plug-in on the shelf under `name`; a second one of the same name is refused."""

        def put(item: T) -> T:
            if name in self._found:
                raise InputRefused(f"Two {self.kind} plug-ins are named '{name}'", "Rename one of them")
            self._found[name] = item
            return item

        return put

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._found))

    def __getitem__(self, name: str) -> T:
        self._load()
        if name not in self._found:
            known = ", ".join(sorted(self._found)) or "none"
            raise InputRefused(f"There is no {self.kind} named '{name}'", f"Choose one of: {known}")
        return self._found[name]

    def items(self) -> list[tuple[str, T]]:
        """Every plug-in with its name, by name."""
        return [(name, self[name]) for name in self]

    def _load(self) -> None:
        # Two threads may ask first at the same time: the second must not see a shelf that is half full.
        with self._loading:
            if self._loaded:
                return
            self._loaded = True
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package}.{module.name}")
            for point in entry_points(group=f"regulars.{self.kind}"):
                point.load()
