alter table {core}.measurements
set (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'meter_id, metric',
    timescaledb.compress_orderby = 'time'
)
