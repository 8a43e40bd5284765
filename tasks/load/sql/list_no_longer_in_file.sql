-- A row error for each meter, metric and local day of what stays in core although its file no longer holds it.
insert into {quality}.quality_row_errors (
    load_id, source_file, row_num, meter_code, metric, raw_value, reason, severity, message
)
select
    own.load_id,
    own.source_file,
    0,
    meters.external_code,
    unsettled.metric::text,
    -- There is no cell to name: the value says which readings.
    meters.external_code
    || ' ' || unsettled.metric
    || to_char(min(unsettled.time at time zone :zone), ' YYYY-MM-DD HH24:MI')
    || case
        when count(*) > 1 then to_char(max(unsettled.time at time zone :zone), ' … HH24:MI') || ' (' || count(*) || ')'
        else ''
    end,
    :reason::text,
    :severity::text,
    :message::text
from unsettled
inner join {quality}.quality_load_log as own on unsettled.withdrawn_by = own.load_id
inner join {core}.meters as meters on unsettled.meter_id = meters.id
where not unsettled.is_withdrawn and not unsettled.is_elsewhere
group by
    own.load_id,
    own.source_file,
    meters.external_code,
    unsettled.metric,
    (unsettled.time at time zone :zone)::date
order by meters.external_code, unsettled.metric, min(unsettled.time)
