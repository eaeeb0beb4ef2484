"""The user's own measurements in the performance model: one point scales a design, several fit it, a sweep is its rate.

At a measured point the number running B and the rate are known by Little's law, so the time of a decode step is
s = TPOT*(1 - rho), whatever the model says of the load; README, "Your own measurements".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import NamedTuple

import numpy as np

from catalogs.measurements import MeasuredPoint
from solver.design_arrays import DesignArrays
from solver.design_columns import Design
from solver.memory import memory_fit
from solver.performance import decode_step, prefill
from solver.problem import Array
from solver.slo_rate import RequestShape

SWEEP_BAND, POINT_BAND = 0.05, 0.10
"""How far a speed may be off that rests on a sweep used as it is, or on points that correct the model."""
ALIKE = 0.25
"""A sweep's rate holds for lengths that differ by no more than this share."""
APART = 1.5  # points whose numbers running differ by this factor tell bandwidth from overhead
NOISE, OF_ETA, OF_TAU = 0.02, 0.3, 0.7
"""Spread of the logarithm of a repeated TPOT (2 %), and of what a class's eta_mem and tau may be off by."""
LEAST_ETA, LEAST_TAU = 0.05, 1e-6
LEAST_SCALE, MOST_SCALE = 0.1, 10.0
FIRST_OF_TEN = 0.1  # share of the first round in the closed loops that beta was fitted on
PASSES, ZOOMS, GRID = 6, 6, 21


class Correction(NamedTuple):
    """What a design's points make of its parameters; `says` tells it in words."""

    step_scale: float
    eta_mem: float
    tau: float
    eta_pf: float
    eta_attention: float
    t_fix: float
    says: str


class SweptRate(NamedTuple):
    """What a sweep over rates says of a kind of request, requests/s: the rate at the SLO, or what is too much.

    `requests_per_second` is None where no rate of the sweep keeps the SLO: then the lowest of them, `too_many`, is a
    ceiling on what the model says.
    """

    requests_per_second: float | None
    too_many: float
    says: str


@dataclass(frozen=True)
class Measurements:
    """The points by design."""

    points: Mapping[Design, tuple[MeasuredPoint, ...]]

    def of(self, design: Design) -> tuple[MeasuredPoint, ...]:
        """The points of a design, whatever its attention groups."""
        return self.points.get(
            design if design.attention_groups is None else replace(design, attention_groups=None), ()
        )


def measurements_of(points: Iterable[MeasuredPoint]) -> Measurements:
    """Sort points by design."""
    found: dict[Design, tuple[MeasuredPoint, ...]] = {}
    for point in points:
        design = Design(point.model, point.precision, point.gpu, point.gpus, point.engine)
        found[design] = (*found.get(design, ()), point)
    return Measurements(found)


def corrected(arrays: DesignArrays, measured: Measurements) -> tuple[DesignArrays, dict[int, Correction]]:
    """Designs with their parameters corrected by their points, and the correction of each such row."""
    found: dict[int, Correction] = {}
    for row, design in enumerate(arrays.designs if measured.points else ()):
        if points := measured.of(design):
            with np.errstate(all="ignore"):  # unknown figures are NaN and stay so
                found[row] = correction(arrays.take(np.array([row], dtype=np.intp)), points)
    if not found:
        return arrays, found
    changed = {name: getattr(arrays, name).copy() for name in Correction._fields[:-1]}
    for row, each in found.items():
        for name, values in changed.items():
            values[row] = getattr(each, name)
    return replace(arrays, **changed), found


def correction(one: DesignArrays, points: Sequence[MeasuredPoint]) -> Correction:
    """The correction of a single design by its points: TTFT by the one of lightest load, TPOT by all of them."""
    first = _first_token(one, points)
    said = []
    if first is not None:
        slower, t_fix, by = first
        one = replace(_with_prefill(one, slower), t_fix=np.array([t_fix]))
        said = [f"TTFT x {by:.3g}"]
    running = np.array([max(point.running, 1.0) for point in points])
    if running.max() / running.min() >= APART:
        eta, tau = _fitted(one, points)
        text = f"eta_mem {one.eta_mem[0]:.3g} -> {eta:.3g}, tau {one.tau[0] * 1e6:.3g} -> {tau * 1e6:.3g} us"
        one = replace(one, eta_mem=np.array([eta]), tau=np.array([tau]))
        scale = exp(float(np.mean(_misses(one, points))))
        said = [text + ("" if abs(scale - 1) < NOISE else f", TPOT x {scale:.3g}"), *said]
    else:
        scale = exp(float(np.mean(_misses(one, points))))
        said = [f"TPOT x {scale:.3g}", *said]
    scale = min(max(scale, LEAST_SCALE), MOST_SCALE)
    count = f"{len(points)} point{'s' if len(points) > 1 else ''}"
    says = f"corrected by {count} of {_sources(points)}: {', '.join(said)}"
    return Correction(
        step_scale=scale,
        eta_mem=float(one.eta_mem[0]),
        tau=float(one.tau[0]),
        eta_pf=float(one.eta_pf[0]),
        eta_attention=float(one.eta_attention[0]),
        t_fix=float(one.t_fix[0]),
        says=says,
    )


