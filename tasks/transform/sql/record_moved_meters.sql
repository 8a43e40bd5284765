-- What the reference tables say of meters and buildings otherwise than the features were built with: the days on which
-- such a meter has readings, in its building of before and of now, and the days on which such a building has features.
-- Each with the district that it counted in, which loses it, or gets it.
with

now_placed as materialized (

    select
        meter_id,
        kind,
        interval_minutes,
        building_id,
        building_code,
        district_id,
        since,
        until,
        register_digits,
        register_step
    from {quality}.meter_placements

),

gone as materialized (

    select * from {quality}.built_placements
    except
    select * from now_placed

),

come as materialized (

    select * from now_placed
    except
    select * from {quality}.built_placements

),

moved as materialized (

    select * from gone
    union distinct
    select * from come

),

forgotten as (

    delete from {quality}.built_placements as built
    using gone
    where built.meter_id = gone.meter_id

),

noted as (

    insert into {quality}.built_placements (
        meter_id, kind, interval_minutes, building_id, building_code, district_id, since, until, register_digits,
        register_step
    )
    select * from come

),

meter_days as (

    select distinct
        readings.meter_id,
        (readings.time at time zone :zone)::date as local_date
    from {core}.measurements as readings
    where readings.meter_id in (select moved.meter_id from moved)

)

insert into {quality}.changed_days (building_id, district_id, local_date)
select
    moved.building_id,
    moved.district_id,
    meter_days.local_date
from moved
inner join meter_days on moved.meter_id = meter_days.meter_id
union distinct
select
    moved.building_id,
    moved.district_id,
    built.local_date
from moved
inner join {features}.ml_daily_by_building as built on moved.building_id = built.building_id
