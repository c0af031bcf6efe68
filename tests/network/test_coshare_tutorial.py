"""The tutorial on real posts, followed to the letter, and its figures counted another way."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "tutorials" / "real-posts.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TWELVE = (
    "'fb_11313', 'fb_13394', 'fb_14899', 'fb_1855', 'fb_18793', 'fb_19326', 'fb_19569',"
    " 'fb_2064', 'fb_21052', 'fb_2230', 'fb_3163', 'fb_666'"
)


@pytest.fixture(scope="module")
def table(shared_data: Path) -> Path:
    return shared_data / "german_elections" / "posts.csv.gz"


def test_a_reader_with_the_data_can_follow_the_page(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command and each piece of Python prints the block that follows it."""
    monkeypatch.chdir(tmp_path)
    Path("posts.csv.gz").symlink_to(table)
    names: dict[str, Any] = {}
    for (language, text), (following, printed) in pairwise(BLOCKS):
        if language == "toml":
            Path("elections.toml").write_text(text, "utf-8")
        elif text.startswith("leeward "):
            command = [sys.executable, "-m", "leeward", *text.split()[1:]]
            done = subprocess.run(command, capture_output=True, check=True, text=True)
            if not following:
                assert _words(printed) == _words(done.stdout)
        elif language == "python":
            output = StringIO()
            with redirect_stdout(output):
                exec(text, names)  # noqa: S102 - the page's own
            assert _words(printed) == _words(output.getvalue())


def test_what_the_accounts_have_in_common_is_what_a_database_counts(table: Path) -> None:
    with _posts(table) as connection:
        connection.execute(
            f"""
            CREATE TABLE twelve AS SELECT * FROM post WHERE account IN ({TWELVE});
            CREATE TABLE other AS SELECT * FROM post WHERE account NOT IN ({TWELVE});
            CREATE TABLE often AS SELECT picture, count(DISTINCT account) AS n, max(t) - min(t) AS s
            FROM twelve GROUP BY 1 HAVING picture IS NOT NULL AND n >= 11;
            CREATE TABLE known AS SELECT tag FROM twelve
            GROUP BY 1 HAVING tag IS NOT NULL AND count(DISTINCT account) = 12;
            """
        )

        def one(query: str) -> tuple[Any, ...]:
            row = connection.execute(query).fetchone()
            assert row is not None
            return row

        assert one("SELECT count(DISTINCT account) FROM post WHERE account LIKE 'tw%'") == (36_662,)
        assert one(
            """
            SELECT count(*), count(*) FILTER (p), count(*) FILTER (h), count(*) FILTER (u) FROM (
                SELECT bool_or(picture IS NOT NULL) p, bool_or(tag IS NOT NULL) h,
                bool_or(link IS NOT NULL) u FROM twelve GROUP BY post
            )
            """
        ) == (556, 295, 511, 1)
        assert one(
            "SELECT min(n), max(n) FROM (SELECT count(DISTINCT post) n FROM twelve"
            " GROUP BY account)"
        ) == (38, 59)
        assert one("SELECT count(*), min(n), max(n), max(s) FROM often") == (24, 11, 12, 2)
        assert one(
            "SELECT count(DISTINCT picture) FROM other WHERE picture IN (SELECT picture FROM often)"
        ) == (1,)
        assert one(
            """
            SELECT count(*), min(n), median(n) FROM (
                SELECT count(DISTINCT picture) n FROM twelve x JOIN twelve y USING (picture)
                WHERE x.account < y.account AND abs(x.t - y.t) <= 60 GROUP BY x.account, y.account
            )
            """
        ) == (66, 16, 24)
        assert one("SELECT count(*) FROM known") == (8,)
        assert one(
            "SELECT list(DISTINCT account) FROM other WHERE tag IN (SELECT tag FROM known)"
        ) == (["fb_17226"],)
        assert one(
            """
            SELECT count(*), max(gap), count(*) FILTER (gap <= 4) FROM (
                SELECT min(abs(x.t - y.t)) gap FROM other x, twelve y
                WHERE x.account = 'fb_17226' GROUP BY x.post
            )
            """
        ) == (45, 18, 44)
        assert one("SELECT count(picture) FROM post WHERE account = 'fb_17226'") == (0,)
        assert one("SELECT count(DISTINCT account) FROM post WHERE domain = '6874'") == (2_601,)


def test_the_comparison_is_what_the_other_definition_gives(table: Path) -> None:
    """CooRTweet's steps one after the other: participation, pairs, participation, weights."""
    pairs = """
        SELECT x.account a, y.account b, x.post i, y.post j, x.picture
        FROM {0} x JOIN {0} y ON x.picture = y.picture AND x.account < y.account
        AND abs(x.t - y.t) <= 60
    """
    weights = "SELECT a, b, count(*) w, count(DISTINCT picture) n FROM {} GROUP BY a, b"
    with _posts(table) as connection:
        connection.execute(
            f"""
            CREATE TABLE given AS SELECT DISTINCT account, post, picture, t FROM post
            WHERE picture IS NOT NULL;
            CREATE TABLE every AS {pairs.format("given")};
            CREATE TABLE busy AS SELECT * FROM given WHERE account IN
            (SELECT account FROM given GROUP BY 1 HAVING count(*) >= 2);
            CREATE TABLE first AS {pairs.format("busy")};
            CREATE TABLE near AS SELECT * FROM busy WHERE post IN
            (SELECT i FROM first UNION SELECT j FROM first);
            CREATE TABLE again AS SELECT post FROM near WHERE account IN
            (SELECT account FROM near GROUP BY 1 HAVING count(*) >= 2);
            CREATE TABLE second AS SELECT * FROM first
            WHERE i IN (FROM again) OR j IN (FROM again);
            CREATE TABLE every_edges AS {weights.format("every")};
            CREATE TABLE first_edges AS {weights.format("first")};
            CREATE TABLE second_edges AS {weights.format("second")};
            """
        )
        counted = connection.execute(
            """
            SELECT (SELECT count(*) FROM every_edges), (SELECT count(*) FROM first_edges),
                count(*), count(*) FILTER (w >= 2), count(*) FILTER (n >= 2), median(w),
                count(*) FILTER (w > (SELECT median(w) FROM second_edges))
            FROM second_edges
            """
        ).fetchone()
        among = connection.execute(
            f"SELECT count(*) FROM second_edges WHERE w > 2 AND a IN ({TWELVE}) AND b IN ({TWELVE})"
        ).fetchone()

    assert (1_289, 554, 455, 316, 306, 2, 164) == counted
    assert (66,) == among


def _posts(table: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE post AS SELECT account_id AS account, post_id AS post, url_id AS link,"
        ' domain_id AS domain, hashtag_id AS tag, phash_id AS picture, "timestamp"::BIGINT AS t'
        " FROM read_csv(?, all_varchar = true) WHERE post_id IS NOT NULL",
        [str(table)],
    )
    return connection


def _words(text: str) -> list[str]:
    return text.split()
