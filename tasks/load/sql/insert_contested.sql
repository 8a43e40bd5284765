-- What core has otherwise than loads that do not come last, where a later load has it, too: that one may have found it
-- there and written nothing. meters: null if there are too many to name.
insert into unsettled (time, meter_id, metric, value, quality, load_id, since, withdrawn_by, is_withdrawn)
with

own as materialized (

    select
        log.load_id,
        log.first_time,
        log.last_time,
        coalesce(origin.effective_at, log.effective_at) as effective_at
    from {quality}.quality_load_log as log
    left join {quality}.quality_load_log as origin on log.requeue_of = origin.load_id
    where log.load_id = any(:load_ids::uuid[])

),

later as materialized (

    select
        own.load_id,
        series.meter_id,
        series.metric,
        series.times_utc[1] as first_time,
        series.times_utc[cardinality(series.times_utc)] as last_time
    from own
    inner join {quality}.effective_loads as loads
        on
            own.effective_at < loads.effective_at
            and own.first_time <= loads.last_time
            and own.last_time >= loads.first_time
    inner join {stage}.parsed_series as series on loads.load_id = series.load_id and series.quality < 2
    where :meters::bigint[] is null or series.meter_id = any(:meters::bigint[])

)

select
    m.time,
    m.meter_id,
    m.metric,
    m.value,
    m.quality,
    m.load_id,
    coalesce(m.updated_at, m.inserted_at, '-infinity'),
    own.load_id, -- noqa: AL08
    false
from incoming
inner join own on incoming.load_id = own.load_id
inner join {core}.measurements as m
    on
        incoming.meter_id = m.meter_id
        and incoming.time = m.time
        and incoming.metric = m.metric
        and m.time between :first_time and :last_time
        and (:meters::bigint[] is null or m.meter_id = any(:meters::bigint[]))
left join {quality}.quality_load_log as writer on m.load_id = writer.load_id
where
    coalesce(writer.effective_at <= own.effective_at, true)
    and exists (
        select
        from later
        where
            later.load_id = own.load_id
            and later.meter_id = m.meter_id
            and later.metric = m.metric::text
            and m.time at time zone 'UTC' between later.first_time and later.last_time
    )
