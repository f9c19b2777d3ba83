import pytest

from xdl import rl
from xdl.rl._algorithm import Algorithm, Spaces, spaces_of

SPACES = {
    rl.CartPole: Spaces((4,), actions=2),
    rl.MountainCar: Spaces((2,), actions=3),
    rl.Acrobot: Spaces((6,), actions=3),
    rl.Pendulum: Spaces((3,), action_size=1, low=(-2.0,), high=(2.0,)),
    rl.EngagementChain: Spaces((), states=10, actions=2),
}


@pytest.mark.parametrize("kind", SPACES, ids=lambda kind: kind.__name__)
def test_spaces_of_environments(kind):
    assert spaces_of(kind()) == SPACES[kind]
    assert hash(spaces_of(kind())) == hash(SPACES[kind])


def test_spaces_are_those_of_gymnasiums():
    pytest.importorskip("gymnasium")
    for name, env in (("CartPole-v1", rl.CartPole()), ("Pendulum-v1", rl.Pendulum())):
        assert rl.GymnasiumEnvironment(name).spaces == spaces_of(env)


def test_an_algorithm_is_its_settings():
    class Fixed(Algorithm):
        copies: int = 4
        rate: float = 0.1

    assert Fixed() == Fixed(rate=0.1) != Fixed(rate=0.2)
    assert hash(Fixed()) == hash(Fixed())
    assert Fixed().noise(Spaces((2,), actions=2)) == 0
    with pytest.raises(NotImplementedError):
        Fixed().policy(None, None)
