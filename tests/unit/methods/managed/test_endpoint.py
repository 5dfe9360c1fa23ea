"""Which service is asked, and who gets which key."""

from __future__ import annotations

import pytest

from aprendiz.errors import SettingsError
from aprendiz.methods.managed.endpoint import OPENAI, Endpoint, choose, choose_for, using
from aprendiz.settings import Settings

RESOURCE = "https://shop.openai.azure.com"


def machine(**values: str) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("provider", "settings", "kind", "address"),
    [
        ("auto", {"openai_api_key": "k"}, "openai", OPENAI),
        ("auto", {"openai_base_url": "http://127.0.0.1:1/v1/"}, "openai", "http://127.0.0.1:1/v1"),
        ("auto", {"azure_openai_endpoint": RESOURCE + "/"}, "azure", RESOURCE),
        ("auto", {"azure_openai_endpoint": RESOURCE + "/openai/"}, "azure", RESOURCE),
        (
            "auto",
            {"azure_openai_endpoint": RESOURCE + "/openai/v1/", "openai_api_key": "k"},
            "azure-v1",
            RESOURCE + "/openai/v1",
        ),
        ("azure-v1", {"azure_openai_endpoint": RESOURCE}, "azure-v1", RESOURCE + "/openai/v1"),
        ("azure", {"azure_openai_endpoint": RESOURCE + "/openai/v1"}, "azure", RESOURCE),
        (
            "azure",
            {"azure_openai_endpoint": "https://openai.shop.example"},
            "azure",
            "https://openai.shop.example",
        ),
        (
            "openai",
            {"openai_api_key": "k", "azure_openai_endpoint": RESOURCE},
            "openai",
            OPENAI,
        ),
    ],
)
def test_the_settings_choose(provider, settings, kind, address):
    found = choose(provider, machine(**settings))
    assert (found.kind, found.address) == (kind, address)
    assert bool(found.api_version) == (kind == "azure")


def test_with_nothing_configured_three_ways_are_named():
    with pytest.raises(SettingsError) as caught:
        choose("auto", machine())
    for way in ("AZURE_OPENAI_ENDPOINT", "OPENAI_API_KEY", "aprendiz platform"):
        assert way in caught.value.hint


@pytest.mark.parametrize("provider", ["openai", "azure", "azure-v1"])
def test_a_provider_that_is_not_configured_is_named(provider):
    with pytest.raises(SettingsError, match=provider):
        choose(provider, machine())


def test_an_address_without_a_scheme_is_refused():
    with pytest.raises(SettingsError, match="AZURE_OPENAI_ENDPOINT"):
        choose("auto", machine(azure_openai_endpoint="shop.openai.azure.com"))


def test_a_sentence_names_the_address_and_never_the_key():
    endpoint = Endpoint("azure", RESOURCE, "2024-10-21", "secret")
    assert RESOURCE in endpoint.in_words()
    assert "2024-10-21" in endpoint.in_words()
    assert "secret" not in endpoint.in_words() + repr(endpoint)
    assert "Entra" in Endpoint("azure", RESOURCE, "2024-10-21").in_words()


def test_one_in_use_stands_in_for_what_is_configured():
    own = Endpoint("openai", "http://127.0.0.1:5/v1", key="own")
    settings = machine(azure_openai_endpoint=RESOURCE)
    with using(own):
        assert choose("auto", settings) is own
        assert choose_for("openai", "http://127.0.0.1:4/v1", machine()) is own
    assert choose("auto", settings).address == RESOURCE


class TestWhoGetsTheKey:
    """A model folder comes from anywhere; it must not draw a key to an address of its own."""

    def test_openais_key_does_not_go_to_a_folders_address(self):
        with pytest.raises(SettingsError, match=r"evil\.example"):
            choose_for("openai", "https://evil.example/v1", machine(openai_api_key="k"))

    def test_openais_key_does_not_go_to_a_service_on_this_machine(self):
        found = choose_for("openai", "http://127.0.0.1:9/v1", machine(openai_api_key="k"))
        assert found.address == "http://127.0.0.1:9/v1"
        assert found.key == ""

    def test_the_platforms_key_does(self):
        settings = machine(openai_api_key="k", platform_key="p")
        assert choose_for("openai", "http://127.0.0.1:9/v1", settings).key == "p"

    def test_the_configured_address_is_used_when_the_service_has_moved(self):
        settings = machine(openai_api_key="k", openai_base_url="http://127.0.0.1:8/v1")
        found = choose_for("openai", "http://127.0.0.1:9/v1", settings)
        assert (found.address, found.key) == ("http://127.0.0.1:8/v1", "k")

    def test_azures_key_does_not_go_to_a_folders_address(self):
        settings = machine(azure_openai_endpoint=RESOURCE, azure_openai_key="k")
        assert choose_for("azure", "https://evil.example", settings).address == RESOURCE

    def test_an_azure_folder_needs_an_azure_resource(self):
        with pytest.raises(SettingsError) as caught:
            choose_for("azure", RESOURCE, machine(openai_api_key="k"))
        assert "AZURE_OPENAI_ENDPOINT" in caught.value.hint

    def test_an_openai_folder_works_with_openais_key(self):
        assert choose_for("openai", OPENAI, machine(openai_api_key="k")).key == "k"
