-- What earlier versions of a load's file have in core and it has not. is_withdrawn: its mapping replaces days, and on
-- this one it has readings of the same meter and metric. zone: that of local days; meters: null if there are too many
-- to name.
insert into unsettled (time, meter_id, metric, value, quality, load_id, withdrawn_by, is_withdrawn)
with

held as materialized (

    select
        m.time,
        m.meter_id,
        m.metric,
        m.value,
        m.quality,
        m.load_id
    from {core}.measurements as m
    where
        m.load_id = any(:earlier::uuid[])
        and m.time between :first_time and :last_time
        and (:meters::bigint[] is null or m.meter_id = any(:meters::bigint[]))

),

own as materialized (

    select
        series.meter_id,
        series.metric,
        series.quality,
        times.time_utc at time zone 'UTC' as time
    from {stage}.parsed_series as series
    cross join lateral unnest(series.times_utc) as times (time_utc)
    where
        series.load_id = :load_id
        and (:meters::bigint[] is null or series.meter_id = any(:meters::bigint[]))

),

own_days as materialized (

    select distinct
        meter_id,
        metric,
        (time at time zone :zone)::date as local_date
    from own
    where quality < 2

)

select
    held.*,
    :load_id,
    :replaces_days and own_days.local_date is not null
from held
left join own_days
    on
        held.meter_id = own_days.meter_id
        and held.metric::text = own_days.metric
        and (held.time at time zone :zone)::date = own_days.local_date
where
    not exists (
        select
        from own
        where own.meter_id = held.meter_id and own.metric = held.metric::text and own.time = held.time
    )
