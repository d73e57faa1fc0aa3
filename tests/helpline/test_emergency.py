import pytest

from helpline.emergency import is_known, number_for, numbers_for

EU = [
    "AT",
    "BE",
    "BG",
    "HR",
    "CY",
    "CZ",
    "DK",
    "EE",
    "FI",
    "FR",
    "DE",
    "GR",
    "HU",
    "IE",
    "IT",
    "LV",
    "LT",
    "LU",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SK",
    "SI",
    "ES",
    "SE",
]


@pytest.mark.parametrize("country", EU)
def test_112_reaches_help_in_all_of_the_eu(country: str) -> None:
    assert number_for(country) == "112"


@pytest.mark.parametrize(
    ("country", "number"), [("GB", "999"), ("US", "911"), ("CA", "911"), ("AU", "000"), ("TR", "112"), ("UA", "112")]
)
def test_known_differences(country: str, number: str) -> None:
    assert number_for(country) == number


def test_ukraine_keeps_its_own_numbers() -> None:
    record = numbers_for("UA")
    assert (record["police"], record["ambulance"], record["fire"]) == (["102"], ["103"], ["101"])
    assert record["checked"]
    assert record["source"]


def test_police_where_no_number_serves_all() -> None:
    assert number_for("ae") == "999"


@pytest.mark.parametrize("country", [None, "", "XX"])
def test_unknown_country_has_a_general_answer_that_says_so(country: str | None) -> None:
    assert number_for(country) == "112"
    assert not is_known(country)
    assert numbers_for(country)["note"]
