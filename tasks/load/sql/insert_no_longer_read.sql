-- What the loads that a replay stands in the place of have in core, and it has not.
insert into unsettled (time, meter_id, metric, value, quality, load_id, since, withdrawn_by, is_withdrawn)
with

own as materialized (

    select
        series.meter_id,
        series.metric,
        times.time_utc at time zone 'UTC' as time
    from {stage}.parsed_series as series
    cross join lateral unnest(series.times_utc) as times (time_utc)
    where series.load_id = :load_id and series.quality < 2

)

select
    m.time,
    m.meter_id,
    m.metric,
    m.value,
    m.quality,
    m.load_id,
    coalesce(m.updated_at, m.inserted_at, '-infinity'),
    :load_id,
    -- Of a purged load nobody knows any more which readings it found in core and has, too.
    not exists (
        select
        from {quality}.effective_loads as purged
        where
            purged.purged_before is not null
            and purged.rows_unchanged > 0
            and purged.load_id <> all(:replayed::uuid[])
            and m.time between purged.first_time and purged.last_time
    )
from {core}.measurements as m
where
    m.load_id = any(:replayed::uuid[])
    and m.time between :first_time and :last_time
    and not exists (
        select
        from own
        where own.meter_id = m.meter_id and own.metric = m.metric::text and own.time = m.time
    )
