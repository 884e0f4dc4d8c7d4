"""The one PostgreSQL keeps what it acknowledges."""

from regulars.app import App


def test_a_rolled_back_transaction_leaves_nothing(app: App) -> None:
    try:
        with app.transaction() as inside:
            inside.db.execute(
                "insert into source (name, kind, login_space, created_at) values ('till', 'tills', 'till', now())"
            )
            raise KeyError
    except KeyError:
        pass

    with app.transaction() as inside:
        assert inside.db.execute("select count(*) from source").fetchall() == [(0,)]
