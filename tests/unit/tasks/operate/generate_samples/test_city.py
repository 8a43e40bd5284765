from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import PROJECT_ROOT
from tasks.operate.generate_samples.city import make_city, simulate, write_reference

DAY = dt.date(2025, 4, 30)


@given(seed=st.integers(0, 2**32 - 1), day=st.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)))
def test_water_obeys_what_was_measured_in_the_real_files(seed: int, day: dt.date) -> None:
    today = simulate(12, day, seed=seed, stream=0)
    tomorrow = simulate(12, day + dt.timedelta(days=1), seed=seed, stream=0)

    register = [*today.register.T, tomorrow.register[:, 0]]
    for hour in range(24):
        assert register[hour + 1] - register[hour] == pytest.approx(today.cold[:, hour], abs=0.005)
    assert today.supply - today.returned == pytest.approx(today.hot, abs=1e-9)
    assert ((today.t1 - today.t2 > 17) & (today.t1 - today.t2 < 21.01)).all()
    assert (today.cold > 0).all()
    assert (today.hot >= 0).all()
    off = (today.hot == 0).all(axis=1)
    assert off.any()  # one building in eleven has a day without hot water
    assert ((today.hot > 0).all(axis=1) | off).all()


def test_a_smaller_city_is_the_beginning_of_a_larger_one() -> None:
    small, large = (simulate(buildings, DAY, seed=1, stream=0).register for buildings in (4, 12))

    assert make_city(4).sheets == make_city(12).sheets[:4]
    assert np.array_equal(small, large[:4])


def test_streams_and_seeds_are_different_water() -> None:
    cold = [simulate(4, DAY, seed=seed, stream=stream).cold for seed, stream in ((1, 0), (1, 1), (2, 0))]

    assert not any(np.array_equal(one, other) for one, other in ((cold[0], cold[1]), (cold[0], cold[2])))


def test_a_building_has_one_itp_and_a_hot_and_a_cold_meter() -> None:
    (building,) = make_city(1).long

    assert (building.code, building.itp_code) == ("L-0001", "L-0001-ITP")
    assert (building.hot_meter, building.cold_meter) == ("L-0001-GVS", "L-0001-HVS")


def test_reference_data_in_the_repository_is_that_of_the_city(tmp_path: Path) -> None:
    write_reference(tmp_path)

    in_repository = PROJECT_ROOT / "data" / "reference"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        file.name: file.read_bytes() for file in in_repository.iterdir()
    }
