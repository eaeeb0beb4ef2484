"""Where the points of a sweep are solved: in this process, on all cores, or on a Dask or Ray cluster; all by joblib."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

from catalogs.toml_file import Fault, InputError
from solver.sweeps import Spread

BACKENDS = ("loky", "dask", "ray")
NEEDS = {"dask": "distributed", "ray": "ray"}
WAIT_S = 10
"""How long a cluster may take to answer."""


@contextmanager
def spread_over(backend: str = "loky", address: str = "", jobs: int = -1) -> Iterator[Spread]:
    """A way to solve points; the linear algebra of each worker stays on one thread, as the solver does.

    InputError: the backend's package is not installed, nothing answers at the address, or none is needed.
    """
    needs = NEEDS.get(backend, "joblib")
    if find_spec(needs) is None:
        raise InputError(
            Fault("--backend", "", backend, f"the package {needs}", f"pip install {needs}, or leave --backend out")
        )
    if address and backend not in NEEDS:
        raise InputError(Fault("--address", "", address, f"--backend {' or '.join(NEEDS)} beside it"))
    # loky flushes both streams before it starts a worker, also where there is none to flush.
    if backend == "loky" and (jobs == 1 or None in (sys.stdout, sys.stderr)):
        yield map
        return
    with ExitStack() as stack:
        yield _by_joblib(_config(stack, backend, address, jobs))


def _config(stack: ExitStack, backend: str, address: str, jobs: int) -> dict[str, Any]:
    """What `joblib.parallel_config` takes; a client is closed at the end."""
    if backend == "dask":
        return {"backend": "dask", "client": stack.enter_context(_dask(address)), "n_jobs": -1}
    if backend == "ray":
        _ray(address)
        return {"backend": "ray", "n_jobs": -1}
    return {"backend": "loky", "n_jobs": jobs, "inner_max_num_threads": 1}


def _by_joblib(config: dict[str, Any]) -> Spread:
    from joblib import Parallel, delayed, parallel_config

    def spread(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        with parallel_config(**config):
            # One point at a time: each takes seconds, and the next one waits for the first free worker.
            yield from Parallel(return_as="generator", batch_size=1, pre_dispatch="2*n_jobs")(
                delayed(function)(item) for item in items
            )

    return spread


@contextmanager
def _dask(address: str) -> Iterator[Any]:
    if not address:
        raise InputError(Fault("--address", "", "nothing", "the scheduler's, such as tcp://10.0.0.1:8786"))
    from distributed import Client

    try:
        client = Client(address, timeout=WAIT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        found = f"{address} ({str(error).splitlines()[0][:100] or type(error).__name__})"
        raise InputError(Fault("--address", "", found, "a Dask scheduler that answers")) from None
    try:
        yield client
    finally:
        client.close()  # type: ignore[no-untyped-call]


def _ray(address: str) -> None:
    import ray  # type: ignore[import-not-found, unused-ignore]
    from ray.util.joblib import register_ray  # type: ignore[import-not-found, unused-ignore]

    try:
        ray.init(address=address or "auto", ignore_reinit_error=True, log_to_driver=False)
    except (ConnectionError, ValueError) as error:
        raise InputError(
            Fault("--address", "", f"{address or 'auto'} ({type(error).__name__})", "a Ray cluster that answers")
        ) from None
    register_ray()
