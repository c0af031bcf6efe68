"""``leeward signal``: train, measure, compare, and roll back."""

from __future__ import annotations

import csv
import json
import stat
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leeward.pipeline import load_text_model, rare_text_signal, text_model_files
from tests.signals._rare_texts import examples_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]

_REPORTS = [
    {"source": "User report"},
    {"reported": "yes"},
    {"reported": True},
    {"source": "NCMEC"},
    {"source": "law-enforcement"},
]


def _rows(seed: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"text": one.text, "label": one.label, "lang": "en", "account": f"boat:{seed}:{n % 60}"}
        | more
        for n, one in enumerate(examples_of(seed))
    ]


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    match path.suffix:
        case ".csv":
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case _:
            pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    return _write(tmp_path / "labelled.csv", _rows(1))


def test_a_model_is_trained_put_in_force_and_put_on_record(
    run: Run, data: Path, labelled: Path
) -> None:
    said = run("signal", "train", "rare-text", "--examples", labelled, "--data", data,
               "--as", "Ada", "--json")  # fmt: skip
    assert said.code == 0, said.err
    version = said.json["version"]
    assert (60, 300, 0, True) == tuple(
        said.json[name] for name in ("rare", "ordinary", "held_out", "in_force")
    )
    assert said.json["languages"] == ["en"]
    (row,) = run("signal", "list", "--data", data, "--json").lines
    assert (row["version"], row["in_force"], row["by"]) == (version, True, "Ada")
    entry = run("audit", "list", "--data", data, "--json").lines[-1]
    assert ("Ada", "signal.train", "rare-text") == tuple(
        entry[name] for name in ("actor", "verb", "subject")
    )
    for path in (data / "signals" / "rare-text").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert rare_text_signal(data, "rare-text", "account").version == version
    assert rare_text_signal(data, "rare-text-thread", "thread").name == "rare-text-thread"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_form_of_examples_gives_the_same_version(
    run: Run, data: Path, labelled: Path, form: str
) -> None:
    first = run("signal", "train", "one", "--examples", labelled, "--data", data, "--json").json
    other = _write(data.parent / f"again.{form}", _rows(1))
    second = run("signal", "train", "two", "--examples", other, "--data", data, "--json").json
    assert first["version"] == second["version"]


def test_what_was_held_out_measures_the_model(run: Run, data: Path, labelled: Path) -> None:
    trained = run("signal", "train", "rare-text", "--examples", labelled, "--hold-out", "0.4",
                  "--data", data, "--json").json  # fmt: skip
    said = run("signal", "evaluate", "rare-text", "--examples", labelled, "--data", data, "--json")
    found = said.json
    assert trained["held_out"] > 20
    assert found["rare"] + found["ordinary"] == trained["held_out"]
    assert found["seen"] == 360 - trained["held_out"]
    assert found["average_precision"] > 0.8
    for cut in found["cuts"]:
        for name in ("precision", "recall", "false"):
            assert cut[name]["low"] <= (cut[name]["share"] or cut[name]["low"])
            assert (cut[name]["share"] or 0) <= cut[name]["high"]
    assert found["accounts"]["positive"] > 0
    assert [one["language"] for one in found["languages"]] == ["en"]
    lines = run("signal", "evaluate", "rare-text", "--examples", labelled, "--data", data).out
    assert "messages: average precision" in lines
    assert "accounts: average precision" in lines


def test_a_model_is_not_measured_with_what_it_learnt(run: Run, data: Path, labelled: Path) -> None:
    run("signal", "train", "rare-text", "--examples", labelled, "--data", data)
    said = run("signal", "evaluate", "rare-text", "--examples", labelled, "--data", data)
    assert said.code == 2
    assert "360 were learnt from" in said.err
    assert "--hold-out" in said.err


def test_two_versions_are_compared_on_what_neither_learnt(
    run: Run, data: Path, labelled: Path
) -> None:
    train = ("signal", "train", "rare-text", "--data", data, "--json", "--examples")
    first = run(*train, labelled).json["version"]
    more = _write(data.parent / "more.csv", _rows(1) + _rows(2))
    second = run(*train, more).json["version"]
    other = _write(data.parent / "other.csv", _rows(2) + _rows(3))
    said = run("signal", "compare", "rare-text", first, second, "--examples", other,
               "--data", data, "--json")  # fmt: skip
    found = said.json
    assert (found["first"]["version"], found["second"]["version"]) == (first, second)
    assert found["first"]["seen"] == found["second"]["seen"] == 360
    difference = found["difference"]
    assert difference["low"] <= difference["average_precision"] <= difference["high"]


def test_rolling_back_puts_the_former_version_in_force(
    run: Run, data: Path, labelled: Path
) -> None:
    train = ("signal", "train", "rare-text", "--data", data, "--json", "--examples")
    first = run(*train, labelled).json["version"]
    (pointer,) = text_model_files(data, "rare-text-thread", "thread")
    before = pointer.read_bytes()
    second = run(*train, _write(data.parent / "more.csv", _rows(2))).json["version"]
    assert load_text_model(data, "rare-text").version == second
    assert pointer.read_bytes() != before

    said = run("signal", "use", "rare-text", first, "--data", data, "--as", "Bo")
    assert said.code == 0
    assert load_text_model(data, "rare-text").version == first
    rows = run("signal", "list", "--data", data, "--json").lines
    assert {row["version"]: row["in_force"] for row in rows} == {first: True, second: False}
    entry = run("audit", "list", "--data", data, "--json").lines[-1]
    assert ("Bo", "signal.use") == (entry["actor"], entry["verb"])


