from __future__ import annotations

from rostra.rehearsal.limits import check, listeners_each, sources_for

RANGE = (32768, 60999)


def test_a_crowd_that_fits_has_no_problem() -> None:
    assert check(15_000, 20_000, 1, 1, RANGE) == []
    assert check(50_000, 20_000, 3, 3, RANGE) == []


def test_too_few_files_names_the_limit_and_how_many_processes_are_enough() -> None:
    (said,) = check(50_000, 20_000, 1, 4, RANGE)
    assert "20,000" in said and "--processes 3" in said and "ulimit -n" in said
    assert check(50_000, 20_000, 3, 4, RANGE) == []


def test_where_no_number_of_processes_is_enough_other_machines_are_named() -> None:
    (said,) = check(10_000_000, 20_000, 2, 1000, RANGE)
    assert "--worker" in said and "--processes" not in said


def test_too_few_ports_names_the_sysctl_and_how_many_addresses_are_enough() -> None:
    (said,) = check(50_000, 20_000, 3, 1, RANGE)
    assert "ip_local_port_range" in said and f"from {sources_for(50_000, RANGE)} addresses" in said
    assert check(50_000, 20_000, 3, sources_for(50_000, RANGE), RANGE) == []


def test_a_process_with_hardly_any_files_drives_nobody() -> None:
    assert listeners_each(100) == 0
    assert len(check(1, 100, 1, 1, RANGE)) == 1
