create or replace view {core}.readings as
select
    m.time,
    b.external_code as building_code,
    i.external_code as itp_code,
    t.external_code as meter_code,
    m.metric::text as metric,
    m.value,
    metrics.unit,
    m.quality,
    m.load_id
from {core}.measurements as m
inner join {core}.meters as t on m.meter_id = t.id
inner join {quality}.meter_places as places
    on m.meter_id = places.meter_id and m.time >= places.since and m.time < places.until
left join {core}.itp as i on places.itp_id = i.id
left join {core}.buildings as b on i.building_id = b.id
left join {quality}.metrics as metrics on m.metric::text = metrics.metric;

comment on view {core}.readings is
'Readings with codes and units, for people. The building and ITP are those that the meter was in then; NULL: in none.';
