"""Files of hash lists as an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.connectors._exchange import Page, ReviewedFeedback
from leeward.connectors._exchange_files import FileExchange
from leeward.errors import InputError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "algorithm,value,member,external_id,classification\n"
PDQ = "f0e1d2c3b4a59687" * 4
MD5 = "0123456789abcdef" * 2


def read(path: Path, before: Page | None = None) -> list[Page]:
    since = None if before is None else before.checkpoint
    return list(FileExchange(path, name="lists").pages(since))


def test_a_folder_states_all_that_is_in_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}pdq,{PDQ},pier,boat,sail\n")
    (tmp_path / "b.jsonl").write_text(f'{{"algorithm": "md5", "value": "{MD5}"}}\n')

    pages = read(tmp_path)
    items = [item for page in pages for item in page.items]
    assert [item.hashes[0][0] for item in items] == ["pdq", "md5"]
    assert (items[0].member, items[0].classification) == ("pier", "sail")
    assert items[0].external_id.startswith("boat#")
    assert all(page.whole for page in pages)
    assert [page.checkpoint is None for page in pages] == [True] * (len(pages) - 1) + [False]
    [entry] = items[1].entries("lists")
    assert entry.provenance.external_id is None


def test_the_same_files_state_nothing_new(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}pdq,{PDQ},pier,boat,sail\n")
    first = read(tmp_path)[-1]

    [again] = read(tmp_path, first)
    assert again.last
    assert not again.whole
    assert not again.items
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    assert len(read(tmp_path, first)) > 1


def test_values_of_one_id_are_items_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}pdq,{PDQ},,boat,\nmd5,{MD5},,boat,\n")

    names = {item.external_id for page in read(tmp_path / "a.csv") for item in page.items}
    assert len(names) == 2


def test_a_line_that_cannot_be_read_keeps_everything_standing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEAD}pdq,{PDQ},,,\npdq,lighthouse,,,\n")

    pages = read(path)
    assert not any(page.whole for page in pages)
    assert pages[0].ignored == {"a line that is not hexadecimal": 1}


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEAD}pdq,{PDQ},,,\n")
    pages = FileExchange(path).pages(None)
    next(pages)
    path.write_text(HEAD)

    with pytest.raises(InputError, match="changed while they were read"):
        list(pages)


def test_files_that_are_not_there_are_an_error_and_no_empty_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read(tmp_path / "none")
    with pytest.raises(InputError, match="no list"):
        read(tmp_path)


def test_files_take_no_feedback(tmp_path: Path) -> None:
    said = ReviewedFeedback(
        id=1,
        member="",
        external_id="boat",
        algorithm="pdq",
        value=bytes.fromhex(PDQ),
        opinion="negative",
        reviewed_by="Ada Example",
    )
    with pytest.raises(UsageError, match="no feedback"):
        FileExchange(tmp_path).send_feedback(said)
