"""What a person can set, meet, plug in, type or query stands in docs/reference under its exact name."""

import importlib
import pkgutil
import re

import psycopg
import typer.main
from typer.core import TyperGroup

import regulars
from regulars.cli import main
from regulars.kit.errors import RegularsError
from regulars.kit.registry import Shelf
from regulars.kit.settings import PREFIX, Settings
from tests.house.reading import ROOT, modules, reference, refuse, tracked
from tests.house.tables import described

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")

# Whose codes begin with 10, 11 and so on (STYLE.md 19).
AREAS = (
    *("kit", "collect", "resolve", "profile", "analyze", "design", "engage", "optimize", "web"),
    *("store, cli and demo", "privacy", "ask"),
)


def load_everything() -> None:
    """Import every module of the package, so that every error and plug-in is there."""
    for module in pkgutil.walk_packages(regulars.__path__, "regulars."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def errors() -> list[type[RegularsError]]:
    """Every kind of error a person can meet."""
    load_everything()
    found, todo = list[type[RegularsError]](), [RegularsError]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return [kind for kind in found if kind.__module__.startswith("regulars.")]


def command_names(group: TyperGroup, before: str = "regulars") -> list[str]:
    """Every command as people type it."""
    context = typer.Context(group)
    names: list[str] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        names += command_names(command, f"{before} {name}") if isinstance(command, TyperGroup) else [f"{before} {name}"]
    return names


def test_every_setting_is_documented() -> None:
    wanted = [PREFIX + name.upper() for name in Settings.__struct_fields__]

    refuse(
        [name for name in wanted if name not in reference()], "Give each setting a line in docs/reference/settings.md."
    )


def test_every_error_code_is_documented_and_means_one_thing() -> None:
    by_code: dict[str, set[str]] = {}
    for kind in errors():
        if "code" in vars(kind):
            by_code.setdefault(kind.code, set()).add(kind.__name__)
    faults = [f"{code} is used by {', '.join(sorted(names))}" for code, names in by_code.items() if len(names) > 1]
    faults += [
        f"{code} {min(names)} is not in docs/reference" for code, names in by_code.items() if code not in reference()
    ]
    faults += [f"{kind.__module__}.{kind.__name__} has no code" for kind in errors() if "code" not in vars(kind)]
    faults += [f"{kind.code} of {kind.__module__} is of another area" for kind in errors() if not is_of_its_area(kind)]

    refuse(faults, "An error code is unique and has its line in docs/reference/errors.md.")


def is_of_its_area(kind: type[RegularsError]) -> bool:
    """A room counts its faults under numbers of its own."""
    room = kind.__module__.split(".")[1]
    if room in ("store", "cli", "demo"):
        room = "store, cli and demo"
    return kind.code.startswith(f"RG-{AREAS.index(room) + 10}")


def test_every_code_in_the_source_is_documented() -> None:
    codes = {code for module in modules() for code in re.findall(r"RG-\d{4}", module.text)}

    refuse([code for code in codes if code not in reference()], "Give each code a line in docs/reference/errors.md.")


def test_every_plug_in_is_documented() -> None:
    load_everything()
    shelves = [shelf for module in modules() for shelf in shelves_of(module.path.as_posix())]
    faults = [f"{shelf.kind} `{name}`" for shelf in shelves for name in shelf if f"`{name}`" not in reference()]

    assert len(shelves) >= 5
    refuse(faults, "Give each plug-in a line in docs/reference with its name in backticks.")


def test_every_command_is_documented() -> None:
    root = typer.main.get_command(main)
    assert isinstance(root, TyperGroup)
    names = command_names(root)

    refuse(
        [name for name in names if f"`{name}" not in reference()],
        "Give each command a line in docs/reference/commands.md.",
    )


def test_the_documented_tables_are_the_tables(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        actual = described(connection)

    documented = (ROOT / "docs" / "reference" / "tables.md").read_text()
    assert documented == actual, "run: make docs"


def test_links_between_documents_lead_somewhere() -> None:
    faults = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in tracked()
        if path.suffix == ".md"
        for target in LINK.findall(path.read_text())
        if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists()
    ]

    refuse(faults, "A link leads to nothing.")


def test_every_guide_is_found_from_the_first_page_of_the_documentation() -> None:
    docs = ROOT / "docs"
    linked = set(LINK.findall((docs / "README.md").read_text()))
    guides = [
        path.relative_to(docs).as_posix() for kind in ("how-to", "reference") for path in (docs / kind).glob("*.md")
    ]

    refuse([guide for guide in guides if guide not in linked], "Link each guide in docs/README.md.")


def test_the_project_names_no_machine_of_its_makers() -> None:
    # Written in parts, so that this file does not name them either.
    places = re.compile(
        "|".join(["/wo" + "rk/", "/ro" + r"ot/(?!\.)", "/ho" + r"me/[a-z]+/", "py" + r"pi\.org", "pythonho" + "sted"])
    )
    faults = [
        f"{path.relative_to(ROOT)}:{number} {hit.group()}"
        for path in tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        for hit in places.finditer(line)
    ]

    refuse(faults, "The project speaks of itself alone: no path of a machine, no host of a registry.")


def shelves_of(path: str) -> list[Shelf[object]]:
    """The shelves a module makes."""
    name = path.split("/regulars/")[-1].removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if name in {"__init__", "__main__"}:
        return []
    module = importlib.import_module(f"regulars.{name}")
    return [value for value in vars(module).values() if isinstance(value, Shelf) and value.package == module.__name__]
