-- The types of meter_id and metric are those of core, whoever manages it.
do $$
declare
    keys constant text := (
        select string_agg(format('%I %s not null', attname, format_type(atttypid, atttypmod)), ', ' order by attname)
        from pg_attribute
        where attrelid = '{core}.measurements'::regclass and attname in ('meter_id', 'metric')
    );
    columns constant text := $ddl$
        bucket_start timestamptz not null,
        %s,
        value_sum double precision not null,
        value_min double precision not null,
        value_max double precision not null,
        readings bigint not null,
        suspect bigint not null,
        %s
        primary key (meter_id, bucket_start, metric)
    $ddl$;
begin
    execute 'create table {features}.meter_hourly (' || format(columns, keys, '')
        || ') partition by range (bucket_start)';
    execute 'create table {features}.meter_daily (' || format(columns, keys, 'hours bigint not null,')
        || ') partition by range (bucket_start)';
end
$$
