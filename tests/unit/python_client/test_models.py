"""The models of the Python client are those of the API's description."""

from pathlib import Path

from laurel_client.models import BatchError

from devtools.client_models import MODELS, make_models

ROOT = Path(__file__).parents[3]


def test_the_models_are_made_from_the_description_of_now() -> None:
    made = make_models(ROOT)
    assert (ROOT / MODELS).read_text() == made, "run: python3 run.py client-models"


def test_a_word_of_a_newer_server_is_read() -> None:
    assert BatchError.model_validate({"code": "A_NEW_ONE", "message": "no"}).code == "A_NEW_ONE"
    source = (ROOT / MODELS).read_text()
    assert "Literal" not in source
    assert "Enum" not in source
