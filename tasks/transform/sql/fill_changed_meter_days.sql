insert into changed_meter_days (meter_id, interval_minutes, day, since, until)
select distinct
    meters.id,
    meters.interval_minutes,
    days.local_date - :first_day::date + 1,
    {quality}.local_midnight(days.local_date, :zone),
    {quality}.local_midnight(days.local_date + 1, :zone)
from (
    select
        building_id,
        local_date
    from {quality}.changed_days
    where taken and building_id is not null and local_date between :first_day and :last_day
    union distinct
    select
        buildings.id,
        changed_days.local_date
    from {quality}.changed_days
    cross join {core}.buildings as buildings
    where
        changed_days.taken and changed_days.building_id is null and changed_days.district_id is null
        and changed_days.local_date between :first_day and :last_day
) as days
inner join {quality}.meter_buildings as placements on days.building_id = placements.building_id
inner join {core}.meters as meters on placements.meter_id = meters.id
