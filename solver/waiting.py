"""How long a prompt waits for its turn, and quantiles by mean and variance; README, "Performance of one replica"."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def normal_quantile(percentile: float) -> float:
    """Standard normal quantile of a percentile in (0, 100)."""
    return NormalDist().inv_cdf(percentile / 100)


def lognormal_quantile(mean: Array, variance: Array, percentile: float) -> Array:
    """Quantile of log-normal distributions by their mean and variance; a constant where the variance is 0."""
    square = np.log1p(variance / np.maximum(mean, 1e-300) ** 2)
    return np.asarray(mean * np.exp(normal_quantile(percentile) * np.sqrt(square) - square / 2))


class Wait(NamedTuple):
    """Mean and variance of the time until the own prompt is read; `together`: the mean time of those read with it."""

    mean: Array
    variance: Array
    together: Array


def waiting(rate: Array, step: Array, service: Array, spread: Array, marginal: Array, variance: Array) -> Wait:
    """The wait at `rate` prompts/s, of which each adds `marginal` s (of `variance`) to iterations of `step` s.

    Two ways of waiting, of which the longer counts. Long prompts queue for the tokens of the iterations, with the
    service time `service` of standard deviation `spread`: Pollaczek-Khinchine. Short ones that come during an
    iteration are all read in the next (a gate): the iteration X = s + what came during the one before has the mean
    s/(1 - rho) and the cumulants below (law of total cumulance), a prompt meets a longer one, waits for its end and
    is read together with its other arrivals.
    """
    share, free = rate * marginal, 1 - rate * service
    queue = rate * (service**2 + spread**2) / (2 * free)
    third = service**3 * (1 + (spread / service) ** 2) ** 3  # as of a log-normal
    queued, queued_variance = step / 2 + queue, step**2 / 12 + queue**2 + rate * third / (3 * free)
    square = marginal**2 + variance
    cube = marginal**3 * (square / np.maximum(marginal, 1e-300) ** 2) ** 3  # as of a log-normal prompt
    iteration = step / (1 - share)
    uneven = rate * iteration * square / (1 - share**2)  # variance of X
    skewed = (rate * iteration * cube + 3 * share * rate * square * uneven) / (1 - share**3)  # third cumulant
    met = iteration + uneven / iteration
    met_square = (skewed + 3 * iteration * uneven + iteration**3) / iteration
    gated = met * (0.5 + share)
    gated_variance = met_square * (1 / 3 + share + share**2) - gated**2 + rate * met * square
    return Wait(np.maximum(queued, gated), np.maximum(queued_variance, gated_variance), np.maximum(queue, met * share))
