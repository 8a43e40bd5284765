with

own as materialized (

    select *
    from {quality}.quality_load_log
    where claim_key = :claim_key and status = 'running' and step = 'validated'

),

spans as (

    select
        load_id,
        meter_id,
        min(times_utc[1]) as first,
        max(times_utc[cardinality(times_utc)]) as last
    from {stage}.parsed_series
    where load_id in (select own.load_id from own) and quality < 2
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
    own.load_id,
    own.source_file,
    own.checksum,
    own.rows_read - own.rows_rejected - own.rows_duplicate as readings,
    own.first_time,
    own.last_time,
    own.released_at is not null or own.requeue_of is not null as is_released,
    own.load_id in (
        select shared.load_id
        from shared
        where shared.shares_readings
    ) as shares_readings
from own
order by own.source_file, own.started_at
