"""Some seconds of ./dev torture and ./dev torture escapes."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "torture"))

import escapes  # noqa: E402
import torture  # noqa: E402


@pytest.mark.timeout(180)
def test_ten_seconds_of_kills_lose_nothing(ports, authority, service_user):
    wrong, figures = torture.torture(10, n_clients=4, ports=ports, authority=authority)
    assert wrong == [], figures
    assert figures["226"] > 20 and figures["kills"] > 3, figures


@pytest.mark.sanitize
@pytest.mark.timeout(180)
def test_eight_seconds_of_swapped_links_lead_nowhere(ports, authority, service_user):
    wrong, figures = escapes.escapes(8, n_clients=4, ports=ports, authority=authority)
    assert wrong == [], figures
    assert figures["exchanged"] > 100 and figures["done"] > 100, figures
