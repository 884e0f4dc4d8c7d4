"""The page of a run's findings: one file of HTML with the styles of our pages in it and pictures drawn as SVG. Pure."""

from __future__ import annotations

from importlib.resources import files
from itertools import pairwise

import jinja2

from regulars.resolve.linkage.bands import AUTOMATIC_BITS, REVIEW_BITS
from regulars.resolve.linkage.report import Bar, CurvePoint, Findings

# The pages of the product and this one look alike because they share these files.
STYLES = ("tokens.css", "components.css")
WIDTH, HEIGHT, LEFT, BOTTOM = 560.0, 220.0, 44.0, 24.0
# Bits beyond which a bar is as long as it gets.
BAR_BITS_MAX = 25.0


def drawn(findings: Findings) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("regulars.resolve.linkage", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"count": _count, "share": _share, "bits": _bits, "words": _words}
    styles = [(files("regulars") / "web" / "static" / name).read_text() for name in STYLES]
    return environment.get_template("page.html").render(
        found=findings,
        metrics=findings.metrics,
        truth=findings.metrics.get("truth"),
        styles="\n".join(styles),
        automatic=AUTOMATIC_BITS,
        review=REVIEW_BITS,
        chart=_chart(findings.curve),
        bar=_bar,
        steps=_steps,
    )


def _count(number: int) -> str:
    return f"{number:,}"


def _share(share: float) -> str:
    return f"{100 * share:.1f}%"


def _bits(bits: float) -> str:
    return f"{bits:+.1f}".replace("-", "\N{MINUS SIGN}")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _bar(bits: float) -> dict[str, float]:
    """A bar from the middle, in percent of the width."""
    width = min(abs(bits), BAR_BITS_MAX) / BAR_BITS_MAX * 50
    return {"left": 50 - width if bits < 0 else 50.0, "width": max(width, 0.4)}


def _steps(bars: tuple[Bar, ...]) -> list[dict[str, float]]:
    """A waterfall: each bar begins where the one before ended; in percent of the width."""
    ends = [0.0]
    for bar in bars:
        ends.append(ends[-1] + bar.bits)
    low, high = min(ends), max(*ends, AUTOMATIC_BITS)
    scale = 100 / (high - low or 1)
    steps: list[dict[str, float]] = []
    for begin, end in pairwise(ends):
        steps.append({"left": (min(begin, end) - low) * scale, "width": max(abs(end - begin) * scale, 0.4)})
    return steps


def _chart(curve: tuple[CurvePoint, ...]) -> dict[str, object]:
    """Lines over the bits at which pairs become automatic: precision and recall, or else the share of pairs."""
    first, last = curve[0].bits, curve[-1].bits
    most = max(point.pairs for point in curve) or 1

    def x(bits: float) -> float:
        return LEFT + (bits - first) / (last - first) * (WIDTH - LEFT - 8)

    def y(share: float) -> float:
        return 8 + (1 - share) * (HEIGHT - BOTTOM - 8)

    def line(shares: list[float]) -> str:
        return " ".join(f"{x(point.bits):.1f},{y(share):.1f}" for point, share in zip(curve, shares, strict=True))

    if curve[0].precision is None:
        lines = {"Pairs": line([point.pairs / most for point in curve])}
    else:
        lines = {
            "Precision": line([point.precision or 0.0 for point in curve]),
            "Recall": line([point.recall or 0.0 for point in curve]),
        }
    return {
        "lines": lines,
        "ticks": [(x(bits), bits) for bits in range(0, last + 1, 5)],
        "levels": [(y(share), f"{100 * share:.0f}%") for share in (0.0, 0.25, 0.5, 0.75, 1.0)],
        "automatic": x(AUTOMATIC_BITS),
        "review": x(REVIEW_BITS),
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
    }
