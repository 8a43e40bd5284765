-- Intervals that stand side by side in a file are one series: each of its readings has a column of its own.
alter table {stage}.parsed_series add column column_nums smallint[];
alter table {stage}.parsed_series alter column_nums set statistics 0;

comment on column {stage}.parsed_series.column_ref is 'Column of the values as Excel names it; NULL: see column_nums.';
comment on column {stage}.parsed_series.column_nums is
'The column of each reading, A is 0, where a line of the file holds several readings of a series.';

create or replace view {stage}.parsed_readings as
select
    s.load_id,
    s.table_num,
    s.source_file,
    s.sheet,
    case
        when s.column_ref is not null then s.column_ref
        when r.column_num < 26 then chr(65 + r.column_num)
        when r.column_num < 702 then chr(64 + r.column_num / 26) || chr(65 + r.column_num % 26)
        else
            chr(65 + (r.column_num - 702) / 676)
            || chr(65 + (r.column_num - 702) / 26 % 26)
            || chr(65 + (r.column_num - 702) % 26)
    end as column_ref,
    r.row_num,
    r.time_utc at time zone 'UTC' as time,
    s.building_code,
    s.itp_code,
    s.meter_code,
    s.meter_id,
    s.metric,
    r.value,
    s.unit,
    s.quality,
    s.reason,
    s.inserted_at
from {stage}.parsed_series as s
cross join lateral unnest(s.row_nums, s.times_utc, s.readings, s.column_nums) as r (
    row_num, time_utc, value, column_num
);
