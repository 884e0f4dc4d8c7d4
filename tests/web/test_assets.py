"""Static files and templates: nothing from outside, nothing inline, both dark themes alike."""

from __future__ import annotations

import json
import re

import pytest

from regulars.web import charts, render
from regulars.web.render import HERE, STATIC

LOADS = re.compile(
    r"""(?:src|href|action|hx-get|hx-post)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import"""
)
INLINE = re.compile(r"<script(?![^>]*(?:src=|type=\"application/json\"))|<style|\son\w+\s*=\s*[\"']|javascript:")
OURS = [path for path in STATIC.glob("*.*") if path.suffix in (".css", ".js")]
TEMPLATES = sorted(HERE.rglob("*.html"))


@pytest.mark.parametrize("path", [*TEMPLATES, *OURS], ids=lambda path: path.name)
def test_nothing_is_loaded_from_outside(path) -> None:
    assert not LOADS.search(path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_script_and_no_style_of_their_own(path) -> None:
    text = path.read_text()

    assert not INLINE.search(text)
    assert "| safe" not in text
    assert "|safe" not in text


def test_the_two_dark_themes_are_equal() -> None:
    text = (STATIC / "tokens.css").read_text()
    by_system = text.split(':root:not([data-theme="light"]) {')[1].split("}")[0]
    by_choice = text.split(':root[data-theme="dark"] {')[1].split("}")[0]

    assert by_system.split() == by_choice.split()


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    known = set(re.findall(r'id="i-([\w-]+)"', (STATIC / "icons.svg").read_text()))

    named = {name for path in TEMPLATES for name in re.findall(r"icon\(\"([\w-]+)\"", path.read_text())}

    assert named <= known


def test_json_in_a_page_cannot_end_its_element() -> None:
    held = charts.Series(name="</script><script>alert(1)</script>", values=[1])

    text = str(render.as_json(held))

    assert "<" not in text
    assert json.loads(text)["name"].startswith("</script>")
