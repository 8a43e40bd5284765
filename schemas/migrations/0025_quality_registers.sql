-- Consumption of meters that report registers alone.
alter table {quality}.metrics add column register_of text references {quality}.metrics (metric);

comment on column {quality}.metrics.register_of is
'Of a register the metric of intervals that its steps are; features take them where a meter reports none.';
