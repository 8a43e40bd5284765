-- Kinds of meters are data: the reference files are checked against {quality}.meter_kinds.
alter table {core}.meters drop constraint meters_kind_check;
alter table {core}.meters add check (kind <> '');

comment on column {core}.meters.kind is 'One of {quality}.meter_kinds, such as cold_water, hot_water, heat.';

-- Readers write `metric like 'flow%'` and join with texts, which an enum refuses. It stays one in the table.
drop view {core}.readings;

create view {core}.readings as
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
inner join {core}.itp as i on t.itp_id = i.id
inner join {core}.buildings as b on i.building_id = b.id
left join {quality}.metrics as metrics on m.metric::text = metrics.metric;

comment on view {core}.readings is 'Readings with codes and units, for people.';
