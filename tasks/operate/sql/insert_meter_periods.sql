insert into {quality}.meter_periods (meter_id, itp_id, installed, removed, register_digits, register_step)
select
    meters.id as meter_id,
    itp.id as itp_id,
    wanted.installed,
    wanted.removed,
    wanted.register_digits,
    wanted.register_step
from reference_meter_periods as wanted
inner join {core}.meters as meters on wanted.meter_code = meters.external_code
inner join changed_periods as changed on meters.id = changed.id and changed.table_name = 'meters'
left join {core}.itp as itp on wanted.itp_code = itp.external_code
