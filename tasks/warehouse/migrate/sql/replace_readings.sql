-- {unit} is rendered from the metrics.
create or replace view {core}.readings as
select
    m.time,
    b.external_code as building_code,
    i.external_code as itp_code,
    t.external_code as meter_code,
    m.metric,
    m.value,
    {unit} as unit, -- noqa: AL09, RF02
    m.quality,
    m.load_id
from {core}.measurements as m
inner join {core}.meters as t on m.meter_id = t.id
inner join {core}.itp as i on t.itp_id = i.id
inner join {core}.buildings as b on i.building_id = b.id
