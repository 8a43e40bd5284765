create view {quality}.waiting_rows as
select distinct
    errors.load_id,
    errors.row_num,
    errors.sheet
from {quality}.quality_row_errors as errors
join {quality}.quality_load_log as log on errors.load_id = log.load_id and log.status in ('success', 'partial')
join {stage}.stage_parsed_measurements as p
    on
        errors.load_id = p.load_id
        and errors.row_num = p.row_num
        and errors.sheet is not distinct from p.sheet
join {core}.meters as t on p.meter_code = t.external_code
join {core}.itp as i on t.itp_id = i.id and coalesce(p.itp_code, i.external_code) = i.external_code
join {core}.buildings as b
    on i.building_id = b.id and coalesce(p.building_code, b.external_code) = b.external_code
where errors.reason = 'unmapped_code' and errors.resolved_by is null;

comment on view {quality}.waiting_rows is
'Rows rejected for an unknown code that is known by now, and stands under the building and ITP that the row names.';
