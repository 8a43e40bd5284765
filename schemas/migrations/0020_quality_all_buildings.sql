-- A day of all buildings is one row: what the features depend on beside readings has changed, and no load did it.
alter table {quality}.changed_days
alter column building_id drop not null,
alter column load_id drop not null;

comment on column {quality}.changed_days.building_id is 'NULL: all buildings.';
comment on column {quality}.changed_days.load_id is 'NULL: no load changed them, but settings, definitions or models.';
comment on table {quality}.transform_state is 'The settings, definitions and models that the features are built with.';
comment on column {quality}.transform_state.project is
'Checksum of the dbt project whose tables, views and seeds are there; NULL: they have to be looked at.';
