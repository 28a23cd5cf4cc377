"""What every test leaves as it found it."""

import pytest

import convkit


@pytest.fixture(autouse=True)
def _restored_threads():
    before = convkit.get_num_threads()
    yield
    if convkit.get_num_threads() != before:
        convkit.set_num_threads(before)
