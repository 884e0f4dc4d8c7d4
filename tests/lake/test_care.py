"""The lake beside the journal: damage is named and repaired, files stay few, what is withdrawn or too old leaves."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from regulars import analyze, collect
from regulars.app import App
from regulars.collect.lake import care
from regulars.kit.clock import ManualClock
from tests.analyze.town import EPOCH, Town, order, track

DAY = 20_000


@pytest.fixture
def lake(town: Town) -> Town:
    """Two days in four flushes: positions 1, 2, 5 on the first day, 3, 4, 6, 7, 8 on the second."""
    town.app.clock.move_to(EPOCH + timedelta(days=DAY + 5))
    for given in (
        [(1, order(DAY)), (2, track("Email Opened", DAY))],
        [(1, order(DAY + 1)), (2, track("Email Opened", DAY + 1))],
        [(1, track("Email Opened", DAY)), (1, order(DAY + 1))],
        [(2, order(DAY + 1)), (3, order(DAY + 1))],
    ):
        town.batch(given)
        collect.flush(town.app)
    return town


def verified(app: App) -> collect.Verified:
    with app.transaction() as inside:
        return collect.verify_lake(inside)


def file_of(app: App, kind: str, seq: int) -> Path:
    with app.transaction() as inside:
        sql = "select path from lake_file where kind = %s and %s between from_seq and to_seq order by day"
        row = inside.db.execute(sql, [kind, seq]).fetchone()
        assert row is not None
        return app.lake.root / row[0]


def files(app: App) -> int:
    with app.transaction() as inside:
        return int(inside.db.execute("select count(*) from lake_file").fetchall()[0][0])


def traits(app: App) -> list[tuple[Any, ...]]:
    with app.transaction() as inside:
        return sorted(analyze.rebuild(inside).rows, key=repr)


def flip(path: Path) -> None:
    """One bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


DAMAGES: list[tuple[Callable[[Path], None], str, str, int]] = [
    (flip, "not what was written", "journal", 2),
    (cut, "not what was written", "facts", 3),
    (Path.unlink, "missing", "facts", 3),
]


def test_a_whole_lake_is_the_journal(lake: Town) -> None:
    found = verified(lake.app)

    assert found.is_sound
    assert (found.events, found.up_to, found.damages, found.unlisted) == (8, 8, [], 0)


@pytest.mark.parametrize(("harm", "what", "kind", "rows"), DAMAGES, ids=["bit flipped", "truncated", "missing"])
def test_a_damaged_file_is_named_with_what_it_lost_and_the_rest_stays_readable(
    lake: Town, harm: Callable[[Path], None], what: str, kind: str, rows: int
) -> None:
    whole = traits(lake.app)
    path = file_of(lake.app, kind, 1)
    harm(path)

    [damage] = verified(lake.app).damages

    assert (damage.what, damage.rows, damage.events, damage.lost) == (what, rows, 2, [(1, 2)])
    assert damage.path == str(path.relative_to(lake.app.lake.root))
    assert (traits(lake.app) == whole) is (kind == "journal")
    with lake.app.transaction() as inside:
        assert collect.repair_lake(inside).rows == rows
    assert verified(lake.app).is_sound
    assert traits(lake.app) == whole


def test_a_file_that_was_put_back_counts_again(lake: Town) -> None:
    path = file_of(lake.app, "facts", 1)
    content = path.read_bytes()
    path.unlink()
    assert not verified(lake.app).is_sound

    path.write_bytes(content)

    assert verified(lake.app).is_sound


def test_a_file_that_was_put_back_after_a_withdrawal_does_not_bring_the_withdrawn_back(lake: Town) -> None:
    path = file_of(lake.app, "facts", 1)
    content = path.read_bytes()
    path.unlink()
    verified(lake.app)
    with lake.app.transaction() as inside:
        collect.withdraw(inside, [(1, 1)], "anna", "wrong")
        inside.db.execute("update withdrawal set followed_at = at")
    while collect.follow_in_lake(lake.app):
        pass

    path.write_bytes(content)

    [damage] = verified(lake.app).damages
    assert (damage.kind, damage.what) == ("facts", "not what the journal holds")
    with lake.app.transaction() as inside:
        collect.repair_lake(inside)
    assert verified(lake.app).is_sound
    assert (path_holds(lake.app, 2), path_holds(lake.app, 1)) == (True, False)


