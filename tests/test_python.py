"""``import leeward as lw``: what a person types in Python."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import leeward as lw
from leeward.errors import InputError, NotALog, UsageError
from leeward.network import Prior, Seed
from leeward.store import Log, Writer
from tests.network._quay import SEEDS, quay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    with Writer.open(folder) as writer:
        writer.append([msgspec.structs.replace(e, seq=None, seen=None) for e in quay()])
    return folder


@pytest.fixture
def log(data: Path) -> Iterator[Log]:
    with lw.open(data) as opened:
        yield opened


def test_a_log_is_opened_by_its_folder(data: Path) -> None:
    for folder in (data, str(data)):
        with lw.open(folder) as log:
            assert len(log.of(account="cleo")) == 4


def test_where_no_log_is_none_is_opened(tmp_path: Path) -> None:
    with pytest.raises(NotALog):
        lw.open(tmp_path)


def test_from_a_log_to_a_table_and_a_page(log: Log, tmp_path: Path) -> None:
    found = lw.discover(log, seeds=["ada", "account:ben"])
    assert isinstance(found, lw.Found)
    frame = found.to_frame()
    assert frame.loc[frame["tier"] == "suspect", "account"].iloc[0] == "cleo"
    page = found.page(tmp_path / "out.html", title="Boats <of> the quay")
    assert page == tmp_path / "out.html"
    text = page.read_text()
    assert "Boats &lt;of&gt; the quay" in text
    assert "cleo" in text
    assert page.stat().st_mode & 0o777 == 0o600
    assert found.save(tmp_path / "ranking.csv").exists()


def test_a_page_says_of_nobody_that_it_is_a_minor(log: Log, tmp_path: Path) -> None:
    text = lw.discover(log, SEEDS).page(str(tmp_path / "out.html")).read_text()
    assert "hugo" in text
    assert "only protective actions" in text
    assert "minor" not in text.lower()


@pytest.mark.parametrize(
    "seeds",
    [
        ["account:ada", Seed("account", "ben")],
        [Seed("account", "ada"), Seed("account", "ben")],
        ["ada\toffender\t1", "ben"],
        "ada\nben",
        SEEDS,
    ],
)
def test_seeds_of_every_form(log: Log, seeds: list[str | Seed]) -> None:
    names = [row.account for row in lw.discover(log, seeds).ranking if row.tier == "seed"]
    assert sorted(names) == ["ada", "ben"]


def test_other_things_than_accounts_can_be_seeds(log: Log) -> None:
    found = lw.discover(log, ["tag:#Reef", "post:ada/2", f"media:{'5A' * 32}", "gale\tinnocent"])
    assert (found.figures.seeds, found.figures.seeds_unknown) == (4, 0)
    rows = {row.account: row for row in found.ranking}
    assert any("confirmed or reported" in piece.words for piece in rows["cleo"].evidence)


def test_shields_and_the_limit_are_handed_on(log: Log) -> None:
    found = lw.discover(log, SEEDS, shields={"cleo": "reporter"}, limit=5)
    assert len(found.ranking) == 5
    assert {row.account: row.shield for row in found.ranking}["cleo"] == "reporter"


def test_priors_are_handed_on(log: Log) -> None:
    rows: list[Any] = [("gale", 1.5, "watch"), Prior("tag", "reef", 1.0, "watch")]
    found = lw.discover(log, SEEDS, priors=rows)
    assert found.figures.priors == 2
    pieces = {row.account: row.evidence for row in found.ranking}["gale"]
    assert [piece.weight for piece in pieces if piece.kind == "priors"] == [1.5]
    with pytest.raises(InputError):
        lw.discover(log, SEEDS, priors=[("gale", 99, "watch")])


def test_what_cannot_be_a_seed_is_refused(log: Log) -> None:
    with pytest.raises(InputError):
        lw.discover(log, ["ada\tguilty"])
    with pytest.raises(UsageError):
        lw.discover(log, ["nobody"])
    with pytest.raises(UsageError):
        lw.discover(log, [])


def test_all_public_names_are_there() -> None:
    assert sorted(lw.__all__) == lw.__all__
    for name in lw.__all__:
        assert getattr(lw, name) is not None
    public = {name for name in vars(lw) if not name.startswith("_")}
    modules = {name for name in public if f"leeward.{name}" in sys.modules}
    assert public - modules - {"annotations", "TYPE_CHECKING"} <= {*lw.__all__}
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = lw.no_such_name


def test_names_are_offered_for_completion() -> None:
    """Also those that are loaded when they are asked for."""
    assert {*lw.__all__} <= {*dir(lw)}


def in_a_new_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_import_alone_loads_nothing_heavy() -> None:
    code = "import sys, leeward; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in in_a_new_process(code).split()}
    assert "leeward" in loaded
    heavy = {"numba", "numpy", "pyarrow", "pandas", "msgspec", "jinja2", "networkx", "sqlalchemy"}
    assert loaded & heavy == set()


def test_a_star_brings_what_is_public() -> None:
    code = "from leeward import *; print(discover.__module__, Found.__module__, open.__module__)"
    assert in_a_new_process(code).split() == ["leeward._python", "leeward._python", "leeward"]
