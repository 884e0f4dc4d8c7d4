"""Shelves: a new connector, score, channel or report is one new file that registers itself, found without a list."""

import importlib
import inspect
import pkgutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
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
        self._said: dict[str, str] = {}
        self._loaded = False
        self._is_loading = False
        self._lock = threading.RLock()

    def add(self, name: str) -> Callable[[T], T]:
        """Decorator: put a plug-in on the shelf under `name`; a second one of the same name is refused."""
        caller = inspect.currentframe()
        file = caller.f_back.f_globals.get("__doc__") if caller and caller.f_back else None

        def put(item: T) -> T:
            if name in self._found:
                raise InputRefused(f"Two {self.kind} plug-ins are named '{name}'", "Rename one of them")
            self._found[name] = item
            self._said[name] = " ".join((file or name).split("\n\n")[0].split())
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

    def said(self, name: str) -> str:
        """What the file of a plug-in says of itself in its first lines."""
        self._load()
        return self._said[name]

    def _load(self) -> None:
        # Two threads may ask first at the same time: the second must not see a shelf that is half full.
        with self._lock:
            # A plug-in may look at its own shelf while it is loaded.
            if self._loaded or self._is_loading:
                return
            self._is_loading = True
            try:
                self._load_all()
                # Last: after a plug-in that failed, whoever asks next meets the same failure, not half a shelf.
                self._loaded = True
            finally:
                self._is_loading = False

    def _load_all(self) -> None:
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            self._put_up(partial(importlib.import_module, f"{self.package}.{module.name}"))
        for point in entry_points(group=f"regulars.{self.kind}"):
            self._put_up(point.load)

    def _put_up(self, load: Callable[[], object]) -> None:
        before = dict(self._found)
        try:
            load()
        except Exception:
            # Loaded again it would be told that its own name is taken, and nobody would see why it failed.
            self._found = before
            raise
