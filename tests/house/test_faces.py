"""A room is its package: others use its face, and what it promises stands at its door."""

import ast

from tests.house.reading import PACKAGE, ROOMS, modules, refuse


def test_rooms_are_used_through_their_face_only() -> None:
    faults = [
        f"{module.place}:{line} imports {target}"
        for module in modules()
        for line, target in imports(module.tree)
        if reaches_inside(module.room, target)
    ]

    refuse(
        faults, "Import a room as `from regulars import room` or `from regulars.room import name` from its __init__."
    )


def test_what_is_imported_from_a_room_stands_in_its_face() -> None:
    faces = {room: face(room) for room in ROOMS}
    faults = [
        f"{module.place}:{node.lineno} imports {alias.name} from regulars.{room}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for room in ROOMS
        if node.module == f"regulars.{room}" and module.room != room
        for alias in node.names
        if alias.name not in faces[room]
    ]

    refuse(faults, "A room's __init__ exports what others may use.")


def test_every_room_says_what_it_takes_gives_writes_and_never_does() -> None:
    faults: list[str] = []
    for room in ROOMS:
        text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text())) or ""
        faults += [
            f"regulars/{room}: no '{word}'" for word in ("Takes", "Gives", "Writes", "Never") if word not in text
        ]

    refuse(faults, "A room's docstring is its contract: Takes / Gives / Writes tables / Never.")


def imports(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and dotted name of everything imported."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.lineno, node.module))
    return found


def reaches_inside(room: str, target: str) -> bool:
    """Is `target` a module inside a room other than `room`?"""
    parts = target.split(".")
    return len(parts) > 2 and parts[0] == "regulars" and parts[1] in ROOMS and parts[1] != room


def face(room: str) -> set[str]:
    """The names that a room's __init__ binds."""
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text())
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names
