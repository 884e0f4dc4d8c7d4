"""Named SQL is read by its name, and a name is one query's."""

import pytest

from regulars.store.queries import Queries


def test_a_query_is_read_by_its_name_and_an_unknown_name_is_said() -> None:
    sql = Queries("regulars.shop", "-- name: open_doors\n-- Why.\nselect 1\n")

    assert sql.names() == ["open_doors"]
    assert sql.open_doors == "\n-- Why.\nselect 1\n"
    with pytest.raises(AttributeError, match="no query named close_doors"):
        _ = sql.close_doors


def test_a_name_given_twice_is_refused_and_not_quietly_one_of_them() -> None:
    with pytest.raises(ValueError, match="names two queries open_doors"):
        Queries("regulars.shop", "-- name: open_doors\nselect 1\n-- name: open_doors\nselect 2\n")
