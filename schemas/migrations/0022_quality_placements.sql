-- Where meters are, as the features see it. When it is no longer what the features were built with, the building-days
-- that it concerns are built again.
create view {quality}.meter_placements as
select
    meters.id::bigint as meter_id,
    meters.external_code::text as meter_code,
    meters.kind::text as kind,
    meters.interval_minutes::integer as interval_minutes,
    buildings.id::bigint as building_id,
    buildings.external_code::text as building_code,
    coalesce(buildings.district_id::text, 'unknown') as district_id
from {core}.meters as meters
inner join {core}.itp as itp on meters.itp_id = itp.id
inner join {core}.buildings as buildings on itp.building_id = buildings.id;

comment on view {quality}.meter_placements is 'Meters with their building and its district; one row per meter.';

create table {quality}.built_placements (
    meter_id bigint not null,
    kind text not null,
    interval_minutes integer not null,
    building_id bigint not null,
    building_code text not null,
    district_id text not null
);

comment on table {quality}.built_placements is
'The placements that the features are built with, or will be once the changed days are.';

alter table {quality}.changed_days add column district_id text;

comment on column {quality}.changed_days.district_id is
'A district that the building was in when its features were built; NULL: the one that it is in now.';
comment on column {quality}.changed_days.load_id is
'NULL: no load changed them, but settings, definitions, models or reference tables.';

-- Of a midnight that came twice the first; where none came, when the clock went past it. Reckoned in UTC without a
-- zone: so nothing depends on the session, and the planner puts the expression in the place of the call.
create function {quality}.local_midnight(local_date date, zone text) returns timestamptz
language sql immutable parallel safe
return (
    (local_date::timestamp at time zone zone at time zone 'UTC') - case
        when
            (
                (local_date::timestamp at time zone zone at time zone 'UTC') - interval '1 hour'
            ) at time zone 'UTC' at time zone zone >= local_date::timestamp
            then interval '1 hour'
        else interval '0'
    end
) at time zone 'UTC';

comment on function {quality}.local_midnight is 'When a local day begins.';
