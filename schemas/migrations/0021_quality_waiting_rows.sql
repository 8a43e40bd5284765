-- Each run looks for them: the code of the error itself says first which are known, before any reading is unpacked.
create or replace view {quality}.waiting_rows as
select distinct
    errors.load_id,
    errors.table_num,
    errors.row_num
from {quality}.open_row_errors as errors
inner join {quality}.quality_load_log as log on errors.load_id = log.load_id and log.status in ('success', 'partial')
inner join {stage}.stage_parsed_measurements as p
    on
        errors.load_id = p.load_id
        and errors.table_num = p.table_num
        and errors.row_num = p.row_num
        and p.quality = 2
inner join {core}.meters as t on errors.meter_code = t.external_code and p.meter_code = t.external_code
inner join {core}.itp as i on t.itp_id = i.id and coalesce(p.itp_code, i.external_code) = i.external_code
inner join {core}.buildings as b
    on i.building_id = b.id and coalesce(p.building_code, b.external_code) = b.external_code
where errors.reason = 'unmapped_code';
