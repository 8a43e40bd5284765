alter table {core}.measurement_revisions drop constraint measurement_revisions_change_check;
alter table {core}.measurement_revisions
add constraint measurement_revisions_change_check check (change in ('load', 'rollback', 'removal'));

comment on table {core}.measurement_revisions is
'Each value that was replaced or taken away: by a later load, by a newer version of its file, or by a rollback.';
comment on column {core}.measurement_revisions.new_value is 'NULL: the reading was taken away.';
comment on column {core}.measurement_revisions.change is
'load: a later load has another value; removal: a newer version of the file no longer holds it; rollback: of load_id.';
