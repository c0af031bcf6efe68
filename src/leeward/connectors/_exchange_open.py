"""Exchanges as settings name them. Secrets come from environment variables, which settings name."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from leeward.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leeward.connectors._exchange import Exchange, Lookup
    from leeward.model import ExchangeSettings

__all__ = ["open_exchange", "open_lookup"]

_SECRET: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?")
"""What fits into a header of HTTP."""


def open_exchange(
    name: str,
    settings: ExchangeSettings,
    folder: Path,
    environment: Mapping[str, str] = os.environ,
) -> Exchange:
    """The exchange that settings name. Nothing is asked of it yet.

    Raises:
        SettingsError: Something is missing. The error names keys and variables, never a value.
        UsageError: An address or a group cannot be used.
    """
    given = _Given(name, settings, environment)
    # Each client is imported when it is asked for: most commands speak to nobody.
    if settings.kind == "ncmec":
        from leeward.connectors._exchange_ncmec import NCMEC_ADDRESSES, NcmecExchange

        address = given.text("address")
        return NcmecExchange(
            NCMEC_ADDRESSES.get(address, address),
            given.secret("user_env"),
            given.secret("password_env"),
            name=name,
            licensed=settings.licensed,
            members=settings.members or None,
            proxy=given.proxy(),
        )
    if settings.kind == "stopncii":
        from leeward.connectors._exchange_stopncii import STOPNCII_ADDRESS, StopNciiExchange

        return StopNciiExchange(
            given.secret("key_env"),
            given.secret("fetch_key_env"),
            given.secret("feedback_key_env") if settings.feedback_key_env else None,
            base=settings.address or STOPNCII_ADDRESS,
            name=name,
            proxy=given.proxy(),
        )
    if settings.kind == "threatexchange":
        from leeward.connectors._exchange_threatexchange import (
            THREATEXCHANGE_ADDRESS,
            ThreatExchange,
        )

        return ThreatExchange(
            given.text("group"),
            given.secret("token_env"),
            base=settings.address or THREATEXCHANGE_ADDRESS,
            name=name,
            proxy=given.proxy(),
        )
    if settings.kind == "files":
        from leeward.connectors._exchange_files import FileExchange

        path = folder / given.text("path")
        return FileExchange(path, name=name, licensed=settings.licensed)
    raise given.wrong("kind", "it is a look-up service and gives no list", "ask it instead")


def open_lookup(
    name: str, settings: ExchangeSettings, environment: Mapping[str, str] = os.environ
) -> Lookup:
    """The look-up service that settings name. Nothing is asked of it yet.

    Raises:
        SettingsError: Something is missing. The error names keys and variables, never a value.
        UsageError: The address cannot be used.
    """
    from leeward.connectors._exchange_arachnid import ARACHNID_ADDRESS, ArachnidShield

    given = _Given(name, settings, environment)
    if settings.kind != "arachnid":
        raise given.wrong("kind", "it gives a list and answers no questions", "sync it instead")
    return ArachnidShield(
        given.secret("user_env"),
        given.secret("password_env"),
        base=settings.address or ARACHNID_ADDRESS,
        name=name,
        proxy=given.proxy(),
    )


class _Given:
    """Settings of one exchange, and the environment that they point into."""

    def __init__(
        self, name: str, settings: ExchangeSettings, environment: Mapping[str, str]
    ) -> None:
        self._name = name
        self._settings = settings
        self._environment = environment

    def text(self, key: str) -> str:
        """A setting that must be there."""
        text: str | None = getattr(self._settings, key)
        if not text:
            raise self.wrong(key, "it is not set", f"an exchange of this kind needs `{key}`")
        return text

    def secret(self, key: str) -> str:
        """What the variable holds that a setting names."""
        variable = self.text(key)
        # Files of secrets end with a line feed, which is no part of the secret.
        value = self._environment.get(variable, "").strip()
        if not value:
            raise self.wrong(key, f"the variable {variable} is empty", f"set {variable}")
        if not _SECRET.fullmatch(value):
            raise self.wrong(
                key, f"the variable {variable} holds no credential", "use printable ASCII"
            )
        return value

    def proxy(self) -> str | None:
        """The address of a proxy, if there is to be one."""
        return self.secret("proxy_env") if self._settings.proxy_env else None

    def wrong(self, key: str, problem: str, hint: str) -> SettingsError:
        """What is wrong with a setting."""
        return SettingsError(problem, where=f"exchanges.{self._name}.{key}", hint=hint)
