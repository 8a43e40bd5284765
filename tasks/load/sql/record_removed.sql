update {quality}.quality_load_log
set
    rows_removed = :removed,
    message = concat_ws('; ', message, case when replay_of is null then :of_version::text else :of_replay::text end)
where load_id = :load_id
