-- $1, $2 first and last local day, $3 zone of local days, $4 whether all meters are meant, not only changed ones.
insert into changed_meter_days
select
    meters.id,
    days.local_date,
    days.local_date::timestamp at time zone $3,
    (days.local_date + 1)::timestamp at time zone $3
from (
    select distinct
        building_id,
        local_date
    from {quality}.changed_days
    where taken and not $4 and local_date between $1 and $2
    union all
    select
        buildings.id,
        day::date
    from {core}.buildings as buildings
    cross join generate_series($1::date::timestamp, $2::date::timestamp, interval '1 day') as day
    where $4
) as days
join {core}.itp as itp on days.building_id = itp.building_id
join {core}.meters as meters on itp.id = meters.itp_id