def test_a_version_can_be_kept_without_being_used(run: Run, data: Path, labelled: Path) -> None:
    train = ("signal", "train", "rare-text", "--data", data, "--json", "--examples")
    first = run(*train, labelled).json["version"]
    kept = run(*train, _write(data.parent / "more.csv", _rows(2)), "--keep-only").json
    assert not kept["in_force"]
    assert load_text_model(data, "rare-text").version == first
    assert run("signal", "use", "rare-text", kept["version"], "--data", data).code == 0


@pytest.mark.parametrize("mark", _REPORTS, ids=str)
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_reported_material_is_never_learnt_from(
    run: Run, data: Path, form: str, mark: dict[str, Any]
) -> None:
    rows = _rows(1, **dict.fromkeys(mark))
    rows[7] |= mark
    path = _write(data.parent / f"labelled.{form}", rows)
    said = run("signal", "train", "rare-text", "--examples", path, "--data", data)
    assert said.code == 1
    assert "reported material is never learnt from" in said.err
    assert "8" in said.err
    assert rows[7]["text"] not in said.err
    assert not (data / "signals").exists()


def test_rows_that_say_they_were_not_reported_are_learnt_from(run: Run, data: Path) -> None:
    path = _write(data.parent / "labelled.csv", _rows(1, reported="no", source="review queue"))
    assert run("signal", "train", "rare-text", "--examples", path, "--data", data).code == 0


def test_what_cannot_be_read_is_named_by_its_line_without_its_text(run: Run, data: Path) -> None:
    rows = _rows(1)
    bad = {
        "bad.csv": _write(data.parent / "bad.csv", [rows[0], rows[1] | {"label": "canary"}]),
        "cut.jsonl": data.parent / "cut.jsonl",
        "list.jsonl": data.parent / "list.jsonl",
        "no.parquet": data.parent / "no.parquet",
        "column.csv": _write(data.parent / "column.csv", [{"words": "canary"}]),
        "octets.jsonl": data.parent / "octets.jsonl",
        "deep.jsonl": data.parent / "deep.jsonl",
    }
    (data.parent / "octets.jsonl").write_bytes(b'{"text": "canary \xff"}\n')
    (data.parent / "deep.jsonl").write_text("[" * 200_000)
    (data.parent / "cut.jsonl").write_text(json.dumps(rows[0]) + '\n{"text": "canary')
    (data.parent / "list.jsonl").write_text('["canary"]\n')
    (data.parent / "no.parquet").write_text("canary")
    for path in bad.values():
        said = run("signal", "train", "rare-text", "--examples", path, "--data", data)
        assert said.code == 1, path
        assert path.name in said.err
        assert "next:" in said.err
        assert "canary" not in said.err
    other = data.parent / "list.txt"
    other.write_text("canary")
    assert run("signal", "train", "rare-text", "--examples", other, "--data", data).code == 2


def test_wrong_names_and_versions_end_with_2(run: Run, data: Path, labelled: Path) -> None:
    train = run("signal", "train", "../boat", "--examples", labelled, "--data", data)
    assert (train.code, "a model's name" in train.err) == (2, True)
    missing = run("signal", "evaluate", "rare-text", "--examples", labelled, "--data", data)
    assert (missing.code, "leeward signal train" in missing.err) == (2, True)
    run("signal", "train", "rare-text", "--examples", labelled, "--data", data)
    use = run("signal", "use", "rare-text", "1-0000", "--data", data)
    assert (use.code, "no such version" in use.err) == (2, True)
    assert run("signal", "use", "rare-text", "../x", "--data", data).code == 2


def test_a_damaged_model_is_refused_and_nothing_changes(
    run: Run, data: Path, labelled: Path
) -> None:
    train = ("signal", "train", "rare-text", "--data", data, "--json", "--examples")
    first = run(*train, labelled).json["version"]
    second = run(*train, _write(data.parent / "more.csv", _rows(2))).json["version"]
    path = data / "signals" / "rare-text" / f"{first}.model"
    octets = bytearray(path.read_bytes())
    octets[500] ^= 1
    path.write_bytes(octets)
    said = run("signal", "use", "rare-text", first, "--data", data)
    assert (said.code, "checksum" in said.err) == (1, True)
    path.write_bytes((data / "signals" / "rare-text" / f"{second}.model").read_bytes())
    said = run("signal", "use", "rare-text", first, "--data", data)
    assert (said.code, "another version" in said.err) == (1, True)
    assert load_text_model(data, "rare-text").version == second


def test_without_a_model_the_list_says_so(run: Run, data: Path) -> None:
    assert run("signal", "list", "--data", data).out == "there are no models\n"


def test_an_encoder_that_is_not_there_ends_with_3(run: Run, data: Path, labelled: Path) -> None:
    said = run("signal", "train", "rare-text", "--examples", labelled, "--data", data,
               "--encoder", "package:no_such_encoder")  # fmt: skip
    assert (said.code, "package:no_such_encoder" in said.err) == (3, True)
    assert not (data / "signals").exists()
