-- One look-up in the index for each meter.
select exists(
    select
    from (
        select distinct meter_id
        from {stage}.parsed_series
        where load_id = any(:load_ids::uuid[]) and quality < 2
    ) as incoming
    cross join lateral (
        select
        from {core}.measurements as existing
        where existing.meter_id = incoming.meter_id and existing.time between :first_time and :last_time
        limit 1
    ) as first_reading
)
