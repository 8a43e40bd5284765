-- Of loads that are about to end in core: the loads of earlier versions of the same file, and the meters of which a
-- version had a series of readings that the new one neither has, time by time, nor goes on with. A version is the load
-- of a file and those of its rows that waited in stage, which have its place: the family. is_purged: the series of
-- earlier versions are gone.
with

own as (

    select
        log.load_id,
        log.business_date,
        log.source_file,
        log.replaces_days,
        log.content_id,
        log.replay_of,
        coalesce(origin.effective_at, log.effective_at) as effective_at
    from {quality}.quality_load_log as log
    left join {quality}.quality_load_log as origin on log.requeue_of = origin.load_id
    where log.load_id = any(:load_ids::uuid[])

),

versions as (

    select
        own.load_id,
        own.replaces_days,
        own.load_id || array_agg(other.load_id) filter (
            where other.effective_at = own.effective_at and counting.load_id is not null
        ) as family,
        array_agg(other.load_id) filter (where other.effective_at is distinct from own.effective_at) as earlier,
        min(other.first_time) as first_time,
        max(other.last_time) as last_time,
        bool_or(other.purged_before is not null and other.effective_at is distinct from own.effective_at) as is_purged
    from own
    -- Readings of a version stand in core as those of its first load also after a replay of it.
    inner join {quality}.quality_load_log as other
        on
            own.business_date = other.business_date
            and own.source_file = other.source_file
            and other.effective_at <= coalesce(own.effective_at, 'infinity')
            -- What a replay replaces is for find_replayed_loads.
            and (own.replay_of is null or own.content_id <> other.content_id)
            and other.status in ('success', 'partial')
            and other.rolled_back_at is null
    left join {quality}.effective_loads as counting on other.load_id = counting.load_id
    group by own.load_id, own.replaces_days

)

select
    versions.*,
    array(
        select distinct series.meter_id
        from {stage}.parsed_series as series
        where
            series.load_id = any(versions.earlier)
            and series.quality < 2
            and not exists (
                select
                from {stage}.parsed_series as own
                where
                    own.load_id = any(versions.family)
                    and own.meter_id = series.meter_id
                    and own.metric = series.metric
                    and own.times_utc[1:cardinality(series.times_utc)] = series.times_utc
            )
    ) as meters
from versions
where versions.earlier is not null and versions.first_time is not null
