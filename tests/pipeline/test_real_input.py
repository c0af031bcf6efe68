"""The how-to guides, followed to the letter on data that no one in this project made."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from leeward.connectors import parse_map
from leeward.pipeline import ingest
from tests.pipeline._sink import MemorySink

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"


def block(guide: str, language: str) -> str:
    """The first block of a language in a guide."""
    text = (GUIDES / guide).read_text("utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found.group(1)


def test_the_guide_to_jetstream_is_true(shared_data: Path) -> None:
    path = shared_data / "jetstream" / "corpus_v1.jsonl"
    expected = json.loads(block("ingest-jetstream.md", "json"))
    assert expected == ingest([path], MemorySink()).to_dict()


@pytest.fixture(scope="module")
def elections(shared_data: Path) -> Path:
    return shared_data / "german_elections" / "posts.csv.gz"


def test_the_guide_to_tables_is_true(elections: Path) -> None:
    table_map = parse_map(block("ingest-a-table.md", "toml"))
    expected = json.loads(block("ingest-a-table.md", "json"))
    assert expected == ingest([elections], MemorySink(), map=table_map).to_dict()


def test_the_posts_of_the_table_agree_with_a_dictionary(elections: Path) -> None:
    """An independent count: the standard library's CSV reader and one dictionary."""
    posts: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    lacking = 0
    with gzip.open(elections, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["post_id"]:
                lacking += 1
                continue
            post = posts.setdefault((row["account_id"], row["post_id"]), {})
            for column in ("hashtag_id", "url_id", "phash_id", "timestamp"):
                if row[column]:
                    post.setdefault(column, {})[row[column]] = None
    assert (len(posts), lacking) == (194_323, 3)
    sink = MemorySink()
    ingest([elections], sink, map=parse_map(block("ingest-a-table.md", "toml")))
    assert len(sink.quarantine) == lacking
    found = Counter(
        (
            row["actor"],
            row["object"],
            row["at"],
            tuple(row["tags"]),
            tuple(row["links"]),
            tuple(item["uri"] for item in row["media"]),
        )
        for row in sink.events.values()
    )
    assert found == Counter(
        (
            f"elections/account/{account}",
            f"elections/post/{number}",
            int(next(iter(post["timestamp"]))) * 1_000_000,
            tuple(f"hashtag_{value}" for value in post.get("hashtag_id", ())),
            tuple(f"elections/link/{value}" for value in post.get("url_id", ())),
            tuple(f"elections/picture/{value}" for value in post.get("phash_id", ())),
        )
        for (account, number), post in posts.items()
    )
