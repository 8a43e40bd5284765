-- A row for each place that a meter has been at.
select
    t.external_code as meter_code,
    t.id as meter_id,
    i.external_code as itp_code,
    b.external_code as building_code,
    t.interval_minutes
from {core}.meters as t
left join {quality}.meter_periods as p on t.id = p.meter_id
inner join {core}.itp as i on coalesce(p.itp_id, t.itp_id) = i.id
inner join {core}.buildings as b on i.building_id = b.id
where t.external_code = any(:codes::text[])
