-- What loads that are rolled back have in core; and what is kept out of it because they are replays, or newer versions
-- of a file that replaces days, as stage knows it, and after a purge the revisions. zone: that of local days; meters:
-- null if there are too many to name.
insert into unsettled (time, meter_id, metric, value, quality, load_id, since, withdrawn_by, is_withdrawn)
with

versions as materialized (

    select
        own.load_id,
        other.load_id as other_load_id,
        other.effective_at < own.effective_at and other.rolled_back_at is null as is_earlier
    from {quality}.quality_load_log as own
    inner join {quality}.quality_load_log as other
        on own.business_date = other.business_date and own.source_file = other.source_file
    where own.load_id = any(:load_ids::uuid[]) and own.replaces_days

),

replayed as materialized (

    select
        own.load_id,
        other.load_id as other_load_id
    from {quality}.quality_load_log as own
    inner join {quality}.effective_loads as other on own.content_id = other.content_id
    where own.load_id = any(:load_ids::uuid[]) and own.replay_of is not null

),

own_days as materialized (

    select distinct
        series.load_id,
        series.meter_id,
        series.metric,
        (times.time_utc at time zone 'UTC' at time zone :zone)::date as local_date
    from {stage}.parsed_series as series
    cross join lateral unnest(series.times_utc) as times (time_utc)
    where series.quality < 2 and series.load_id in (select versions.load_id from versions)

),

kept_out as materialized (

    select
        versions.load_id,
        times.time_utc at time zone 'UTC' as time,
        series.meter_id,
        series.metric
    from versions
    inner join {stage}.parsed_series as series
        on versions.other_load_id = series.load_id and versions.is_earlier and series.quality < 2
    cross join lateral unnest(series.times_utc) as times (time_utc)
    inner join own_days
        on
            versions.load_id = own_days.load_id
            and series.meter_id = own_days.meter_id
            and series.metric = own_days.metric
            and own_days.local_date = (times.time_utc at time zone 'UTC' at time zone :zone)::date
    union
    select
        versions.load_id,
        revisions.time,
        revisions.meter_id,
        revisions.metric::text
    from versions
    inner join {core}.measurement_revisions as revisions on versions.other_load_id = revisions.load_id
    where revisions.change = 'removal'
    union
    select
        replayed.load_id,
        times.time_utc at time zone 'UTC' as time,
        series.meter_id,
        series.metric
    from replayed
    inner join {stage}.parsed_series as series on replayed.other_load_id = series.load_id and series.quality < 2
    cross join lateral unnest(series.times_utc) as times (time_utc)
    union
    select
        own.load_id,
        revisions.time,
        revisions.meter_id,
        revisions.metric::text
    from {quality}.quality_load_log as own
    inner join {core}.measurement_revisions as revisions on own.load_id = revisions.load_id
    where own.load_id = any(:load_ids::uuid[]) and own.replay_of is not null and revisions.change = 'removal'

)

select
    m.time,
    m.meter_id,
    m.metric,
    m.value,
    m.quality,
    m.load_id,
    coalesce(m.updated_at, m.inserted_at, '-infinity') as since,
    m.load_id as withdrawn_by,
    true as is_withdrawn
from {core}.measurements as m
where
    m.load_id = any(:load_ids::uuid[])
    and m.time between :first_time and :last_time
    and (:meters::bigint[] is null or m.meter_id = any(:meters::bigint[]))
union all
select distinct on (kept_out.time, kept_out.meter_id, kept_out.metric)
    kept_out.time,
    kept_out.meter_id,
    cast(kept_out.metric as {metric_type}),
    m.value,
    m.quality,
    m.load_id,
    coalesce(m.updated_at, m.inserted_at, '-infinity'),
    kept_out.load_id, -- noqa: AL08
    false
from kept_out
left join {core}.measurements as m
    on kept_out.meter_id = m.meter_id and kept_out.time = m.time and kept_out.metric = m.metric::text
where m.load_id is null or m.load_id <> all(:load_ids::uuid[])
