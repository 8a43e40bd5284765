"""Reading the files; applying them is in tests/integration/test_database.py."""

from __future__ import annotations

from pathlib import Path

from tasks.warehouse.migrate import Migration, find_migrations


def test_migrations_are_read_in_the_order_of_their_numbers_with_their_scope(tmp_path: Path) -> None:
    (tmp_path / "0010_core.sql").write_text("select 2")
    (tmp_path / "0002_quality_views.sql").write_text("select 1")

    assert find_migrations(tmp_path) == [
        Migration(2, "quality", "0002_quality_views.sql", "select 1"),
        Migration(10, "core", "0010_core.sql", "select 2"),
    ]


def test_numbers_of_our_migrations_are_unique() -> None:
    numbers = [migration.version for migration in find_migrations()]

    assert numbers == sorted(set(numbers))


def test_checksum_follows_the_text() -> None:
    first, second = (Migration(1, "core", "0001_core.sql", text) for text in ("a", "b"))

    assert first.checksum != second.checksum
    assert first.checksum == first._replace(name="0002_core.sql").checksum
