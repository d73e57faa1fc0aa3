"""What the evidence rule asks of the national lines."""

import json

import pytest

from helpline.directory.load import SERVICES
from helpline.directory.needs import all_needs

LINES = json.loads((SERVICES / "national.json").read_text(encoding="utf-8"))


def values(service: dict, taxonomy: str) -> dict[str, str]:  # type: ignore[type-arg]
    terms = [a for a in service["attributes"] if a["taxonomy_term"]["taxonomy"] == taxonomy]
    return {a["taxonomy_term"]["code"]: a["value"] for a in terms}


@pytest.mark.parametrize("service", LINES, ids=lambda s: f"{s['name']}-{s['phones'][0]['number']}")
def test_every_line_says_where_it_comes_from(service: dict) -> None:  # type: ignore[type-arg]
    profile = values(service, "HavenLine profile")
    assert profile["source"]
    assert profile["verified"] in ("true", "false")
    assert profile["verified"] == "false" or service["assured_date"]
    assert set(values(service, "HavenLine needs")) <= set(all_needs())


@pytest.mark.parametrize("number", ["016", "1522", "3919", "183", "15900", "1712", "855-484-2846", "22 668 70 00"])
def test_unchecked_numbers_are_not_verified(number: str) -> None:
    (line,) = [s for s in LINES if s["phones"][0]["number"] == number]
    assert values(line, "HavenLine profile")["verified"] == "false"


@pytest.mark.parametrize("number", ["0808 2000 247", "116 016", "08 08 16 89 111", "0800 2000"])
def test_checked_numbers_are_verified(number: str) -> None:
    found = [s for s in LINES if s["phones"][0]["number"] == number]
    assert found
    assert all(values(line, "HavenLine profile")["verified"] == "true" for line in found)


def test_short_codes_are_never_international() -> None:
    for service in LINES:
        for phone in service["phones"]:
            assert not phone["number"].startswith("+")
