from helpline.places.gazetteer import Gazetteer
from helpline.places.labels import label


def labels(gazetteer: Gazetteer, text: str, **known: object) -> tuple[list[str], bool]:
    (mention,) = gazetteer.find(text, **known)  # type: ignore[arg-type]
    return [label(place, "en") for place in mention.candidates], mention.ambiguous


def test_a_much_bigger_namesake_is_meant(gazetteer: Gazetteer) -> None:
    assert labels(gazetteer, "Paris") == (["Paris, France"], False)


def test_rivals_are_asked_about_four_at_most(gazetteer: Gazetteer) -> None:
    candidates, ambiguous = labels(gazetteer, "Springfield")
    assert ambiguous
    assert len(candidates) == 4
    assert len(set(candidates)) == 4


def test_the_phones_country_comes_first_but_a_giant_abroad_is_asked_about(gazetteer: Gazetteer) -> None:
    candidates, ambiguous = labels(gazetteer, "I'm in Paris", country="US")
    assert ambiguous
    assert candidates[0] == "Paris, Texas, United States"
    assert candidates[-1] == "Paris, France"


def test_the_phones_country_decides_between_equals(gazetteer: Gazetteer) -> None:
    assert labels(gazetteer, "Valencia", country="ES") == (["Valencia, Spain"], False)
    assert labels(gazetteer, "Valencia", country="VE") == (["Valencia, Venezuela"], False)
    assert labels(gazetteer, "Valencia")[1]


def test_a_country_or_state_beside_decides(gazetteer: Gazetteer) -> None:
    assert labels(gazetteer, "Paris, Texas", country="FR") == (["Paris, Texas, United States"], False)
    assert labels(gazetteer, "Valencia, Venezuela", country="ES") == (["Valencia, Venezuela"], False)
    assert labels(gazetteer, "Birmingham, AL") == (["Birmingham, Alabama, United States"], False)
    assert labels(gazetteer, "Germany, Berlin") == (["Berlin, Germany"], False)


def test_a_point_nearby_decides(gazetteer: Gazetteer) -> None:
    assert labels(gazetteer, "Cambridge", near=(42.4, -71.1)) == (["Cambridge, Massachusetts, United States"], False)
    assert labels(gazetteer, "Cambridge", near=(52.2, 0.1)) == (["Cambridge, United Kingdom"], False)


def test_a_city_state_is_its_city_and_a_country_is_not(gazetteer: Gazetteer) -> None:
    assert gazetteer.find("Singapore")[0].kind == "city"
    assert gazetteer.find("I'm in Mexico")[0].kind == "country"


def test_amman_and_oman_are_asked_about(gazetteer: Gazetteer) -> None:
    assert labels(gazetteer, "عمان", asked=True) == (["Oman", "Amman, Jordan"], True)
    assert labels(gazetteer, "أنا في عمان", country="JO")[0][0] == "Amman, Jordan"


def test_a_town_that_only_once_bore_a_name_is_not_offered_beside_one_that_bears_it(gazetteer: Gazetteer) -> None:
    mention = gazetteer.find("necesito un abogado, estoy en Madrid", country="US", language="es")[0]
    assert {place.name for place in mention.candidates} == {"Madrid"}
    assert {"US", "ES"} <= {place.country for place in mention.candidates}
