-- taken: a transform is working on them.
update {quality}.changed_days
set taken = true
where not taken and (not_before is null or not_before <= now())
