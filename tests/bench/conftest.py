"""The servers of the integration tests, and the harness of ./dev bench as a package."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

_spec = importlib.util.spec_from_file_location("integration_conftest",
                                               ROOT / "tests/integration/conftest.py")
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)

lab_folder, authority, ports = _fixtures.lab_folder, _fixtures.authority, _fixtures.ports
service_user, start_server = _fixtures.service_user, _fixtures.start_server
start_module_server = _fixtures.start_module_server
