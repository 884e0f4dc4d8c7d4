"""A table of records as numbered columns, and how common each value is."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# (PyArrow has no types; nothing of it leaves this module but tables on their way to a file.)

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage.conditions import UNKNOWN, Column
from regulars.resolve.linkage.scorer import Model

pc: Any = pyarrow.compute  # its functions are made when it is loaded


def count_terms(connection: duckdb.DuckDBPyConnection, model: Model) -> Any:
    """How common values of the columns whose rarity counts are in `record`: column, value, frequency.

    Values of one record are not kept: all of them have the frequency that stands under no value.
    """
    parts: list[str] = []
    for name in sorted(model.rare):
        whole = f"(from record select count({name}))"
        parts.append(
            f"select '{name}' as column_name, {name} as value, cast(count(*) as double) / {whole} as frequency"
            f" from record where {name} is not null group by {name} having count(*) > 1"
            f" union all select '{name}', null, 1.0 / greatest({whole}, 1)"
        )
    told = f"({' union all '.join(parts)})" if parts else "(select '' as column_name, '' as value, 0.0 as frequency)"
    return connection.sql(f"from {told} order by column_name, value nulls first").to_arrow_table()


def save_terms(table: Any, path: Path, version: str) -> None:
    """Keep frequencies beside the model whose version they belong to."""
    parquet.write_table(table.replace_schema_metadata({"model": version}), path)


def load_terms(path: Path, version: str) -> Any:
    """Frequencies as they were kept. Raises LinkRefused where they are another model's."""
    try:
        table = parquet.read_table(path)
    except (OSError, ValueError) as fault:
        raise LinkRefused(f"The model's terms {path} cannot be read: {fault}", "Keep them beside the model") from None
    if (table.schema.metadata or {}).get(b"model", b"").decode() != version:
        raise LinkRefused(f"{path.name} belongs to another model", "Keep the two files of one training together")
    return table


def numbered(table: Any, model: Model, terms: Any) -> dict[str, Column]:
    """The columns that the model asks for, of an Arrow table; row i of it is record i."""
    groups = [*model.compared, *({name} for name in model.columns - frozenset().union(*model.compared))]
    found: dict[str, Column] = {}
    for group in groups:
        names = sorted(group)
        chunks = [chunk for name in names for chunk in table.column(name).cast(pa.string()).chunks]
        whole = pa.chunked_array(chunks, pa.string()).combine_chunks().dictionary_encode()
        codes = pc.fill_null(whole.indices, UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int32)
        values = whole.dictionary.to_numpy(zero_copy_only=False)
        for place, name in enumerate(names):
            own = codes[place * table.num_rows : (place + 1) * table.num_rows]
            found[name] = Column(own, values, _frequencies(name, whole.dictionary, terms, model.rare))
    return found


def _frequencies(name: str, values: Any, terms: Any, rare: Collection[str]) -> Any:
    if name not in rare:
        return np.zeros(0)
    own = terms.filter(pc.equal(terms.column("column_name"), name))
    told = own.column("value").combine_chunks()
    shares = own.column("frequency").combine_chunks().to_numpy(zero_copy_only=False)
    # Under no value, the first row, stands the frequency of what one record alone has.
    place = pc.fill_null(pc.index_in(values, value_set=told.drop_null()), -1).to_numpy(zero_copy_only=False)
    return shares[place + 1]


def whole(connection: duckdb.DuckDBPyConnection, names: Collection[str]) -> Any:
    """These columns of `record`, whose rows stand in the order of their numbers, as an Arrow table."""
    return connection.sql(f"from record select {', '.join(sorted(names))}").to_arrow_table()


def some(connection: duckdb.DuckDBPyConnection, names: Collection[str], numbers: NDArray[np.int64]) -> Any:
    """The same of a few records, in the order of these numbers, none of which is named twice."""
    connection.register("asked", pa.table({"number_": numbers, "place": np.arange(len(numbers))}))
    table = connection.sql(
        f"from record join asked using (number_) select {', '.join(sorted(names))} order by place"
    ).to_arrow_table()
    connection.unregister("asked")
    return table


def stacked(left: Any, right: Any, model: Model) -> Any:
    """One Arrow table of the records of both, the right ones behind the left."""
    names = sorted(model.columns)
    return pa.concat_tables([left.select(names), right.select(names)], promote_options="permissive")
