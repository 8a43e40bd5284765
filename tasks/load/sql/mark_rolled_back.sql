-- With a load go the loads of its waiting rows: without the file there would be none.
with recursive

family as (

    select load_id
    from {quality}.quality_load_log
    where load_id = :load_id
    union
    select child.load_id
    from {quality}.quality_load_log as child
    inner join family on child.requeue_of = family.load_id

)

update {quality}.quality_load_log as log
set
    rolled_back_at = clock_timestamp(),
    message = concat_ws('; ', log.message, 'откачена ' || to_char(clock_timestamp(), 'DD.MM.YYYY HH24:MI TZ'))
from family
where log.load_id = family.load_id and log.status in ('success', 'partial') and log.rolled_back_at is null
returning
    log.load_id,
    log.first_time,
    log.last_time,
    log.rows_inserted + log.rows_updated + log.rows_removed as rows_written,
    log.purged_before
