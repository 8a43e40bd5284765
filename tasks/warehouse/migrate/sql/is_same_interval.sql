-- Both may be null; '36 months' and '3 years' are the same.
select :wanted::text::interval is not distinct from :existing::text::interval
