delete from {quality}.changed_days where taken