def _share(one: DesignArrays, point: MeasuredPoint) -> float:
    """Rho, the part of the engine's time that prompts take from decoding at a point; README's closed loop.

    What requests wait of a round together is before their first token: it takes nothing from decoding.
    """
    marginal, together = float(prefill(one, point.input_tokens).marginal[0]), _together(one, point)
    waiting = together * (point.max_in_flight or 1) * marginal * point.requests_per_second  # of those in flight
    apart = (1 - together) / (1 - min(waiting / point.in_flight, 0.9))
    return min(point.requests_per_second * float(one.mu[0]) * marginal * apart, 0.95)


def _together(one: DesignArrays, point: MeasuredPoint) -> float:
    """The part of a round's prompts, N*m*I, that a request of a closed loop waits of before its first token.

    Clients start together, and wait of half their prompts in the first round; later rounds keep what the engine's
    beta has beyond the first of the ten rounds that it was fitted on.
    """
    if point.arrivals != "closed":
        return 0.0
    clients = point.max_in_flight or 1
    first = min(clients / point.completed, 1.0)
    kept = min(max(float(one.first_wave[0]) - FIRST_OF_TEN, 0.0) / 2 / (1 - FIRST_OF_TEN), 1.0)
    return (first / 2 + (1 - first) * kept) * (1 - 1 / clients)


def _misses(one: DesignArrays, points: Sequence[MeasuredPoint]) -> Array:
    """Logarithm of the measured decode step over the predicted one, for each point."""
    rows = np.zeros(len(points), dtype=np.intp)
    predicted = decode_step(one.take(rows), *_loads(points))
    return np.asarray(np.log(_steps(one, points) / predicted))


def _loads(points: Sequence[MeasuredPoint]) -> tuple[Array, Array]:
    """Running sequences and their mean context, of each point."""
    running = np.array([max(point.running, 1.0) for point in points])
    return running, np.array([point.input_tokens + point.output_tokens / 2 for point in points])


def _steps(one: DesignArrays, points: Sequence[MeasuredPoint]) -> Array:
    """The decode step (s) that each point tells of: its TPOT without what prompts take."""
    return np.array([point.tpot_ms["mean"] / 1e3 * (1 - _share(one, point)) for point in points])


def _fitted(one: DesignArrays, points: Sequence[MeasuredPoint]) -> tuple[float, float]:
    """The eta_mem and tau that the points speak for; where they do not tell, those of the GPU's class.

    Least squares on the logarithm of the step, with the spreads NOISE, OF_ETA and OF_TAU: a grid, drawn closer.
    """
    running, context = _loads(points)
    wanted = np.log(_steps(one, points))
    eta0, tau0 = float(one.eta_mem[0]), max(float(one.tau[0]), LEAST_TAU)
    eta, tau, wide = log(eta0), log(tau0), 3.0
    for _ in range(ZOOMS):
        etas = np.clip(np.linspace(eta - wide, eta + wide, GRID), log(LEAST_ETA), 0.0)
        taus = np.linspace(tau - wide, tau + wide, GRID)
        grid_eta, grid_tau = (each.ravel() for each in np.meshgrid(etas, taus))
        many = one.take(np.zeros(len(grid_eta), dtype=np.intp))
        many = replace(many, eta_mem=np.exp(grid_eta), tau=np.exp(grid_tau))
        cost = ((grid_eta - log(eta0)) / OF_ETA) ** 2 + ((grid_tau - log(tau0)) / OF_TAU) ** 2
        for batch, tokens, step in zip(running, context, wanted, strict=True):
            cost = cost + ((np.log(decode_step(many, batch, tokens)) - step) / NOISE) ** 2
        best = int(np.argmin(cost))
        eta, tau, wide = float(grid_eta[best]), float(grid_tau[best]), wide / 4
    return exp(eta), exp(tau)


