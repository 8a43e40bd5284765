-- What failed attempts at the same contents left in stage would otherwise be there twice. Runs that claim the same
-- contents at once meet in the same order.
with

failed as materialized (

    select log.load_id
    from {quality}.quality_load_log as log
    inner join unnest(:checksums::text[], :identities::text[]) as content (checksum, identity)
        on
            log.checksum = content.checksum
            and log.identity is not distinct from content.identity
    where
        log.status = 'failed'
        and log.step in ('staged', 'validated')
    order by log.load_id
    for update of log

),

raw_tables as (

    delete from {stage}.raw_tables
    where load_id = any(array(select load_id from failed))

),

raw_rows as (

    delete from {stage}.raw_rows
    where load_id = any(array(select load_id from failed))

),

parsed_series as (

    delete from {stage}.parsed_series
    where load_id = any(array(select load_id from failed))

),

row_errors as (

    delete from {quality}.quality_row_errors
    where load_id = any(array(select load_id from failed))

)

update {quality}.quality_load_log
set step = 'claimed', claim_key = null
where load_id = any(array(select load_id from failed))
