-- $1 loads, $2, $3 their first and last time. One look at the index for each meter.
select exists (
    select
    from (select distinct meter_id from {stage}.parsed_series where load_id = any($1::uuid[]) and quality < 2) as mine
    cross join lateral (
        select
        from {core}.measurements as stored
        where stored.meter_id = mine.meter_id and stored.time between $2 and $3
        limit 1
    ) as found
)
