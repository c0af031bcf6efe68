"""Opening the tables: made, upgraded, refused; by several processes at once."""

from __future__ import annotations

import importlib.util
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import column, inspect, table, update

from leeward.errors import (
    Corrupt,
    DependencyDown,
    NewerFormat,
    NotALog,
    SettingsError,
    StoreError,
)
from leeward.model import TablesSettings, settings_of
from leeward.store.tables import Tables, database_url, open_tables, place_hold
from leeward.store.tables._migrate import REVISIONS
from leeward.store.tables._schema import metadata
from leeward.store.tables._tables import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import ReflectedIndex


def test_the_migrations_end_where_the_schema_stands(tables: Tables) -> None:
    with tables.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_migrations_make_the_very_columns_and_indexes(
    tables: Tables, new_database: Callable[[], str]
) -> None:
    """Alembic's comparison does not see the condition or the method of an index; this does."""
    with connect(new_database()) as plain, plain.begin() as connection:
        metadata.create_all(connection)
        wanted = description(connection)
    with tables.read() as connection:
        found = description(connection)
    assert found == wanted
    assert len(found) == len(metadata.tables)


def description(connection: Connection) -> dict[str, object]:
    inspector = inspect(connection)
    return {
        name: (
            [{**column, "type": str(column["type"])} for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name),
            inspector.get_unique_constraints(name),
            sorted(map(described, inspector.get_indexes(name))),
        )
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def test_every_revision_has_its_script() -> None:
    config = Config()
    found = importlib.util.find_spec("leeward.store.tables")
    assert found is not None
    assert found.origin is not None
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(Path(found.origin).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == REVISIONS


def test_tables_that_are_up_to_date_open_without_a_lock(tables: Tables) -> None:
    with tables.begin() as connection:
        place_hold(connection, "boat:1", "Report", "Ada")
        open_tables(tables.url).close()


def test_tables_of_a_newer_leeward_are_refused_and_left_alone(tables: Tables) -> None:
    version = table("alembic_version", column("version_num"))
    with tables.begin() as connection:
        connection.execute(update(version).values(version_num="9999"))
    for _ in range(2):
        with pytest.raises(NewerFormat, match="newer Leeward") as caught:
            open_tables(tables.url)
        assert caught.value.hint == "use that Leeward, or a newer one"


def described(index: ReflectedIndex) -> list[str]:
    options = index.get("dialect_options", {})
    return [str(index["name"]), str(index["column_names"]), str(index["unique"])] + [
        f"{name}={value}" for name, value in sorted(options.items())
    ]


# --- SQLite ------------------------------------------------------------------------------------


def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "leeward.db"
    with open_tables(f"sqlite:///{path}") as tables, tables.begin() as connection:
        place_hold(connection, "boat:1", "Report", "Ada")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"leeward.db": 0o600, "leeward.db-shm": 0o600, "leeward.db-wal": 0o600}


def test_a_commit_survives_a_power_cut(tmp_path: Path) -> None:
    """With a write-ahead log, only synchronous = FULL (2) makes SQLite flush at each commit."""
    with open_tables(f"sqlite:///{tmp_path / 'leeward.db'}") as tables:
        for transaction in (tables.begin, tables.read):
            with transaction() as connection:
                ask = connection.exec_driver_sql
                assert ask("PRAGMA journal_mode").scalar() == "wal"
                assert ask("PRAGMA synchronous").scalar() == 2
                assert ask("PRAGMA foreign_keys").scalar() == 1


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotALog) as caught:
        open_tables(f"sqlite:///{tmp_path / 'missing' / 'leeward.db'}")
    assert caught.value.where == str(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "leeward.db"
    path.write_bytes(b"boats, not tables" * 100)
    with pytest.raises(Corrupt, match="no SQLite database"):
        open_tables(f"sqlite:///{path}")
    assert path.read_bytes() == b"boats, not tables" * 100


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Is a directory"):
        open_tables(f"sqlite:///{tmp_path}")


# --- PostgreSQL --------------------------------------------------------------------------------


def test_a_server_that_is_down_is_a_missing_dependency() -> None:
    """Port 1 of the loopback address has no server."""
    with pytest.raises(DependencyDown, match="does not answer") as caught:
        open_tables("postgresql+psycopg://harbour:s3cret@127.0.0.1:1/boats")
    assert caught.value.exit_code == 3
    assert caught.value.where == "127.0.0.1:1/boats"
    assert "s3cret" not in str(caught.value)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("user", "database", "said"),
    [
        ("leeward:wr0ng", "postgres", "refuses the login"),
        ("leeward", "postgres", "refuses the login"),
        ("nobody_here:wr0ng", "postgres", "refuses the login"),
        ("leeward:{password}", "no_such_database", "no such database"),
    ],
)
def test_a_login_that_fails_says_which_part(
    server: Engine, user: str, database: str, said: str
) -> None:
    there = f"{server.url.host}:{server.url.port}/{database}"
    password = str(server.url.password)
    with pytest.raises(DependencyDown, match=said) as caught:
        open_tables(f"postgresql://{user.format(password=password)}@{there}")
    assert caught.value.where == there
    assert "wr0ng" not in str(caught.value)
    assert password not in str(caught.value)


FROM_ENVIRONMENT = {"url": "postgresql://harbour@db/boats", "password_env": "HARBOUR"}


@pytest.mark.parametrize("shown", [repr, str])
def test_the_password_is_never_shown(shown: Callable[[object], str], tmp_path: Path) -> None:
    settings = settings_of({"tables": FROM_ENVIRONMENT}).tables
    url = database_url(settings, tmp_path, {"HARBOUR": "s3cret"})
    assert url.render_as_string(hide_password=False).count("s3cret") == 1
    assert "s3cret" not in shown(url)


def test_a_password_that_is_not_in_the_environment_is_asked_for(tmp_path: Path) -> None:
    settings = settings_of({"tables": FROM_ENVIRONMENT}).tables
    with pytest.raises(SettingsError) as caught:
        database_url(settings, tmp_path, {})
    assert caught.value.hint == "set the variable HARBOUR"


def test_the_tables_lie_in_the_data_folder_by_default(tmp_path: Path) -> None:
    url = database_url(TablesSettings(), tmp_path, {})
    assert url.database == str(tmp_path / "leeward.db")


@pytest.mark.parametrize(
    "url",
    [
        "boats",
        "mysql://harbour:s3cret@db/boats",
        "postgresql+asyncpg://harbour:s3cret@db/boats",
        "postgresql://harbour:s3cret@db",
        "postgresql://harbour@db/boats?password=s3cret",
        "postgresql://harbour:s3cret@db:port/boats",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://s3cret/boats.db",
        "sqlite:///boats.db?s3cret=1",
    ],
)
def test_an_address_that_cannot_be_used_is_not_quoted(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        database_url(TablesSettings(url=url), tmp_path, {})
    assert caught.value.where == "tables.url"
    assert "s3cret" not in str(caught.value)
