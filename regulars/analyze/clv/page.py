"""The page of an answer: one file of HTML with the styles of our pages in it and pictures drawn as SVG. Pure."""

from __future__ import annotations

from importlib.resources import files

import jinja2

from regulars.analyze.clv.answer import Clv

# The pages of the product and this one look alike because they share these files.
STYLES = ("tokens.css", "components.css")
WIDTH, HEIGHT, LEFT, BOTTOM = 560.0, 240.0, 56.0, 24.0
CUSTOMERS_SHOWN = 50
BANDS = 10


def drawn(answer: Clv) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("regulars.analyze.clv", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"count": _count, "share": _share}
    styles = [(files("regulars") / "web" / "static" / name).read_text() for name in STYLES]
    return environment.get_template("page.html").render(
        found=answer,
        finding=_finding(answer),
        styles="\n".join(styles),
        chart=_chart(answer),
        bands=_bands(answer),
        shown=answer.customers[:CUSTOMERS_SHOWN],
        still=sum(each.p_alive for each in answer.customers),
        coming=sum(each.expected_purchases for each in answer.customers),
        worth=sum(each.lifetime_value or 0 for each in answer.customers),
    )


def _finding(answer: Clv) -> str:
    held = answer.holdout
    if held is None:
        return f"{len(answer.customers):,} customers, and no time that the model has not seen"
    if not held.actual:
        return f"Nobody bought in the time held out; {held.predicted:,.0f} purchases were foreseen"
    off = held.predicted / held.actual - 1
    way = "as many as came" if abs(off) < 0.005 else f"{abs(off):.0%} too {'many' if off > 0 else 'few'}"
    return f"{held.predicted:,.0f} purchases were foreseen and {held.actual:,} came: {way}"


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _share(share: float) -> str:
    return f"{100 * share:.0f}%"


def _bands(answer: Clv) -> list[tuple[str, int, float]]:
    """How many customers are still such by which chance, in tenths: words, customers, length of the bar in percent."""
    counts = [0] * BANDS
    for each in answer.customers:
        counts[min(int(each.p_alive * BANDS), BANDS - 1)] += 1
    most = max(counts) or 1
    return [(f"{at * 10} to {at * 10 + 10}%", count, 100 * count / most) for at, count in enumerate(counts)]


def _chart(answer: Clv) -> dict[str, object]:
    """Repeat purchases until each day, as they came and as a model of new customers expects them."""
    days = [day for day, _, _ in answer.tracking]
    most = max((value for _, came, expected in answer.tracking for value in (came, expected)), default=0) or 1
    first, length = days[0], max((days[-1] - days[0]).days, 1)

    def x(day: object) -> float:
        return LEFT + (day - first).days / length * (WIDTH - LEFT - 8)  # type: ignore[operator]

    def y(value: float) -> float:
        return 8 + (1 - value / most) * (HEIGHT - BOTTOM - 8)

    came = " ".join(f"{x(day):.1f},{y(value):.1f}" for day, value, _ in answer.tracking)
    expected = " ".join(f"{x(day):.1f},{y(value):.1f}" for day, _, value in answer.tracking)
    begin = answer.holdout.begin if answer.holdout else None
    return {
        "lines": {"Came": came, "Expected": expected},
        "levels": [(y(most * part / 4), f"{most * part / 4:,.0f}") for part in range(5)],
        "ticks": [(x(days[at]), f"{days[at]:%b %Y}") for at in range(0, len(days), max(1, len(days) // 5))],
        "mark": x(begin) if begin and first <= begin <= days[-1] else None,
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "bottom": HEIGHT - BOTTOM,
    }
