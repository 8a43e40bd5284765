-- Whoever loads waits, whoever reads does not, until the tables are swapped.
lock table {core}.measurements in share row exclusive mode