def _first_token(one: DesignArrays, points: Sequence[MeasuredPoint]) -> tuple[float, float, float] | None:
    """What gives the lightest load's TTFT: the factor on the arithmetic's time, t_fix, and the factor on t_pf + t_fix.

    Of the factor, arithmetic takes the part that it has of t_pf + t_fix, and t_fix the rest. None where queueing was
    most of the TTFT.
    """
    point = min(points, key=lambda each: each.in_flight)
    fit = float(memory_fit(one, point.input_tokens, point.output_tokens, 0.0).requests[0])
    queues = point.arrivals == "all_at_once" or (point.max_in_flight or 0) > max(fit, 1.0)
    own = float(one.t_fix[0] + prefill(one, point.input_tokens).alone[0])
    if queues or _rest(one, point) > own:
        return None
    measured, scale, slower = point.ttft_ms["mean"] / 1e3, 1.0, 1.0
    part = min(_arithmetic(one, point) / own, 1.0)
    now = one
    for _ in range(PASSES):  # what queueing leaves of the TTFT depends on the prefill that is sought
        scale = min(max((measured - _rest(now, point)) / own, LEAST_SCALE), MOST_SCALE)
        slower = 1 + (scale - 1) * part
        now = _with_prefill(one, slower)
    alone = float(prefill(now, point.input_tokens).alone[0])
    return slower, max(measured - _rest(now, point) - alone, 0.0), scale


def _with_prefill(one: DesignArrays, slower: float) -> DesignArrays:
    """The design with the time of its arithmetic multiplied, though never faster than the peak."""
    return replace(
        one,
        eta_pf=np.minimum(one.eta_pf / slower, 1.0),
        eta_attention=np.minimum(one.eta_attention / slower, 1.0),
    )


def _arithmetic(one: DesignArrays, point: MeasuredPoint) -> float:
    """The part of a prompt's time (s) that is arithmetic: what half the efficiency would add."""
    slower = _with_prefill(one, 2.0)
    return float((prefill(slower, point.input_tokens).marginal - prefill(one, point.input_tokens).marginal)[0])


def _rest(one: DesignArrays, point: MeasuredPoint) -> float:
    """What a mean TTFT holds beside t_fix and t_pf: half a step, and the prompts before it; README's closed loop."""
    share, marginal = _share(one, point), float(prefill(one, point.input_tokens).marginal[0])
    together = _together(one, point) * (point.max_in_flight or 1) * marginal
    step = point.tpot_ms["mean"] / 1e3 * (1 - share)
    return step / 2 + share * marginal / (2 * (1 - share)) + together


def swept_rate(points: Sequence[MeasuredPoint], shape: RequestShape) -> SweptRate | None:
    """The rate that a sweep gives for a kind of request; None where there is no sweep, or not of such lengths.

    A sweep is two or more rates offered. A limit holds where the measured percentile keeps it, or the next higher one
    that the file has; without one the sweep does not tell.
    """
    near = of_lengths(points, shape.input_tokens, shape.output_tokens)
    near = [point for point in near if point.offered_per_second is not None]
    if len({point.offered_per_second for point in near}) < 2:
        return None
    kept = [(point, _keeps(point, shape)) for point in near]
    if any(keeps is None for _, keeps in kept):
        return None
    good = [point for point, keeps in kept if keeps]
    least = min(point.requests_per_second for point in near)
    if not good:
        return SweptRate(None, least, f"all {len(near)} rates of {_sources(near)} break the limits")
    best = max(good, key=lambda point: point.requests_per_second)
    says = f"{best.requests_per_second:.4g} requests/s as measured in {_sources([best])}"
    says += ", the highest rate tried" if len(good) == len(near) else ""
    return SweptRate(best.requests_per_second, least, says)


def of_lengths(points: Iterable[MeasuredPoint], input_tokens: float, output_tokens: float) -> list[MeasuredPoint]:
    """The points whose mean lengths are within ALIKE of these tokens."""
    return [
        point
        for point in points
        if abs(point.input_tokens / input_tokens - 1) <= ALIKE and abs(point.output_tokens / output_tokens - 1) <= ALIKE
    ]


def _keeps(point: MeasuredPoint, shape: RequestShape) -> bool | None:
    """Whether a point keeps the limits; None where it lacks the percentile."""
    for values, limit in ((point.ttft_ms, shape.ttft_ms), (point.tpot_ms, shape.tpot_ms)):
        if limit is None:
            continue
        above = [
            (float(name[1:]), value)
            for name, value in values.items()
            if name != "mean" and float(name[1:]) >= shape.percentile
        ]
        if not above:
            return None
        if min(above)[1] > limit:
            return False
    return True


def _sources(points: Sequence[MeasuredPoint]) -> str:
    """File and date of the points, each once."""
    return "; ".join(dict.fromkeys(f"{point.source}, {point.date}" for point in points))
