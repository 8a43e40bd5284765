-- The type of meter_id is that of core, whoever manages it.
do $$
declare
    type_of_meter_id constant text := (
        select format_type(atttypid, atttypmod)
        from pg_attribute
        where attrelid = '{core}.measurements'::regclass and attname = 'meter_id'
    );
    columns constant text := $ddl$
        bucket_start timestamptz not null,
        meter_id %s not null,
        metric text not null,
        value_sum double precision not null,
        value_min double precision not null,
        value_max double precision not null,
        readings bigint not null,
        suspect bigint not null,
        %s
        primary key (meter_id, bucket_start, metric)
    $ddl$;
begin
    execute 'create table {features}_staging.meter_hour_sums (' || format(columns, type_of_meter_id, '')
        || ') partition by range (bucket_start)';
    execute 'create table {features}.meter_daily (' || format(columns, type_of_meter_id, 'hours bigint not null,')
        || ') partition by range (bucket_start)';
end
$$
