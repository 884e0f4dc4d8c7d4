"""A plug-in is one new file on its shelf, found without a list."""

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from regulars.kit.errors import InputRefused
from regulars.kit.registry import Shelf

PLUG_IN = "from wares import shelf\n\n@shelf.add('{name}')\ndef {name}() -> str:\n    return '{name}'\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path, None, None]:
    """A package `wares` with a shelf and two plug-ins."""
    folder = tmp_path / "wares"
    folder.mkdir()
    (folder / "__init__.py").write_text("from regulars.kit.registry import Shelf\nshelf = Shelf('ware', __name__)\n")
    for name in ("pear", "apple"):
        (folder / f"{name}.py").write_text(PLUG_IN.format(name=name))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "wares"]:
        del sys.modules[name]


def shelf() -> Shelf[object]:
    import wares  # type: ignore[import-not-found]

    return wares.shelf


@pytest.mark.usefixtures("package")
def test_plug_ins_are_found_without_a_list_and_stand_in_order() -> None:
    assert list(shelf()) == ["apple", "pear"]
    assert [name for name, _ in shelf().items()] == ["apple", "pear"]


@pytest.mark.usefixtures("package")
def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputRefused, match=r"no ware named 'plum'.*apple, pear"):
        shelf()["plum"]


def test_two_plug_ins_of_one_name_are_refused(package: Path) -> None:
    (package / "second.py").write_text(PLUG_IN.format(name="apple"))

    with pytest.raises(InputRefused, match="named 'apple'"):
        list(shelf())


def test_a_plug_in_that_fails_is_heard_by_everybody_who_asks_and_never_gives_half_a_shelf(package: Path) -> None:
    broken = PLUG_IN.format(name="fig") + "raise RuntimeError('no figs today')\n"
    (package / "fig.py").write_text(broken)

    for _ in range(2):
        with pytest.raises(RuntimeError, match="no figs today"):
            list(shelf())


def test_a_plug_in_may_look_at_its_own_shelf_while_it_is_loaded(package: Path) -> None:
    (package / "fig.py").write_text("from wares import shelf\nlist(shelf)\n" + PLUG_IN.format(name="fig"))

    assert list(shelf()) == ["apple", "fig", "pear"]


@pytest.mark.usefixtures("package")
def test_an_outside_package_puts_its_plug_in_on_the_shelf_by_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside.py").write_text(PLUG_IN.format(name="quince"))
    info = tmp_path / "outside-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[regulars.ware]\nquince = outside\n")

    assert "quince" in list(shelf())
