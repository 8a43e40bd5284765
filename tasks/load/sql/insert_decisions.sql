-- Each unsettled reading gets the value of the latest effective load that has it. A newer version of a file that
-- replaces days stands in the place of the older ones, but for what it holds itself and rejects. zone: that of local
-- days.
insert into decisions (
    time, meter_id, metric, value, quality, load_id, since, withdrawn_by, new_value, new_quality, new_load_id,
    is_in_core, is_replaced, is_changed
)
with

loads as materialized (

    select
        load_id,
        content_id,
        requeue_of,
        effective_at,
        finished_at
    from {quality}.effective_loads
    where first_time <= :last_time and last_time >= :first_time

),

meters as materialized (

    select distinct meter_id
    from unsettled

),

replaced_days as materialized (

    select
        load_id,
        effective_at,
        meter_id,
        metric,
        local_date
    from {quality}.replaced_days(
        array(select loads.load_id from loads), array(select meters.meter_id from meters), :zone
    )

),

-- Unpacked once: joined to the readings by its meter alone, each series would be unpacked for each of its readings.
-- Not by stage.parsed_readings, which unpacks the row numbers as well.
staged as materialized (

    select
        series.load_id,
        series.meter_id,
        series.metric,
        series.quality,
        r.time_utc at time zone 'UTC' as time,
        r.value
    from {stage}.parsed_series as series
    cross join lateral unnest(series.times_utc, series.readings) as r (time_utc, value)
    where
        series.quality < 2
        and series.load_id = any(array(select loads.load_id from loads))
        and series.meter_id = any(array(select meters.meter_id from meters))

),

-- What a version holds and rejects: there the older one's reading stays.
rejected as materialized (

    select distinct
        earlier.load_id,
        replacing.effective_at,
        series.meter_id,
        series.metric,
        times.time_utc at time zone 'UTC' as time
    from (
        select distinct
            load_id,
            effective_at
        from replaced_days
    ) as replacing
    inner join {quality}.quality_load_log as earlier on replacing.load_id = earlier.load_id
    inner join {quality}.effective_loads as later
        on
            earlier.business_date = later.business_date
            and earlier.source_file = later.source_file
            and replacing.effective_at = later.effective_at
    inner join {stage}.parsed_series as series
        on
            later.load_id = series.load_id
            and series.quality = 2
            and series.meter_id = any(array(select meters.meter_id from meters))
    cross join lateral unnest(series.times_utc) as times (time_utc)

),

-- Stage knows what each load had, also where it changed nothing; revisions know it after stage is purged.
candidates as (

    select
        own.time,
        own.meter_id,
        own.metric,
        staged.value,
        staged.quality,
        staged.load_id,
        false as is_standing
    from staged
    inner join unsettled as own
        on staged.meter_id = own.meter_id and staged.time = own.time and staged.metric = own.metric::text
    union
    select
        own.time,
        own.meter_id,
        own.metric,
        revisions.old_value,
        revisions.old_quality,
        coalesce(counting.load_id, revisions.old_load_id),
        false as is_standing
    from unsettled as own
    inner join {core}.measurement_revisions as revisions
        on own.meter_id = revisions.meter_id and own.time = revisions.time and own.metric = revisions.metric
    -- What stood in core after a replay had come was the replay's, though a load before it had written it. A load
    -- before the one that wrote it had another value, or none; so had the one that then replaced it.
    left join lateral (
        select loads.load_id
        from {quality}.quality_load_log as writer
        inner join loads on writer.content_id = loads.content_id
        where
            writer.load_id = revisions.old_load_id
            and loads.finished_at between writer.finished_at and revisions.replaced_at
            and loads.load_id is distinct from revisions.load_id
        order by loads.load_id <> writer.load_id, loads.requeue_of is not null, loads.finished_at desc
        limit 1
    ) as counting on true
    where revisions.old_value is not null
    union
    select
        own.time,
        own.meter_id,
        own.metric,
        own.value,
        own.quality,
        own.load_id,
        true as is_standing
    from unsettled as own
    where not own.is_withdrawn and own.value is not null

),

replacements as ( -- noqa: ST03

    select distinct on (candidates.time, candidates.meter_id, candidates.metric) candidates.*
    from candidates
    left join loads on candidates.load_id = loads.load_id
    where
        -- A value of no load was there before any, in an externally managed core; that of a load that somebody has
        -- deleted by hand stays.
        (loads.load_id is not null or candidates.load_id is null or candidates.is_standing)
        and not exists (
            select
            from replaced_days
            where
                replaced_days.load_id = candidates.load_id
                and replaced_days.meter_id = candidates.meter_id
                and replaced_days.metric = candidates.metric::text
                and replaced_days.local_date = (candidates.time at time zone :zone)::date
                and not exists (
                    select
                    from rejected
                    where
                        rejected.load_id = replaced_days.load_id
                        and rejected.effective_at = replaced_days.effective_at
                        and rejected.meter_id = candidates.meter_id
                        and rejected.metric = candidates.metric::text
                        and rejected.time = candidates.time
                )
        )
    order by
        candidates.time asc,
        candidates.meter_id asc,
        candidates.metric asc,
        loads.effective_at desc nulls last,
        candidates.load_id desc

)

select
    own.time,
    own.meter_id,
    own.metric,
    own.value,
    own.quality,
    own.load_id,
    own.since,
    own.withdrawn_by,
    replacements.value, -- noqa: AL08
    replacements.quality, -- noqa: AL08
    replacements.load_id, -- noqa: AL08
    own.value is not null,
    replacements.time is not null,
    ((own.value, own.quality) is distinct from (replacements.value, replacements.quality))
from unsettled as own
left join replacements
    on
        own.meter_id = replacements.meter_id
        and own.time = replacements.time
        and own.metric = replacements.metric
where own.load_id is distinct from replacements.load_id or replacements.time is null
