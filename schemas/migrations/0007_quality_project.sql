alter table {quality}.transform_state add column project text;

comment on column {quality}.transform_state.project is
'Checksum of the dbt project whose views and seeds stand; null while none or an unfinished transform has made them.';
