import pytest

from helpline.text import fold


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Straße", "strasse"),
        ("İSTANBUL ısı", "istanbul isi"),
        ("Łódź Ørsted", "lodz orsted"),
        ("أَنَا فِي بَيْرُوت", "انا في بيروت"),
        ("مدرسة على آمال ٱلله", "مدرسه علي امال الله"),
        ("نـــعم", "نعم"),
        ("Ёлка їжак є ґанок", "елка ижак е ганок"),
        ("don’t don't donʼt", "dont dont dont"),
        ("ca\u200bf\u00ade\u0301", "cafe"),
        ("ＡＢＣ", "abc"),
        ("हिन्दी", "हिन्दी"),
        ("서울", "서울"),
        ("a  b\nc", "a  b\nc"),
    ],
)
def test_fold_gives_one_spelling(written: str, folded: str) -> None:
    assert fold(written) == folded
    assert fold(folded) == folded
