-- Days that are still in progress: the last transform did not finish. A null project says so.
update {quality}.transform_state
set project = null
where
    exists (
        select
        from {quality}.changed_days
        where taken
    )
