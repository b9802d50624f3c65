import pytest
from seal_actors import MESSAGE, make_actor


@pytest.fixture(scope="session")
def sender():
    return make_actor("Fjellvik legekontor")


@pytest.fixture(scope="session")
def recipient():
    return make_actor("Myndigheten")


@pytest.fixture(scope="session")
def stranger():
    return make_actor("Fjellvik legekontor")


@pytest.fixture(scope="session")
def message():
    return MESSAGE
