-- $1 loads whose readings are all new, $2 zone of local days. The readings of a series stand in the order of time:
-- a short series needs no look at each of them.
with

spans as (

    select distinct
        load_id,
        meter_id,
        (times_utc[1] at time zone 'UTC' at time zone $2)::date as first,
        (times_utc[cardinality(times_utc)] at time zone 'UTC' at time zone $2)::date as last,
        case when times_utc[cardinality(times_utc)] - times_utc[1] > interval '7 days' then times_utc end as times_utc
    from {stage}.parsed_series
    where load_id = any($1::uuid[]) and quality < 2

),

meter_days as (

    select
        spans.load_id,
        spans.meter_id,
        days.day::date as local_date
    from spans
    cross join lateral generate_series(spans.first, spans.last, interval '1 day') as days (day)
    where spans.times_utc is null
    union
    select
        spans.load_id,
        spans.meter_id,
        (moments.time_utc at time zone 'UTC' at time zone $2)::date
    from spans
    cross join lateral unnest(spans.times_utc) as moments (time_utc)

)

insert into {quality}.changed_days (load_id, building_id, local_date)
select distinct
    meter_days.load_id,
    itp.building_id,
    meter_days.local_date
from meter_days
join {core}.meters as meters on meter_days.meter_id = meters.id
join {core}.itp as itp on meters.itp_id = itp.id
