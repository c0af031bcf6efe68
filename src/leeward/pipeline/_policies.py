"""The policies of a data folder: those in force, and the text of every version that judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leeward.errors import PolicyError, StoreError
from leeward.policy import compile_policies, problems_of, read_policy
from leeward.store import make_folder, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from leeward.policy import Policy, PolicyProblem, Schema

__all__ = [
    "POLICIES",
    "check_versions",
    "keep_versions",
    "kept_version",
    "policies_in_force",
    "policy_files",
    "policy_text",
    "read_policies",
]

POLICIES: Final = "policies"
"""The folder of a data folder that holds the policies in force, one YAML file each."""

_KEPT: Final = ".versions"


def policy_files(folder: Path) -> list[Path]:
    """The files of the policies in force, in the order of their names."""
    return sorted((folder / POLICIES).glob("*.yaml"))


def policies_in_force(folder: Path, schema: Schema) -> list[Policy]:
    """All policies of a data folder, those in shadow mode among them.

    Args:
        folder: The data folder.
        schema: What their conditions may read.

    Raises:
        PolicyError: One does not check. All that is wrong with all of them is told at once, and
            none is in force then: half of the rules would be read as all of them.
    """
    found, wrong = read_policies(policy_files(folder), schema)
    if wrong:
        shown = "\n\n".join(map(str, wrong))
        raise PolicyError(
            f"the policies do not check\n\n{shown}\n",
            where=str(folder / POLICIES),
            hint="mend or remove what is named; `leeward policy check` looks at it again",
        )
    return found


def read_policies(
    paths: Iterable[Path], schema: Schema
) -> tuple[list[Policy], list[PolicyProblem]]:
    """The policies of some files, or everything that is wrong with any of them.

    Raises:
        PolicyError: A file cannot be read, or two policies cannot run together.
    """
    texts = [(str(path), policy_text(path)) for path in paths]
    wrong = [problem for path, text in texts for problem in problems_of(text, schema, path)]
    if wrong:
        return [], wrong
    found = [read_policy(text, schema, path) for path, text in texts]
    if found:
        compile_policies(found)
    return found, []


def keep_versions(folder: Path, policies: Sequence[Policy]) -> None:
    """Keep the text of each policy before it judges, so that its verdicts can be explained later.

    Args:
        folder: The data folder.
        policies: Those that will judge.

    Raises:
        StoreError: It cannot be written.
        PolicyError: A rule was changed and the policy has the number of the version that had it
            otherwise. What stands beside the rules (cases, comments, words) may change, and so
            may the shadow mode: each verdict says itself whether it counted.
    """
    check_versions(folder, policies)
    for policy in policies:
        if kept_version(folder, policy.name, policy.version) is None:
            path = _kept_path(folder, policy.name, policy.version)
            make_folder(path.parent)
            write_whole(path, policy.source.text.encode())


def check_versions(folder: Path, policies: Sequence[Policy]) -> None:
    """Refuse policies that could not judge here: see :func:`keep_versions`. Nothing is changed.

    Raises:
        PolicyError: A version judged with other rules.
    """
    for policy in policies:
        kept = kept_version(folder, policy.name, policy.version)
        if kept is None or kept == policy.source.text or _decides_alike(kept, policy):
            continue
        free = policy.version + 1
        while kept_version(folder, policy.name, free) is not None:
            free += 1
        raise PolicyError(
            f"version {policy.version} of the policy {policy.name} judged with other rules",
            where=policy.source.path,
            hint=f"write `version: {free}`, so that old verdicts stay explained",
        )


def kept_version(folder: Path, name: str, version: int) -> str | None:
    """The text of a version that judged; none where it never did.

    Raises:
        StoreError: It cannot be read.
    """
    path = _kept_path(folder, name, version)
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError("the kept text of a policy cannot be read", where=str(path)) from error


def _kept_path(folder: Path, name: str, version: int) -> Path:
    return folder / POLICIES / _KEPT / f"{name}@{version}.yaml"


def _decides_alike(kept: str, policy: Policy) -> bool:
    """Whether a kept text has the same rules; not, where signals of today cannot read it."""
    try:
        before = read_policy(kept, policy.schema, policy.source.path)
    except PolicyError:
        return False
    same = before.rules == policy.rules and before.stands_on == policy.stands_on
    return same and before.severity == policy.severity


def policy_text(path: Path) -> str:
    """The text of a file of policies, or of their signals.

    Raises:
        PolicyError: It cannot be read.
    """
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise PolicyError("the file is not UTF-8", where=str(path)) from None
    except OSError as error:
        raise PolicyError(
            "the file cannot be read", where=str(path), hint=error.strerror
        ) from error
