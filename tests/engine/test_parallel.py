import threading

import numpy as np
import pytest

from engine.parallel import Team, single_threaded_blas


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("items", [0, 1, 2, 7])
def test_every_item_is_done_once(threads: int, items: int) -> None:
    done = np.zeros(items, int)

    with Team(threads) as team:
        team.run(lambda i: np.add.at(done, i, 1), items)
        team.run(lambda i: np.add.at(done, i, 1), items)

    np.testing.assert_array_equal(done, 2)


def test_items_are_shared_between_threads() -> None:
    names: dict[int, str] = {}

    with Team(2) as team:
        team.run(lambda i: names.update({i: threading.current_thread().name}), 4)

    assert names[0] == names[2] != names[1] == names[3]


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_any_thread_is_raised_after_all_have_ended(failing: int) -> None:
    done = []

    def task(i: int) -> None:
        if i == failing:
            raise KeyError("broken")
        done.append(i)

    with Team(2) as team:
        with pytest.raises(KeyError, match="broken"):
            team.run(task, 2)
        team.run(lambda i: done.append(10 + i), 2)

    assert sorted(done) == [1 - failing, 10, 11]


def test_a_team_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one thread, got 0"):
        Team(0)


def test_the_products_inside_are_those_outside() -> None:
    a = np.random.default_rng(0).random((200, 200))
    outside = a @ a

    with single_threaded_blas():
        inside = a @ a

    np.testing.assert_allclose(inside, outside, rtol=1e-12)
