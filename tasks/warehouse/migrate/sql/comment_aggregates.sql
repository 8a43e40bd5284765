do $$
declare
    kind constant text := case
        when (select relkind from pg_class where oid = '{features}.meter_hourly'::regclass) = 'v' then 'view'
        else 'table'
    end;
begin
    execute format(
        'comment on %s {features}.meter_hourly is %L', kind,
        'Sums and counts per meter, metric and local hour, brought up to date after each load; averages are '
        'value_sum / readings.'
    );
    execute format(
        'comment on %s {features}.meter_daily is %L', kind,
        'The same per local day; hours: how many hours of the day have a reading.'
    );
    comment on materialized view {features}.meter_last_reading is
    'The hour of the last reading of each meter (NULL: none yet), to see at once which meters have gone silent.';
end
$$
