create table {core}.buildings (
    id bigint generated always as identity primary key,
    external_code text not null unique check (external_code <> ''),
    address text,
    district_id text,
    inserted_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz
);

create table {core}.itp (
    id bigint generated always as identity primary key,
    external_code text not null unique check (external_code <> ''),
    building_id bigint not null references {core}.buildings (id),
    inserted_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz
);

comment on table {core}.itp is 'Individual heating points (ИТП).';

create table {core}.meters (
    id bigint generated always as identity primary key,
    external_code text not null unique check (external_code <> ''),
    itp_id bigint not null references {core}.itp (id),
    kind text not null check (kind in ('cold_water', 'hot_water', 'heat')),
    interval_minutes integer not null default 60 check (interval_minutes between 1 and 1440),
    inserted_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz
);

comment on column {core}.meters.kind is 'cold_water: ХВС into the heater; hot_water: ОДПУ ГВС; heat: heat meter.';
comment on column {core}.meters.interval_minutes is 'Length of the interval that one reading covers.';

create index on {core}.itp (building_id);
create index on {core}.meters (itp_id);

create type {core}.metric as enum (
    'consumption_period', 'consumption_cumulative', 'flow_supply', 'flow_return', 'T1', 'T2', 'pump_runtime_hours'
);

-- A partitioned table can not become a hypertable, so where TimescaleDB is there it is made plain: what the server
-- offers is laid out after the migrations.
do $$
begin
    execute $ddl$
        create table {core}.measurements (
            time timestamptz not null,
            meter_id bigint not null,
            metric {core}.metric not null,
            quality smallint not null check (quality in (0, 1)),
            value double precision not null,
            load_id uuid not null,
            inserted_at timestamptz not null default now(),
            updated_at timestamptz,
            primary key (meter_id, time, metric)
        )
    $ddl$ || case
        when exists (select from pg_extension where extname = 'timescaledb') then ''
        else 'partition by range (time)'
    end;
end
$$;

comment on table {core}.measurements is 'Readings: one per meter, interval start and metric. Names and units: core.readings.';
comment on column {core}.measurements.time is 'Start of the interval; for a register the moment it was read.';
comment on column {core}.measurements.quality is '0 valid, 1 suspect.';
comment on column {core}.measurements.load_id is 'The load that wrote the value that stands here.';

create table {core}.measurement_revisions (
    id bigint generated always as identity primary key,
    time timestamptz not null,
    meter_id bigint not null,
    metric {core}.metric not null,
    old_value double precision,
    new_value double precision,
    old_quality smallint,
    new_quality smallint,
    old_load_id uuid,
    load_id uuid not null,
    replaced_at timestamptz not null default clock_timestamp(),
    change text not null default 'load' check (change in ('load', 'rollback'))
);

comment on table {core}.measurement_revisions is 'Each value that was replaced: by a later load, or by a rollback.';
comment on column {core}.measurement_revisions.new_value is 'NULL: a rollback took the reading away.';
comment on column {core}.measurement_revisions.load_id is
'The load that brought the new value; of a rollback the load that was taken back.';

create index on {core}.measurement_revisions (load_id);
create index on {core}.measurement_revisions (meter_id, time, metric);

create view {core}.readings as
select
    m.time,
    b.external_code as building_code,
    i.external_code as itp_code,
    t.external_code as meter_code,
    m.metric,
    m.value,
    case m.metric
        when 'T1' then '°C' when 'T2' then '°C'
        when 'flow_supply' then 'м3/ч' when 'flow_return' then 'м3/ч'
        when 'pump_runtime_hours' then 'ч' else 'м3'
    end as unit,
    m.quality,
    m.load_id
from {core}.measurements as m
join {core}.meters as t on m.meter_id = t.id
join {core}.itp as i on t.itp_id = i.id
join {core}.buildings as b on i.building_id = b.id;

comment on view {core}.readings is 'Readings with codes and units, for people.';
