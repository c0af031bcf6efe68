"""The notebook runs from its first cell to its last, and is stored as it was before it ran."""

from __future__ import annotations

import ast
import re
import tempfile
from typing import TYPE_CHECKING, Any, Final

import nbformat
import pytest
from nbclient import NotebookClient

from leeward.evaluate import RING
from leeward.pipeline import RANKING_SCHEMA
from tests.docs._pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTEBOOK: Final = ROOT / "docs" / "tutorials" / "find-a-network.ipynb"
_ACCOUNTS, _RING, _SEEDS = 5_000, 60, 10
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


def _stored() -> Any:
    return nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]


class _Ran:
    """The notebook after it ran.

    Attributes:
        cells: Its code cells by their ids.
        left: What its cells left among temporary files.
    """

    def __init__(self, cells: dict[str, Any], left: list[str]) -> None:
        self.cells, self.left = cells, left

    def printed(self, cell: str) -> str:
        """What a cell wrote to stdout."""
        found = [o.text for o in self.cells[cell].outputs if o.get("name") == "stdout"]
        return "".join(found)

    def value(self, cell: str, form: str = "text/plain") -> str:
        """The value of a cell's last line."""
        (found,) = [o for o in self.cells[cell].outputs if o.output_type == "execute_result"]
        return str(found.data[form])

    def precision(self, cell: str) -> list[float]:
        """Every percentage that a cell printed, as a share."""
        return [float(text) / 100 for text in re.findall(r"([\d.]+)%", self.printed(cell))]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Ran]:
    """Run it once, without a network and without what a developer has set for Jupyter."""
    folder = tmp_path_factory.mktemp("notebook")
    temporary = folder / "temporary"
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as sockets:
        for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
            patch.setenv(f"JUPYTER_{name}", str(folder / name.lower()))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("TMPDIR", str(temporary))
        notebook = _stored()
        client = NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )
        # Sockets in a folder of our own; their names may not be long. TCP, the usual transport,
        # is open to every user of the machine.
        manager = client.create_kernel_manager()
        manager.transport, manager.ip = "ipc", f"{sockets}/kernel"
        client.execute()
        cells = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
        yield _Ran(cells, [path.name for path in temporary.iterdir()])


def test_it_is_stored_without_what_a_run_leaves_in_it() -> None:
    notebook = _stored()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert [cell.id for cell in notebook.cells if cell.metadata] == []
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_its_file_differs_only_where_the_notebook_does() -> None:
    canonical = nbformat.writes(_stored())  # type: ignore[no-untyped-call]
    assert canonical + "\n" == NOTEBOOK.read_text()


def test_its_links_lead_somewhere_and_none_of_its_paths_is_of_one_machine() -> None:
    text = [cell.source for cell in _stored().cells if cell.cell_type == "markdown"]
    links = [link for source in text for link in _LINK.findall(source)]
    assert [link for link in links if not (NOTEBOOK.parent / link.partition("#")[0]).exists()] == []
    assert re.findall(r"(?<![\w.])/(?:home|root|work|tmp|Users)/", NOTEBOOK.read_text()) == []


def test_every_cell_ran_and_none_warned(ran: _Ran) -> None:
    assert list(ran.cells) == [c.id for c in _stored().cells if c.cell_type == "code"]
    assert [name for name, cell in ran.cells.items() if cell.execution_count is None] == []
    outputs = [(name, output) for name, cell in ran.cells.items() for output in cell.outputs]
    assert [(name, o.text) for name, o in outputs if o.get("name") == "stderr"] == []


def test_a_reader_makes_a_platform_and_fills_a_log(ran: _Ran) -> None:
    roles = ast.literal_eval(ran.value("platform"))
    assert (sum(roles.values()), sum(roles[role] for role in RING)) == (_ACCOUNTS, _RING)
    made = re.match(r"([\d,]+) events of 5,000 accounts\n", ran.printed("platform"))
    assert made is not None
    assert ran.printed("log") == f"{made[1]} of {made[1]} events accepted\n"


def test_a_reader_sees_a_ranking_in_the_documented_columns(ran: _Ran) -> None:
    assert len(set(ast.literal_eval(ran.value("seeds")))) == _SEEDS
    head, _, _ = ran.value("discover", "text/html").partition("</thead>")
    assert [name for name in re.findall("<th>(.*?)</th>", head) if name] == RANKING_SCHEMA.names
    assert "Of your own 10 seeds it would have found" in ran.printed("notes")


def test_a_reader_reads_why_five_accounts_stand_first(ran: _Ran) -> None:
    accounts = re.findall(
        r"^\d+\. (\S+), \d+ acts, \w.*\n(?: +[+-]\d+\.\d  \w.*\n)+",
        ran.printed("evidence"),
        re.MULTILINE,
    )
    assert len(accounts) == 5
    assert set() == set(accounts) & set(ast.literal_eval(ran.value("seeds")))


def test_the_first_places_hold_far_more_of_the_ring_than_chance_or_two_hops(ran: _Ran) -> None:
    first, more, chance = ran.precision("judged")
    assert chance == pytest.approx((_RING - _SEEDS) / (_ACCOUNTS - _SEEDS), abs=0.0005)
    hop, _ = ran.precision("two-hops")
    assert min(first, more) > 10 * max(chance, hop)
    assert len(ran.precision("draws")) == 8
    assert min(ran.precision("draws")) > 10 * chance


def test_a_reader_compares_what_discovery_said_of_itself_with_the_truth(ran: _Ran) -> None:
    above, right, *_, low, high, truth = map(int, re.findall(r"\d+", ran.printed("line")))
    assert right >= 0.9 * above > 0
    assert low < high
    assert truth == _RING


def test_a_reader_sees_which_innocent_accounts_stand_among_the_first(ran: _Ran) -> None:
    text = ran.printed("bystanders")
    lines = re.findall(r"^(\w+) +(\d+) of +([\d,]+) are among", text, re.MULTILINE)
    roles = ast.literal_eval(ran.value("platform"))
    counts = {role: int(of_all.replace(",", "")) for role, _, of_all in lines}
    innocent = {role: count for role, count in roles.items() if role not in RING}
    assert counts == {role: count for role, count in innocent.items() if count}
    found = re.search(r"of the first 50, (\d+) ", ran.printed("judged"))
    assert found is not None
    assert sum(int(among) for _, among, _ in lines) == 50 - int(found[1])


def test_the_scores_and_the_page_are_shown_and_nothing_is_left_behind(ran: _Ran) -> None:
    text = ran.printed("histogram")
    counts = re.findall(r"^ *[+-][\d.]+ +([\d,]+) ", text, re.MULTILINE)
    assert _SEEDS < sum(int(count.replace(",", "")) for count in counts) <= _ACCOUNTS
    assert "out.html" in ran.value("page")
    assert ran.left == []
