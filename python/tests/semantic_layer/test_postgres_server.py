"""The server that other tests rely on is real and answers."""

import psycopg


def test_the_server_answers_as_a_superuser(postgres_server: str) -> None:
    with psycopg.connect(postgres_server) as connection:
        assert connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("on",)
