do $$
begin
    comment on view {features}.meter_hourly is
    'Sums and counts per meter, metric and local hour, brought up to date after each load; averages are '
    'value_sum / readings.';
    execute format(
        'comment on %s {features}.meter_daily is %L',
        case
            when (select relkind from pg_class where oid = '{features}.meter_daily'::regclass) = 'v' then 'view'
            else 'table'
        end,
        'The same per local day; hours: how many hours of the day have a reading.'
    );
    comment on view {features}.meter_last_reading is
    'The hour of the last reading of each meter (NULL: none yet), to see at once which meters have gone silent.';
end
$$
