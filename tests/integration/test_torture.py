"""Ten seconds of ./dev torture."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "torture"))

import torture  # noqa: E402


@pytest.mark.timeout(180)
def test_ten_seconds_of_kills_lose_nothing(ports, authority, service_user):
    wrong, figures = torture.torture(10, n_clients=4, ports=ports, authority=authority)
    assert wrong == [], figures
    assert figures["226"] > 20 and figures["kills"] > 3, figures
