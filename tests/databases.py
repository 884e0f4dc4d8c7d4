"""Databases for tests: each empty but for what the migrations put there, used again where a test left no other trace.

Making a database and dropping it takes longer than most tests. So one that was used is emptied instead, unless its
tables are others now or it has grown: then it is dropped, and the next test gets a new one.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

GROWN_MAX_BYTES = 16 * 1024 * 1024

SHAPE = """
select count(*), max(oid::bigint), md5(string_agg(relname || relnatts || relchecks || relhastriggers, ',' order by oid))
from pg_class where oid >= 16384
"""
EMPTY = """
do $$
declare
  one record;
begin
  set local session_replication_role = replica;
  for one in select oid::regclass as name from pg_class
    where relkind = 'r' and oid >= 16384 and relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 0
  loop
    execute format('delete from %s', one.name);
  end loop;
  perform setval(seqrelid, seqstart, false) from pg_sequence;
end $$
"""


class Databases:
    """Those of one template on one server."""

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[str] = []
        with psycopg.connect(with_database(server, template)) as db:
            self._shape = db.execute(SHAPE).fetchall()
            self._bytes: int = db.execute("select pg_database_size(current_database())").fetchall()[0][0]
            self._rows = rows_of(db)

    def take(self) -> str:
        """Connection string of one that is as the template is."""
        if not self._free:
            self._free.append(f"test_{uuid.uuid4().hex[:12]}")
            self._admin(f"create database {self._free[-1]} template {self._template} strategy wal_log")
        return with_database(self._server, self._free.pop())

    def give_back(self, url: str) -> None:
        """Empty it for the next, or drop it. Whoever is still connected is cut off."""
        name = urlsplit(url).path[1:]
        with psycopg.connect(url) as db:
            db.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
            size: int = db.execute("select pg_database_size(current_database())").fetchall()[0][0]
            if size < self._bytes + GROWN_MAX_BYTES and db.execute(SHAPE).fetchall() == self._shape:
                db.execute(EMPTY)
                for table, rows in self._rows.items():
                    fill(db, table, rows)
                self._free.append(name)
        if name not in self._free:
            self._admin(f"drop database {name} with (force)")

    @contextmanager
    def lent(self) -> Generator[str, None, None]:
        """One of them for as long as the context lasts."""
        url = self.take()
        try:
            yield url
        finally:
            self.give_back(url)

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as admin:
            admin.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


def rows_of(db: psycopg.Connection) -> dict[str, list[Any]]:
    """What stands in the tables, as JSON, by table."""
    tables: list[tuple[str]] = db.execute(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        " and pg_relation_size(oid) > 0 order by oid"
    ).fetchall()
    return {
        table: [
            row for (row,) in db.execute(sql.SQL("select to_jsonb(t)::text from {} t").format(sql.Identifier(table)))
        ]
        for (table,) in tables
    }


def fill(db: psycopg.Connection, table: str, rows: list[Any]) -> None:
    """Put these rows back."""
    name = sql.Identifier(table)
    db.execute(
        sql.SQL(
            "insert into {} overriding system value"
            " select (jsonb_populate_record(null::{}, one::jsonb)).* from unnest(%s::text[]) one"
        ).format(name, name),
        [rows],
    )


def with_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()
