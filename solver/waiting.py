"""How long a prompt waits for its turn, and quantiles by mean and variance; README, "Performance of one replica"."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SMALLEST_SHAPE = 0.05  # of a gamma


def normal_quantile(percentile: float) -> float:
    """Standard normal quantile of a percentile in (0, 100)."""
    return NormalDist().inv_cdf(percentile / 100)


def lognormal_quantile(mean: Array, variance: Array, percentile: float) -> Array:
    """Quantile of log-normal distributions by their mean and variance; a constant where the variance is 0."""
    square = np.log1p(variance / np.maximum(mean, 1e-300) ** 2)
    return np.asarray(mean * np.exp(normal_quantile(percentile) * np.sqrt(square) - square / 2))


def gamma_quantile(mean: Array, variance: Array, percentile: float) -> Array:
    """Quantile of gamma distributions by their mean and variance; a constant where the variance is 0.

    Wilson and Hilferty's cube (PNAS 17, 1931, 684-688): the cube root of a gamma variable over its mean is nearly
    normal with mean 1 - 1/(9k) and variance 1/(9k), k the shape.
    """
    shape = np.maximum(mean * mean / np.maximum(variance, 1e-300), SMALLEST_SHAPE)
    spread = 1 / (9 * shape)
    root = np.maximum(1 - spread + normal_quantile(percentile) * np.sqrt(spread), 0.0)
    return np.asarray(mean * root * root * root)


class Prompts(NamedTuple):
    """Prompts that come to a replica: `rate` a second, each adds `marginal` s to iterations of `step` s otherwise.

    `square` and `cube` are the mean of marginal^2 and marginal^3; `service` and its powers those of the time that a
    prompt takes of the iterations' tokens.
    """

    step: Array
    marginal: Array
    square: Array
    cube: Array
    service: Array
    service_square: Array
    service_cube: Array

    @classmethod
    def of(cls, step: Array, marginal: Array, variance: Array, service: Array, spread: Array) -> "Prompts":
        """Prompts by mean and variance of what they add, and mean and standard deviation of their service."""
        square, service_square = marginal * marginal + variance, service * service + spread * spread
        return cls(
            step, marginal, square, _cube(marginal, square), service, service_square, _cube(service, service_square)
        )


def _cube(mean: Array, square: Array) -> Array:
    """Third moment of a log-normal by its first two: E[X^2]^3 / E[X]^3."""
    ratio = square / np.maximum(mean, 1e-300)
    return np.asarray(ratio * ratio * ratio)


def waiting(prompts: Prompts, rate: Array) -> tuple[Array, Array]:
    """Mean time until the own prompt is read, and of what is read before or with it, at `rate` prompts/s.

    Two ways of waiting, of which the longer counts. Long prompts queue for the tokens of the iterations:
    Pollaczek-Khinchine. Short ones that come during an iteration are all read in the next (a gate): the iteration
    X = s + what came during the one before has the mean s/(1 - rho) and the variance lambda*E[X]*E[(mI)^2]/(1 - rho^2),
    a prompt meets a longer one, waits for its end and is read together with its other arrivals.
    """
    p, share = prompts, rate * prompts.marginal
    queue = rate * p.service_square / (2 * (1 - rate * p.service))
    met = p.step / (1 - share) + rate * p.square / (1 - share * share)
    return np.maximum(p.step / 2 + queue, met * (0.5 + share)), np.maximum(queue, met * share)


def waiting_variance(prompts: Prompts, rate: Array) -> Array:
    """Variance of the time until the own prompt is read: the larger of the two ways of `waiting`.

    The third cumulant of X is (lambda*E[X]*E[(mI)^3] + 3*rho*lambda*E[(mI)^2]*Var X)/(1 - rho^3) by the law of total
    cumulance; a prompt meets an X of mean E[X^2]/E[X] and mean square E[X^3]/E[X].
    """
    p, share = prompts, rate * prompts.marginal
    free = 1 - rate * p.service
    queue = rate * p.service_square / (2 * free)
    queued = p.step * p.step / 12 + queue * queue + rate * p.service_cube / (3 * free)
    mean = p.step / (1 - share)
    uneven = rate * mean * p.square / (1 - share * share)
    skewed = (rate * mean * p.cube + 3 * share * rate * p.square * uneven) / (1 - share * share * share)
    met = mean + uneven / mean
    met_square = (skewed + 3 * mean * uneven) / mean + mean * mean
    gate = met * (0.5 + share)
    gated = met_square * (1 / 3 + share + share * share) - gate * gate + rate * met * p.square
    return np.asarray(np.maximum(queued, gated))
