-- all_meters: every meter counts, not only those of the changed buildings.
insert into changed_meter_days (meter_id, local_date, since, until)
select
    meters.id,
    days.local_date,
    days.local_date::timestamp at time zone :zone,
    (days.local_date + 1)::timestamp at time zone :zone
from (
    select distinct
        building_id,
        local_date
    from {quality}.changed_days
    where taken and not :all_meters and local_date between :first_day and :last_day
    union all
    select
        buildings.id,
        day::date
    from {core}.buildings as buildings
    cross join generate_series(:first_day::date::timestamp, :last_day::date::timestamp, interval '1 day') as day
    where :all_meters
) as days
inner join {core}.itp as itp on days.building_id = itp.building_id
inner join {core}.meters as meters on itp.id = meters.itp_id
