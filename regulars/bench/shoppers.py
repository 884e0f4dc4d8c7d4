"""A lake of shoppers for `bench analyze`: facts of a year in the lake's own layout, one Parquet file a day. Seeded.

An event is a function of its number and the seed: who (a few are very busy, most are not), what, when. Orders carry 1
to 5 lines, which are facts besides the events. One record in six is a second one of a customer whom we know already.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from regulars.collect import FACT_COLUMNS
from regulars.kit.clock import day_date

COLUMNS = {"signature": "bigint"} | {column.name: column.type for column in FACT_COLUMNS}
DAYS = 365
FIRST_DAY = 20_000
LAST_DAY = FIRST_DAY + DAYS - 1
WORKERS = 2
WORKER_MEMORY = "512MB"
RECORDS_A_CUSTOMER = 1.2
# Of customers in the order of their rank: the higher, the more of all events the first ones have.
UNEVEN = 1.8
# A prime that divides no number of records: ranks become numbers one to one.
STRIDE = 15_485_863
PRODUCTS, CATEGORIES, STORES, CAMPAIGNS = 10_000, 300, 400, 40
DAY_SECONDS = 86_400
# Events out of a thousand.
MIX = {
    "Page Viewed": 480,
    "Email Opened": 160,
    "Campaign Sent": 130,
    "Order Completed": 150,
    "Email Link Clicked": 40,
    "Coupon Redeemed": 15,
    "Survey Answered": 10,
    "Item Returned": 7,
    "Call Received": 5,
    "Order Refunded": 3,
}


def write(root: Path, events: int, customers: int, seed: int, days: range = range(FIRST_DAY, LAST_DAY + 1)) -> None:
    """Fact files of these days below `root`; the whole year holds `events` events, whichever days are asked for."""
    parts = [days[worker::WORKERS] for worker in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        for made in [pool.submit(_write_days, root, part, events, customers, seed) for part in parts]:
            made.result()


def files(root: Path) -> list[str]:
    """What was written, by day."""
    return sorted(str(path) for path in root.glob("facts/day=*/*.parquet"))


def file_of(root: Path, day: int, events: int) -> Path:
    """Where the facts of a day stand: named as the lake names its files."""
    first, last = _span(day, events)
    return root / "facts" / f"day={day_date(day).isoformat()}" / f"{first:012d}-{last:012d}.parquet"


def membership(customers: int) -> str:
    """A query of signature and customer: the first record of everybody, then second ones."""
    records = int(customers * RECORDS_A_CUSTOMER)
    return (
        f"select i as signature, case when i <= {customers} then i else 1 + (hash(i, 1) % {customers})::bigint end"
        f" as customer from range(1, {records + 1}) r (i)"
    )


def everybody(customers: int) -> str:
    """A query of customer and whether we know her: nine of ten."""
    return f"select i as customer, i % 10 <> 0 as known from range(1, {customers + 1}) r (i)"


def _span(day: int, events: int) -> tuple[int, int]:
    place = day - FIRST_DAY
    return 1 + events * place // DAYS, events * (place + 1) // DAYS


def _write_days(root: Path, days: Sequence[int], events: int, customers: int, seed: int) -> None:
    with duckdb.connect(config={"memory_limit": WORKER_MEMORY, "threads": 1}) as connection:
        for day in days:
            path = file_of(root, day, events)
            path.parent.mkdir(parents=True, exist_ok=True)
            query = _facts(day, _span(day, events), customers, seed)
            connection.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)").fetchall()


def _facts(day: int, span: tuple[int, int], customers: int, seed: int) -> str:
    events = f"select *, 0 as line from ({_events(day, span, customers, seed)})"
    orders = f"({events} where event = 'Order Completed')"
    lines = (
        f"select * replace (number as line, 'Order Line' as event, null as household), number as place from {orders}, "
        "lateral (select unnest(range(1, lines + 1)) as number)"
    )
    columns = ", ".join(
        f"({EXPRESSIONS.get(name, 'null')})::{'varchar' if type_ == 'text' else type_} as {name}"
        for name, type_ in COLUMNS.items()
    )
    # Lines draw again, by their number: two lines of an order are different products.
    drawn = f"select *, hash(seq, line, {seed}) as h, hash(seq, line, {seed}, 2) as k from (table made)"
    return (
        f"with made as ({events} union all by name {lines}), drawn as ({drawn}), "
        f"shopped as (select *, {_part('h', 20)} ** 2 as rank, (rank * {PRODUCTS})::bigint as number_ from drawn) "
        f"select {columns} from shopped order by seq, line"
    )


def _events(day: int, span: tuple[int, int], customers: int, seed: int) -> str:
    records = int(customers * RECORDS_A_CUSTOMER)
    whens, upto = list[str](), 0
    for event, share in MIX.items():
        upto += share
        whens.append(f"when {upto} > pick then '{event}'")
    first, last = span
    return (
        f"select seq, {day} as day, '' as household, case {' '.join(whens)} end as event, "
        # The busy are spread over all numbers, and who has a second record is as busy as others.
        f"1 + floor({_part('who', 0)} ** {UNEVEN} * {records})::bigint * {STRIDE} % {records} as signature, "
        f"({day} * {DAY_SECONDS}::bigint + (who >> 12) % {DAY_SECONDS}) * 1000000 + seq % 1000000 as occurred_us, "
        "1 + (what % 5)::bigint as lines, 99 + ((what >> 8) % 900)::bigint as cents, what "
        f"from (select seq, hash(seq, {seed}, 3) as who, hash(seq, {seed}, 4) as what, (what >> 20) % 1000 as pick "
        f"from range({first}, {last + 1}) r (seq))"
    )


def _part(name: str, shift: int) -> str:
    """A number of 0 to 1 out of 30 bits of a hash."""
    return f"(({name} >> {shift}) % 1073741824 / 1073741824)"


LINE, ORDER = "event = 'Order Line'", "event = 'Order Completed'"
BOUGHT = f"({LINE} or {ORDER} or event = 'Item Returned')"
EXPRESSIONS = {
    "signature": "signature",
    "seq": "seq",
    "line": "line",
    "fact_id": "seq * 4096 + line",
    "event": "event",
    "occurred_us": "occurred_us",
    "day": "day",
    "revenue_cents": f"case when {LINE} then cents when {ORDER} then cents * lines end",
    "refund_cents": "case when event in ('Item Returned', 'Order Refunded') then cents end",
    "quantity": f"case when {LINE} then 1 when {ORDER} then lines end",
    "discount_cents": f"case when what % 3 <> 0 then 0 when {LINE} then cents // 10 when {ORDER} "
    "then cents // 10 * lines else 0 end",
    "coupon_cents": f"case when {ORDER} and (what >> 40) % 20 = 0 then 100 when {LINE} or {ORDER} then 0 end",
    "score": "case when event = 'Survey Answered' then 1 + h % 5 end",
    "minutes": "case when event = 'Call Received' then 1 + h % 30 end",
    "order_hash": f"case when {LINE} or {ORDER} then (hash(seq) >> 1)::bigint end",
    "product_hash": f"case when {LINE} then (hash(number_)::hugeint - 9223372036854775808)::bigint end",
    "category": f"case when {LINE} then case when number_ % {CATEGORIES} = 7 then 'CAT FOOD' "
    f"else 'CATEGORY ' || (number_ % {CATEGORIES}) end end",
    "department": f"case when {LINE} then 'DEPARTMENT ' || (number_ % 20) end",
    "brand": f"case when {LINE} then case when number_ % 4 = 0 then 'Private' else 'National' end end",
    "product": f"case when {LINE} then 'p' || number_ end",
    "store": f"case when {BOUGHT} and what % 4 <> 0 then 's' || (signature * 7 + (what >> 30) % 4) % {STORES} end",
    "channel": f"case when {BOUGHT} then case when what % 4 = 0 then 'web' else 'store' end end",
    "campaign": f"case when event in ('Campaign Sent', 'Coupon Redeemed') then 'c' || h % {CAMPAIGNS} end",
}
