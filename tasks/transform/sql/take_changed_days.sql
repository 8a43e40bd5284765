with unfinished as (
    update {quality}.transform_state set project = null
    where exists (select from {quality}.changed_days where taken)
)
update {quality}.changed_days set taken = true where not taken
