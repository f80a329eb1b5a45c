"""Options of the speed suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("speed")
    group.addoption("--quick", action="store_true", help="small batches, three inner steps")
    group.addoption(
        "--minutes", type=float, default=600, help="cases that would begin later are skipped"
    )
