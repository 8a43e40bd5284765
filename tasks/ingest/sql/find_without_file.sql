-- A claim of the run is one of the same bytes under the same path, whatever became of it.
select load.load_id
from {quality}.quality_load_log as load
where
    load.load_id = any(:load_ids::uuid[])
    and not exists (
        select
        from {quality}.quality_load_log as own
        where
            own.flow_run_id = :flow_run_id
            and own.checksum = load.checksum
            and own.source_file = load.source_file
    )
order by load.effective_at, load.load_id
