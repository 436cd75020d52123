"""The cost of a request, measured through real sockets."""

from __future__ import annotations

from rostra.admission.capacity import defaults
from rostra.admission.capacity_io import measure_cost_us


def test_a_request_costs_something_that_makes_a_capacity() -> None:
    cost_us = measure_cost_us()
    assert cost_us > 0
    assert min(defaults(cost_us, 1, 1000).listeners) >= 1
