-- What earlier versions of a load's file have in core and it has not. is_withdrawn: its mapping replaces days, and on
-- this one it has readings of the same meter and metric. is_elsewhere: another file has the same value. zone: that of
-- local days; meters: null if there are too many to name.
insert into unsettled (
    time, meter_id, metric, value, quality, load_id, since, withdrawn_by, is_withdrawn, is_elsewhere
)
with

held as materialized (

    select
        m.time,
        m.meter_id,
        m.metric,
        m.value,
        m.quality,
        m.load_id,
        coalesce(m.updated_at, m.inserted_at, '-infinity') as since
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
        series.load_id = any(:family::uuid[])
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
    :replaces_days
    and own_days.local_date is not null
    -- Of a purged load nobody knows any more which readings it found in core and has, too.
    and not exists (
        select
        from {quality}.effective_loads as purged
        where
            purged.purged_before is not null
            and purged.rows_unchanged > 0
            and purged.load_id <> all(:family::uuid[] || :earlier::uuid[])
            and held.time between purged.first_time and purged.last_time
    ),
    exists(
        select
        from {stage}.parsed_series as series
        inner join {quality}.effective_loads as loads on series.load_id = loads.load_id
        cross join lateral unnest(series.times_utc, series.readings) as r (time_utc, value)
        where
            series.meter_id = held.meter_id
            and series.metric = held.metric::text
            and series.quality < 2
            and series.load_id <> all(:family::uuid[] || :earlier::uuid[])
            and r.time_utc = held.time at time zone 'UTC'
            and r.value = held.value
    )
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
