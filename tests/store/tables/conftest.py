"""Both databases: each test runs on SQLite and on PostgreSQL, in a database of its own."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url, text

from leeward.store.tables import Tables, open_tables
from tests.conftest import absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def server() -> Iterator[Engine]:
    """The PostgreSQL server that ``make test`` starts."""
    address = os.environ.get("LEEWARD_TEST_POSTGRESQL")
    if not address:
        absent("PostgreSQL is not there: LEEWARD_TEST_POSTGRESQL is not set (`make test` does)")
    engine = create_engine(str(address), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes empty databases of one kind; gives their addresses."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / secrets.token_hex(4)}.db"
        return
    engine: Engine = request.getfixturevalue("server")
    names: list[str] = []

    def make() -> str:
        names.append(f"leeward_test_{secrets.token_hex(6)}")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {names[-1]}"))
        return make_url(engine.url).set(database=names[-1]).render_as_string(hide_password=False)

    yield make
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def address(new_database: Callable[[], str]) -> str:
    """An empty database."""
    return new_database()


@pytest.fixture
def tables(address: str) -> Iterator[Tables]:
    """Tables without a row."""
    with open_tables(address) as opened:
        yield opened