def path_holds(app: App, seq: int) -> bool:
    """Some fact file holds this position."""
    with app.transaction() as inside:
        paths = [row[0] for row in inside.db.execute("select path from lake_file where kind = 'facts'")]
    return any(app.lake.holds(path, [(seq, seq)]) for path in paths)


def test_a_file_with_the_right_checksum_and_other_rows_is_no_proof(lake: Town) -> None:
    """The control of the checksum: the sums over the journal see it."""
    with lake.app.transaction() as inside:
        inside.db.execute("update journal set body_hash = sha256('other')::bytea where seq = 4")
        inside.db.execute("update journal set body_hash = substring(body_hash for 16) where seq = 4")

    [damage] = verified(lake.app).damages

    assert (damage.what, damage.lost) == ("not what the journal holds", [(3, 4)])


def test_events_that_no_file_holds_are_named(lake: Town) -> None:
    with lake.app.transaction() as inside:
        inside.db.execute("delete from lake_file where kind = 'journal' and from_seq <= 7 and to_seq >= 8")

    found = verified(lake.app)

    assert (found.is_sound, found.unlisted, found.unlisted_positions) == (False, 2, [7, 8])


def test_small_files_of_a_day_become_one_and_say_the_same(lake: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(care, "CROWD_FILES", 2)
    before, whole = files(lake.app), traits(lake.app)

    done = collect.compact_lake(lake.app)

    assert (before, done.before, files(lake.app)) == (10, 10, 4)
    assert verified(lake.app).is_sound
    assert traits(lake.app) == whole
    assert collect.compact_lake(lake.app).before == 0


def test_a_replaced_file_stays_for_an_hour_for_whoever_reads_it(
    lake: Town, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "CROWD_FILES", 2)
    path = file_of(lake.app, "facts", 1)

    collect.compact_lake(lake.app)
    stays = path.exists()
    clock.move_to(clock.now() + timedelta(hours=2))
    collect.tend_lake(lake.app)

    assert (stays, path.exists()) == (True, False)


def test_a_compaction_killed_before_its_commit_changes_nothing_that_is_read(
    lake: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "CROWD_FILES", 2)
    whole = traits(lake.app)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(care, "add_files", dies)
    with pytest.raises(KeyboardInterrupt):
        collect.compact_lake(lake.app)

    assert (files(lake.app), verified(lake.app).is_sound) == (10, True)
    assert traits(lake.app) == whole


def test_withdrawn_events_leave_every_file_and_what_is_left_is_the_journal(lake: Town) -> None:
    with lake.app.transaction() as inside:
        collect.withdraw(inside, [(1, 1), (7, 8)], "anna", "wrong")
        inside.db.execute("update withdrawal set followed_at = at")
        assert collect.verify_lake(inside).is_sound, "what is on its way out is no damage"
    while collect.follow_in_lake(lake.app):
        pass

    found = verified(lake.app)

    assert (found.is_sound, found.events, files(lake.app)) == (True, 5, 8)
    with lake.app.transaction() as inside:
        [withdrawn] = collect.withdrawals(inside)
        left = inside.db.execute("select count(*) from lake_file where from_seq >= 7").fetchall()
    assert withdrawn.lake_at is not None
    assert left == [(0,)]


def test_retention_takes_old_days_for_good_and_leaves_the_journal_alone(lake: Town) -> None:
    with lake.app.transaction() as inside:
        done = collect.prune_lake(inside, 4)
    lake.batch([(1, order(DAY, 77)), (1, order(DAY + 1, 78))])
    collect.flush(lake.app)

    found = verified(lake.app)

    assert (done.before_day, done.files, done.events) == (DAY + 1, 4, 3)
    assert (found.is_sound, found.kept_from_day, found.events) == (True, DAY + 1, 6)
    with lake.app.transaction() as inside:
        assert inside.db.execute("select count(*) from journal where seq <= 8").fetchall() == [(8,)]
