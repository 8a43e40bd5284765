select
    exists (select from {core}.meters where external_code = :meter_code)
    or exists (select from {quality}.quality_row_errors where meter_code = :meter_code) as is_known
