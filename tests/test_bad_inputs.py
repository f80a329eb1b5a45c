"""Bad inputs give one clear line each, and the document says which."""

from tests.bad_inputs.table import DOCUMENT, document, messages


def test_every_bad_input_is_refused_in_the_line_that_the_document_shows():
    found = messages()
    said = [line for rows in found.values() for line in rows.values()]
    assert len(said) >= 60
    assert not [line for line in said if "\n" in line or " at 0x" in line]
    assert document(found) == DOCUMENT.read_text(encoding="utf-8"), (
        "other messages than in the document; python -m tests.bad_inputs.table writes them anew"
    )
