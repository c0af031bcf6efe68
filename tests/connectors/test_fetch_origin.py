"""Origins as settings list them, and what is told where one cannot be used."""

from __future__ import annotations

import pytest

from leeward.connectors import open_origins, origin_of, place_of
from leeward.errors import SettingsError
from leeward.model import OriginSettings


def wrong(**settings: object) -> SettingsError:
    given = {"url": "https://cdn.example", **settings}
    with pytest.raises(SettingsError) as caught:
        open_origins({"pier": OriginSettings(**given)}, {"WORD": "s3cret", "EMPTY": " "})  # type: ignore[arg-type]
    assert str(caught.value.where).startswith("origins.pier.")
    assert "s3cret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "cdn.example",
        "ftp://cdn.example",
        "https://*.cdn.example",
        "https://ada:s3cret@cdn.example",
        "https://cdn.example/?key=s3cret",
        "https://cdn.example/#boats",
        "https://cdn.example/media/%2e%2e/",
        "https://",
        "https://[fe80::1%25lo]/",
    ],
)
def test_an_origin_is_scheme_host_port_and_folder(url: str) -> None:
    assert wrong(url=url).where == "origins.pier.url"


def test_what_else_can_be_wrong_with_an_origin() -> None:
    assert wrong(networks=("10.0.0.1/8",)).where == "origins.pier.networks"
    assert wrong(header="authorization").where == "origins.pier.header_env"
    assert wrong(header_env="WORD").where == "origins.pier.header"
    assert wrong(header="Host", header_env="WORD").where == "origins.pier.header"
    assert wrong(header="x-key", header_env="EMPTY").hint == "set EMPTY to printable ASCII"
    unsafe = wrong(url="http://cdn.example", header="x-key", header_env="WORD")
    assert unsafe.message == "a secret would be sent without encryption"


def test_two_origins_may_not_be_the_same() -> None:
    settings = {
        "pier": OriginSettings(url="https://cdn.example/media"),
        "jetty": OriginSettings(url="https://CDN.example:443/media/"),
    }
    with pytest.raises(SettingsError) as caught:
        open_origins(settings)
    assert caught.value.where == "origins.jetty.url"


def test_the_longest_folder_decides() -> None:
    origins = open_origins(
        {
            "all": OriginSettings(url="https://cdn.example"),
            "boats": OriginSettings(url="https://cdn.example/boats"),
            "port": OriginSettings(url="https://cdn.example:8443"),
        }
    )

    def found(address: str) -> str | None:
        place = place_of(address)
        origin = None if place is None else origins.find(place)
        return None if origin is None else origin.name

    assert found("https://cdn.example/boats/1.jpg") == "boats"
    assert found("https://cdn.example/boats") == "all"
    assert found("https://cdn.example/boatsman/1.jpg") == "all"
    assert found("https://cdn.example:443/1.jpg") == "all"
    assert found("https://cdn.example:8443/boats/1.jpg") == "port"
    assert found("HTTPS://CDN.EXAMPLE/1.jpg") == "all"
    assert found("https://sub.cdn.example/1.jpg") is None
    assert found("https://cdn.example./1.jpg") is None
    assert found("http://cdn.example/1.jpg") is None


@pytest.mark.parametrize("step", ["..", "%2e%2e", "..;", "..;x=1", "..%3b", ".;"])
def test_no_step_upwards_leaves_a_listed_folder(step: str) -> None:
    origins = open_origins({"boats": OriginSettings(url="https://cdn.example/boats")})
    place = place_of(f"https://cdn.example/boats/{step}/admin")
    assert place is None or origins.find(place) is None


def test_an_address_is_told_as_it_would_be_listed() -> None:
    for address, listed in (
        ("https://CDN.example/1.jpg", "https://cdn.example"),
        ("https://cdn.example:443/1.jpg", "https://cdn.example"),
        ("https://cdn.example?x", "https://cdn.example"),
        ("http://cdn.example:8080/1.jpg", "http://cdn.example:8080"),
        ("https://[::1]:8443/1.jpg", "https://[::1]:8443"),
        ("https://bücher.example/1.jpg", "https://xn--bcher-kva.example"),
        ("https://ada:word@cdn.example/1.jpg", None),
        ("at://did:example:ada/1", None),
        ("boats/1.jpg", None),
    ):
        assert origin_of(address) == listed
