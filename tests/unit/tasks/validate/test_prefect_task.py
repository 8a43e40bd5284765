from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from pydantic import SecretStr

from schemas.errors import TransientError
from schemas.settings import Settings
from tasks.validate.prefect_task import validate_loads_task
from tasks.validate.validate_loads import StagedLoad
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.prefect_tasks import is_worth_retrying
from tests.unit.tasks.validate.tables import LOAD, long_table

RUN = Run(UUID(int=1), 1, date(2025, 4, 30))


async def test_a_server_that_is_not_reachable_fails_no_load_and_the_task_is_tried_again() -> None:
    warehouse = Warehouse(settings=Settings(), dsn=SecretStr("postgresql://user@127.0.0.1:1/none"))

    with pytest.raises(TransientError):
        await validate_loads_task.fn([StagedLoad(LOAD, "a.csv", 1, [long_table()])], RUN, warehouse)

    assert (validate_loads_task.retries, validate_loads_task.retry_condition_fn) == (3, is_worth_retrying)
