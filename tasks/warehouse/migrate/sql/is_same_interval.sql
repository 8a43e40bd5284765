-- '36 months' and '3 years' are the same; null (no policy) is the same as null only.
select coalesce(:wanted::text::interval = :existing::text::interval, :wanted::text is null and :existing::text is null)
