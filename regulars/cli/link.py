"""`regulars link`: which records of your files are one person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from regulars import resolve
from regulars.cli.terminal import Json, print_json, print_table, settings
from regulars.kit.errors import InputRefused

commands = typer.Typer()
STAGES = {
    "read": "reading and cleaning",
    "train": "learning how records of one person differ",
    "meet": "finding pairs to compare",
    "score": "weighing pairs",
    "cluster": "joining people",
    "report": "writing the report",
}


@commands.command()
def link(
    files: Annotated[list[Path], typer.Argument(help="CSV or Parquet files of records of people.")],
    out: Annotated[Path, typer.Option(help="Folder for pairs, clusters, metrics and the model.")],
    into: Annotated[
        Path | None, typer.Option(help="Folder of an earlier result: these records join those, weighed by its model.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="TOML: which column is which field; guessed unless given.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="JSON of a model to weigh by, its terms beside it.")] = None,
    train: Annotated[
        bool, typer.Option("--train", help="Learn a model of these records (so too without --model).")
    ] = False,
    truth: Annotated[
        str, typer.Option(help="Column that names each record's person: judges, is never learned from.")
    ] = "",
    engine: Annotated[str, typer.Option(help="duckdb: this machine; spark: many. The result is the same.")] = "duckdb",
    as_json: Json = False,
) -> None:
    """Find the records that are one person. Run again, it takes up behind the last stage it finished."""
    settings()
    if train and model:
        raise InputRefused("--train makes a model and --model brings one", "Leave one of them out")
    if into and (train or model):
        raise InputRefused("--into brings the model of the earlier result", "Leave --train and --model out")
    if engine not in resolve.LINK_ENGINES:
        raise InputRefused(f"There is no engine '{engine}'", f"Choose one of: {', '.join(resolve.LINK_ENGINES)}")
    if into and engine != resolve.LINK_ENGINES[0]:
        raise InputRefused("What joins an earlier result is too little for Spark", "Leave --engine out")
    task = resolve.LinkTask(
        files=tuple(files), out=out, mapping=mapping, model=model, truth=truth, into=into, engine=engine
    )
    with progress(as_json) as lines:
        metrics = resolve.link(task, followed(lines))
    print_json(metrics) if as_json else tell(metrics, out)


def progress(quiet: bool) -> Progress:
    """Lines on standard error; none with --json."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet)


def followed(progress: Progress) -> resolve.LinkFollowed:
    """A line of progress for each stage."""
    lines: dict[str, TaskID] = {}

    def follow(stage: str, share: float) -> None:
        if stage not in lines:
            lines[stage] = progress.add_task(STAGES[stage], total=1.0)
        progress.update(lines[stage], completed=share)

    return follow


def tell(metrics: dict[str, Any], out: Path) -> None:
    """What was found, for people."""
    print(
        f"{metrics['records']:,} records are {metrics['clusters']:,} people; the largest has"
        f" {metrics['largest_cluster']:,} records. {metrics['review_pairs']:,} pairs are for a person to decide."
    )
    mapping = metrics["mapping"]
    print_table("Columns", ("Column", "Field"), mapping.fields.items())
    if "truth" in metrics:
        names = ("edges", "pairwise", "b_cubed")
        told = [
            (name, *(getattr(metrics["truth"][name], part) for part in ("precision", "recall", "f1"))) for name in names
        ]
        rows = [(name, *(f"{value:.4f}" for value in values)) for name, *values in told]
        print_table("Against the truth", ("Measure", "Precision", "Recall", "F1"), rows)
    print(f"Written to {out}: pairs.parquet, clusters.parquet, metrics.json, model.json, report.html")
