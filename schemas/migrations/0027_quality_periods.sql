-- Reference data with time. Where these two tables have no row of a meter or a building, it is, and always was, where
-- core says.
create table {quality}.meter_periods (
    meter_id bigint not null,
    itp_id bigint,
    installed timestamptz,
    removed timestamptz,
    register_digits smallint check (register_digits between 1 and 15),
    register_step double precision check (register_step > 0),
    check (installed < removed)
);

create unique index on {quality}.meter_periods (meter_id, coalesce(installed, '-infinity'));

comment on table {quality}.meter_periods is
'When a meter was at an ITP, and its registers then; periods of a meter do not overlap. '
'A reading outside of them stays in core, and counts in no building.';
comment on column {quality}.meter_periods.itp_id is 'NULL: the one in core.meters.';
comment on column {quality}.meter_periods.installed is 'NULL: nobody knows, and it was there before all readings.';
comment on column {quality}.meter_periods.removed is
'NULL: it is still there. At this moment it is not there any more.';
comment on column {quality}.meter_periods.register_digits is
'Digits before the decimal mark: after 9…9 a register begins at 0 again. NULL: unknown, and a register that falls '
'tells no consumption.';
comment on column {quality}.meter_periods.register_step is
'The least that a register shows, in its unit: by less than half of it a register may fall. NULL: unknown.';

create table {quality}.district_periods (
    building_id bigint not null,
    since timestamptz,
    district_id text
);

create unique index on {quality}.district_periods (building_id, coalesce(since, '-infinity'));

comment on table {quality}.district_periods is 'The districts that a building has been in, each until the next.';
comment on column {quality}.district_periods.since is 'NULL: always.';

create view {quality}.building_districts as
select
    buildings.id::bigint as building_id,
    buildings.external_code::text as building_code,
    coalesce(
        case when periods.building_id is null then buildings.district_id::text else periods.district_id end, 'unknown'
    ) as district_id,
    coalesce(periods.since, '-infinity') as since,
    lead(periods.since, 1, 'infinity') over (
        partition by buildings.id order by periods.since nulls first
    ) as until
from {core}.buildings as buildings
left join {quality}.district_periods as periods on buildings.id = periods.building_id;

comment on view {quality}.building_districts is 'Buildings with the districts that they were in: [since, until).';

-- A row for each time in which a meter was at one ITP, or at none: every reading is in one of them. Where one place has
-- no end, it ends where the next one begins.
create view {quality}.meter_places as
with

places as (

    select
        periods.meter_id,
        coalesce(periods.itp_id, meters.itp_id)::bigint as itp_id,
        coalesce(periods.installed, '-infinity') as since,
        least(periods.removed, lead(periods.installed, 1, 'infinity') over meter) as until,
        lag(coalesce(periods.removed, 'infinity'), 1, '-infinity') over meter as left_before,
        periods.register_digits,
        periods.register_step
    from {quality}.meter_periods as periods
    inner join {core}.meters as meters on periods.meter_id = meters.id
    window meter as (partition by periods.meter_id order by periods.installed nulls first)

)

select
    meters.id::bigint as meter_id,
    meters.itp_id::bigint as itp_id,
    '-infinity'::timestamptz as since,
    'infinity'::timestamptz as until,
    null::smallint as register_digits,
    null::double precision as register_step
from {core}.meters as meters
where meters.id not in (select periods.meter_id from {quality}.meter_periods as periods)
union all
select
    meter_id,
    itp_id,
    since,
    until,
    register_digits,
    register_step
from places
union all
select
    meter_id,
    null,
    left_before,
    since,
    null,
    null
from places
where left_before < since
union all
select
    meter_id,
    null,
    max(until),
    'infinity',
    null,
    null
from places
group by meter_id
having max(until) < 'infinity';

comment on view {quality}.meter_places is
'Where meters were: [since, until) at an ITP, or, with itp_id NULL, before, between and after its places.';

create or replace view {quality}.meter_placements as
select
    meters.id::bigint as meter_id,
    meters.external_code::text as meter_code,
    meters.kind::text as kind,
    meters.interval_minutes::integer as interval_minutes,
    buildings.building_id,
    buildings.building_code,
    buildings.district_id,
    greatest(buildings.since, places.since) as since,
    least(buildings.until, places.until) as until,
    places.register_digits,
    places.register_step
from {core}.meters as meters
inner join {quality}.meter_places as places on meters.id = places.meter_id
inner join {core}.itp as itp on places.itp_id = itp.id
inner join {quality}.building_districts as buildings on itp.building_id = buildings.building_id
where greatest(buildings.since, places.since) < least(buildings.until, places.until);

comment on view {quality}.meter_placements is
'Meters with the buildings that they were in, and the districts of those: [since, until).';
comment on column {quality}.meter_placements.since is '-infinity: always, as far as anybody knows.';
comment on column {quality}.meter_placements.until is 'infinity: it is there.';

-- What changes with a meter's readings: a reading outside all periods still changes what is kept by meter, which the
-- building of now brings up to date.
create view {quality}.meter_buildings as
select
    meter_id,
    building_id,
    since,
    until
from {quality}.meter_placements
union all
select
    meters.id::bigint,
    itp.building_id::bigint,
    '-infinity',
    'infinity'
from {core}.meters as meters
inner join {core}.itp as itp on meters.itp_id = itp.id
where meters.id in (select periods.meter_id from {quality}.meter_periods as periods);

comment on view {quality}.meter_buildings is
'The buildings whose days change with a meter''s readings: those that it was in, [since, until), and the one of now.';

alter table {quality}.built_placements
add column since timestamptz not null default '-infinity',
add column until timestamptz not null default 'infinity',
add column register_digits smallint,
add column register_step double precision;
