-- Of loads that are about to end in core: the loads of earlier versions of the same file, and the meters of which a
-- version had a series of readings that the new one neither has, time by time, nor goes on with. is_purged: their
-- series are gone.
with

versions as (

    select
        own.load_id,
        own.replaces_days,
        array_agg(earlier.load_id) as earlier,
        min(earlier.first_time) as first_time,
        max(earlier.last_time) as last_time,
        bool_or(earlier.purged_before is not null) as is_purged
    from {quality}.quality_load_log as own
    left join {quality}.quality_load_log as origin on own.requeue_of = origin.load_id
    inner join {quality}.effective_loads as earlier
        on
            own.business_date = earlier.business_date
            and own.source_file = earlier.source_file
            and earlier.effective_at < coalesce(origin.effective_at, 'infinity')
            and earlier.first_time is not null
    where own.load_id = any(:load_ids::uuid[])
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
                    own.load_id = versions.load_id
                    and own.meter_id = series.meter_id
                    and own.metric = series.metric
                    and own.times_utc[1:cardinality(series.times_utc)] = series.times_utc
            )
    ) as meters
from versions
