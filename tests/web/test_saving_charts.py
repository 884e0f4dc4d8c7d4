"""A chart leaves the page as numbers for a spreadsheet and as a picture."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

from playwright.sync_api import Locator, Page


def test_a_chart_is_saved_as_its_numbers_and_as_a_picture(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    chart = page.locator("[data-chart]:has([data-draw] svg)").first
    title = chart.get_by_role("heading").inner_text()

    numbers, picture = saved(page, chart, "CSV", tmp_path), saved(page, chart, "SVG", tmp_path)

    chart.get_by_role("button", name="Table").click()
    names = chart.locator("thead th").all_inner_texts()
    labels = chart.locator("tbody td:first-child").all_inner_texts()
    rows = list(csv.reader(numbers.read_text().splitlines()))
    assert rows[0] == names
    assert [row[0] for row in rows[1:]] == labels
    assert all(float(cell) >= 0 for row in rows[1:] for cell in row[1:] if cell)
    assert numbers.name.removesuffix(".csv") == picture.name.removesuffix(".svg")
    assert numbers.name.startswith(title.split()[0].lower())
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")


def test_what_a_spreadsheet_would_compute_stays_text(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    chart = page.locator("[data-chart]:has([data-draw] svg)").first
    page.evaluate(
        """() => {
            const place = document.querySelector("[data-draw]:has(svg)");
            const spec = document.getElementById(place.dataset.draw);
            const told = JSON.parse(spec.textContent);
            told.labels[0] = '=HYPERLINK("x"),1';
            spec.textContent = JSON.stringify(told);
        }"""
    )

    numbers = saved(page, chart, "CSV", tmp_path)

    assert list(csv.reader(numbers.read_text().splitlines()))[1][0] == '\'=HYPERLINK("x"),1'


def saved(page: Page, chart: Locator, kind: str, folder: Path) -> Path:
    """What the button of this kind gives."""
    with page.expect_download() as waiting:
        chart.get_by_role("button", name=kind).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path
