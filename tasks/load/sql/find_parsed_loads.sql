with

mine as materialized (

    select *
    from {quality}.quality_load_log
    where flow_run_id = $1 and status = 'running' and step = 'parsed'

),

spans as (

    select
        load_id,
        meter_id,
        min(times_utc[1]) as first,
        max(times_utc[cardinality(times_utc)]) as last
    from {stage}.parsed_series
    where load_id in (select load_id from mine) and quality < 2
    group by load_id, meter_id

),

-- In the order of their first times, a span that begins before an earlier one has ended shares its meter's hours.
shared as (

    select
        load_id,
        first <= max(last) over earlier or last >= min(first) over later as shares_readings
    from spans
    window
        earlier as (partition by meter_id order by first, load_id rows between unbounded preceding and 1 preceding),
        later as (partition by meter_id order by first, load_id rows between 1 following and unbounded following)

)

select
    mine.load_id,
    mine.source_file,
    mine.checksum,
    mine.rows_read - mine.rows_rejected - mine.rows_duplicate as readings,
    mine.first_time,
    mine.last_time,
    mine.load_id in (select shared.load_id from shared where shared.shares_readings) as shares_readings
from mine
order by mine.source_file, mine.started_at
