-- A meter of the reference tables, or a code that a row error names because the reference tables lack it.
select
    exists (
        select from {core}.meters
        where external_code = :meter_code
    )
    or exists (
        select from {quality}.quality_row_errors
        where meter_code = :meter_code
    )
