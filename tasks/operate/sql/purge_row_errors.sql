-- Errors of failed and of rolled-back loads, errors that were resolved long enough ago, and those of readings in core.
with

deleted as (

    delete from {quality}.quality_row_errors as errors
    using {quality}.quality_load_log as log
    where
        errors.load_id = any(:load_ids::uuid[])
        and errors.load_id = log.load_id
        and (
            log.status = 'failed'
            or errors.severity = 'suspect'
            or log.rolled_back_at is not null
            or (
                errors.resolved_by is not null
                and not exists (
                    select from {quality}.quality_load_log as resolver
                    where resolver.load_id = errors.resolved_by and resolver.finished_at >= :ended_before
                )
            )
        )
    returning 1

)

select count(*) as row_errors from deleted
