from helpline.places.gazetteer import Gazetteer
from helpline.places.labels import country_name, label


def test_country_is_named_in_the_language(gazetteer: Gazetteer) -> None:
    lyon = gazetteer.find("Lyon")[0].best
    assert label(lyon, "en") == "Lyon, France"
    assert label(lyon, "de") == "Lyon, Frankreich"
    assert label(lyon, "ar") == "Lyon, فرنسا"


def test_states_part_american_towns(gazetteer: Gazetteer) -> None:
    assert label(gazetteer.find("Paris, Texas")[0].best, "es") == "Paris, Texas, Estados Unidos"


def test_unknown_codes_are_shown_as_they_are() -> None:
    assert country_name("QX", "en") == "QX"
    assert country_name("FR", "nonsense") == "France"
