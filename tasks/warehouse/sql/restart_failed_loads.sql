-- What failed attempts at the same content left in stage would otherwise be there twice.
with

failed as (

    select load_id
    from {quality}.quality_load_log
    where
        checksum = :checksum
        and identity is not distinct from :identity
        and status = 'failed'
        and step in ('staged', 'validated')

),

raw_tables as (

    delete from {stage}.raw_tables
    where load_id in (select load_id from failed)

),

raw_rows as (

    delete from {stage}.raw_rows
    where load_id in (select load_id from failed)

),

parsed_series as (

    delete from {stage}.parsed_series
    where load_id in (select load_id from failed)

),

row_errors as (

    delete from {quality}.quality_row_errors
    where load_id in (select load_id from failed)

)

update {quality}.quality_load_log
set step = 'claimed', claim_key = null
where load_id in (select load_id from failed)
