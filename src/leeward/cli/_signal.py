"""``leeward signal``: text models that learn from labelled examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import (
    Answer,
    answered,
    as_person,
    counted,
    data_option,
    shown,
    stamp,
    tables_of,
)
from leeward.cli._signal_measures import compared, compared_lines, measured, measured_lines
from leeward.cli._signal_scorecard import scorecard

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from leeward.signals import TextExample, TextModel, Trained

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["signal"]


@click.group()
def signal() -> None:
    """Train signals from labelled examples, measure them, and choose the version in force.

    A text model learns from messages that your own reviewers labelled, never from what somebody
    reported. It is a secret, as a lexicon is: it lies in the data folder, for its owner alone.
    """


signal.add_command(scorecard)


_examples = click.option(
    "--examples",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Labelled messages: a .csv, .jsonl or .parquet file with the columns text and label (rare "
    "or ordinary), and lang and account if known.",
)


@signal.command(
    epilog="Example: leeward signal train rare-text --examples labelled.csv --hold-out 0.2 "
    "--data data"
)
@click.argument("name")
@_examples
@data_option
@click.option(
    "--hold-out",
    default=0.0,
    metavar="SHARE",
    type=click.FloatRange(0, 0.9),
    help="Learn nothing from this share of the accounts, so that `evaluate` can measure with them.",
)
@click.option("--keep-only", is_flag=True, help="Keep the new version without putting it in force.")
@click.option(
    "--encoder",
    metavar="PLACE",
    help="A sentence encoder that looks again at the top few per cent: an .onnx file, its folder, "
    "or package:NAME. It is never fetched; the model needs it from then on.",
)
@as_person
@answered
def train(
    name: str,
    examples: Path,
    data: Path,
    hold_out: float,
    keep_only: bool,
    encoder: str | None,
    by: str,
    answer: Answer,
) -> None:
    """Train a new version of the text model NAME and put it in force.

    The same examples give the same version. A file is refused that holds a row which says it was
    reported. Of the examples nothing is kept but weights and numbers by hash.
    """
    from leeward.pipeline import train_text
    from leeward.signals import hold_out as without

    given = _read(examples)
    with tables_of(data, new=True) as tables:
        kept = without(given, hold_out)
        trained = train_text(data, name, kept, by, put=not keep_only, encoder=encoder)
        with tables.begin() as connection:
            _record(connection, by, "signal.train", name, trained.model)
    body = _trained(name, trained) | {"held_out": len(given) - len(kept), "in_force": not keep_only}
    answer.one(body, _trained_lines(body))


@signal.command(
    epilog="Example: leeward signal evaluate rare-text --examples labelled.csv --data data"
)
@click.argument("name")
@_examples
@data_option
@click.option("--version", metavar="VERSION", help="Another version than the one in force.")
@answered
def evaluate(name: str, examples: Path, data: Path, version: str | None, answer: Answer) -> None:
    """Measure a text model on labelled examples that it did not learn from.

    Texts and accounts that it learnt from are left out by themselves, so a file that was given to
    `train --hold-out` can be given again.
    """
    from leeward.evaluate import measure_texts
    from leeward.pipeline import load_text_model

    found = measure_texts(load_text_model(data, name, version), _read(examples))
    answer.one({"name": name, **measured(found)}, measured_lines(found))


@signal.command(
    epilog="Example: leeward signal compare rare-text 1-0f3a9c52d1b84e67 1-9b1c77e02f6a4d35 "
    "--examples labelled.csv --data data"
)
@click.argument("name")
@click.argument("first")
@click.argument("second")
@_examples
@data_option
@answered
def compare(name: str, first: str, second: str, examples: Path, data: Path, answer: Answer) -> None:
    """Measure two versions on the same examples, of which neither learnt."""
    from leeward.evaluate import compare_texts
    from leeward.pipeline import load_text_model

    models = [load_text_model(data, name, version) for version in (first, second)]
    found = compare_texts(models[0], models[1], _read(examples))
    answer.one({"name": name, **compared(found)}, compared_lines(found))


@signal.command("list", epilog="Example: leeward signal list --data data")
@data_option
@answered
def list_(data: Path, answer: Answer) -> None:
    """List the text models: every version, what it learnt from, and which is in force."""
    from leeward.pipeline import load_text_model
    from leeward.store import ModelFiles

    files, rows = ModelFiles(data), list[dict[str, Any]]()
    for name in files.names():
        history = files.history(name)
        last = {act.version: act for act in history}
        for version in files.versions(name):
            facts = load_text_model(data, name, version, encoder=False).facts
            act = last.get(version)
            rows.append(
                {
                    "name": name,
                    "version": version,
                    "in_force": bool(history) and history[-1].version == version,
                    "rare": facts.rare,
                    "ordinary": facts.ordinary,
                    "since": stamp(act.at) if act else None,
                    "by": act.by if act else None,
                }
            )
    if not answer.as_json:
        rows = [row | {"in_force": "yes" if row["in_force"] else ""} for row in rows]
    head = ("name", "version", "in_force", "rare", "ordinary", "since", "by")
    answer.rows(rows, {name: name.replace("_", " ") for name in head}, "there are no models")


@signal.command(epilog="Example: leeward signal use rare-text 1-0f3a9c52d1b84e67 --data data")
@click.argument("name")
@click.argument("version")
@data_option
@as_person
@answered
def use(name: str, version: str, data: Path, by: str, answer: Answer) -> None:
    """Put a version in force that was trained before: roll back, or forward again.

    A server takes it up by itself and rebuilds what the signal remembers from the log.
    """
    from leeward.pipeline import use_text_model
    from leeward.store import ModelFiles

    before = ModelFiles(data).in_force(name)
    with tables_of(data) as tables:
        model = use_text_model(data, name, version, by)
        with tables.begin() as connection:
            _record(connection, by, "signal.use", name, model)
    body = {"name": name, "version": version, "before": before}
    answer.one(body, [f"{name} {version} is in force; before it was {before or 'none'}"])


def _read(path: Path) -> list[TextExample]:
    from leeward.pipeline import read_text_examples

    return read_text_examples(path)


def _record(connection: Any, by: str, verb: str, name: str, model: TextModel) -> None:
    from leeward.store.tables import record

    facts = model.facts
    details = {"version": model.version, "rare": facts.rare, "ordinary": facts.ordinary}
    record(connection, by, verb, name, details)


def _trained(name: str, trained: Trained) -> dict[str, Any]:
    facts = trained.model.facts
    return {
        "name": name,
        "version": trained.model.version,
        "rare": facts.rare,
        "ordinary": facts.ordinary,
        "repeated": trained.repeated,
        "contradicted": trained.contradicted,
        "languages": list(trained.model.languages),
        "encoder": facts.second.place if facts.second else None,
        "too_few": sorted(facts.languages.keys() - {*trained.model.languages}),
    }


def _trained_lines(body: dict[str, Any]) -> list[str]:
    stands = "is in force" if body["in_force"] else "is kept"
    lines = [
        f"{body['name']} {body['version']} {stands}",
        f"{body['rare']:>12,}  rare examples learnt from",
        f"{body['ordinary']:>12,}  ordinary ones",
    ]
    if body["held_out"]:
        lines.append(f"{body['held_out']:>12,}  held out")
    if body["repeated"]:
        lines.append(f"{body['repeated']:>12,}  left out: the same text stands there already")
    if body["contradicted"]:
        lines.append(f"{body['contradicted']:>12,}  left out: {counted(2, 'label')} for one text")
    if body["encoder"]:
        lines.append(f"encoder: {shown(body['encoder'])} looks again at the top few per cent")
    if body["languages"]:
        lines.append(f"languages: {', '.join(body['languages'])}")
    if body["too_few"]:
        lines.append(f"too few examples to speak of: {', '.join(body['too_few'])}")
    return lines
