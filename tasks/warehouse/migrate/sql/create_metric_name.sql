-- A continuous aggregate takes immutable functions only; the cast of an enum is not, for its labels can be renamed.
create or replace function {features}.metric_name(anyelement) returns text
language sql immutable parallel safe
as 'select $1::text'
