from __future__ import annotations

from tasks.warehouse.locks import Lock, checksum_key


def test_key_of_a_checksum_is_its_first_eight_bytes_as_postgresql_takes_them() -> None:
    assert checksum_key("00" * 7 + "2a" + "ab" * 24) == 42
    assert checksum_key("ff" * 32) == -1
    assert -(2**63) <= checksum_key("80" + "00" * 31) < 2**63


def test_every_lock_of_the_database_has_a_key_that_differs() -> None:
    assert len({lock.value for lock in Lock}) == len(list(Lock.__members__)) == 4
