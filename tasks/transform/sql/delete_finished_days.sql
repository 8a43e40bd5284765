-- taken: a transform has been working on them.
delete from {quality}.changed_days
where taken and local_date between :first and :last
