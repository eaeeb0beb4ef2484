"""Fit the performance model's parameters on measured operating points; README, "How the parameters were fitted".

Each parameter is a start value times factors of features of a row (GPU class, engine, format, ...). The logarithms of
the factors are found by Gauss-Newton steps on soft absolute log errors, with a ridge penalty for each: a factor that
few rows speak for stays near 1. Pure: rows come as arrays, nothing is read or written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.design_arrays import MOST_ETA, DesignArrays
from solver.operating_points import Era, Load, Points, Regime, operate

Array = NDArray[np.float64]
Index = NDArray[np.intp]
START: Mapping[str, float] = {
    "eta_mem": 0.7, "eta_pf": 0.5, "tau": 30e-6, "t_fix": 0.07, "mu": 0.8, "eta_kv": 0.9, "tau_moe": 1.8, "alpha": 7e-6,
    "sigma": 7e-6, "mixed_step": 0.25, "first_wave": 0.1, "moe_eta_mem": 1.0, "moe_eta_pf": 0.6, "matrix_eta_pf": 1.0,
    "moe_tau": 1.0,
}  # fmt: skip
"""Start values, SI. `matrix_eta_pf` multiplies eta_pf in matrix products, the `moe_` ones in mixtures of experts."""
MODEL: Mapping[str, Mapping[str, float]] = {
    "eta_mem": {"all": 0.3, "class": 0.3, "engine": 0.1, "format": 0.2, "pair": 0.08},
    "eta_pf": {"all": 0.5, "class": 0.4, "engine": 0.15, "generation": 0.3},
    "matrix_eta_pf": {"format": 0.3},
    "tau": {"all": 1.0, "class": 0.5, "engine": 0.3, "format": 0.3, "pair": 0.2, "era": 1.0, "attention": 0.3},
    "t_fix": {"all": 1.0, "engine": 1.0, "class": 0.3, "kind": 0.4},
    "mu": {"all": 0.5, "engine": 0.15},
    "eta_kv": {"all": 0.3, "engine": 0.2},
    "tau_moe": {"all": 0.5},
    "alpha": {"all": 1.0, "engine": 0.5},
    "sigma": {"all": 1.0, "engine": 0.3},
    "mixed_step": {"all": 0.5},
    "first_wave": {"all": 2.0, "engine": 1.0},
    "moe_eta_mem": {"all": 0.3, "format": 0.15},
    "moe_eta_pf": {"all": 0.5, "engine": 0.3},
    "moe_tau": {"format": 1.0},
}
"""Parameter -> feature -> spread: the standard deviation that the logarithm of a factor is expected to have."""
PLAIN, INDEXED = "plain", "indexed"
OTHERS: Sequence[tuple[str, ...]] = (
    ("tau", "era", Era.NOW, Era.OLD, Era.LAST),
    ("eta_pf", "generation", Era.NOW, Era.OLD),
    ("tau", "attention", PLAIN, INDEXED),
)
"""Parameter, feature, the key whose factor goes into the tables, and those that are parameters of their own over it."""
METRICS: Mapping[str, float] = {"tpot": 0.13, "ttft": 0.15, "throughput": 0.18, "batch": 0.12, "saturated": 0.20}
"""Metric -> the log error that counts 1; throughput of a closed loop repeats its latencies, so it counts less. Most
errors of the TTFT are larger than 0.15, so that they count by their amount, not its square: its median is fitted."""
RIDGE = 10.0
FEWEST_STEP, MOST_STEP = 1e-3, 0.7
ROUNDS, FOLD_ROUNDS, SETTLED = 40, 5, 1e-5
MOST_WEIGHT = 3.0  # of a row of a small group
MOST_ERROR = 40.0


@dataclass(frozen=True)
class Observations:
    """One measured point a row: designs as arrays, regimes, load, `measured[metric]` (SI, NaN where none).

    `features[feature]` has the key of each row; `groups` the model, GPU and engine, which are left out together.
    """

    arrays: DesignArrays
    regimes: NDArray[np.str_]
    load: Load
    measured: Mapping[str, Array]
    features: Mapping[str, NDArray[np.str_]]
    groups: NDArray[np.str_]

    def take(self, rows: Index) -> "Observations":
        """The same for some rows."""
        return Observations(
            self.arrays.take(rows), self.regimes[rows], self.load.take(rows),
            {name: values[rows] for name, values in self.measured.items()},
            {name: keys[rows] for name, keys in self.features.items()}, self.groups[rows],
        )  # fmt: skip


class Factor(NamedTuple):
    """One fitted number: the factor of a feature's key on a parameter."""

    parameter: str
    feature: str
    key: str


def factors_of(seen: Observations) -> tuple[Factor, ...]:
    """All factors that the rows speak of, in a fixed order."""
    return tuple(
        Factor(parameter, feature, key)
        for parameter, spreads in MODEL.items()
        for feature in spreads
        for key in sorted(set(seen.features[feature].tolist()))
    )


def fit(seen: Observations) -> dict[Factor, float]:
    """The logarithm of every factor."""
    factors = factors_of(seen)
    found = _Fit(seen, factors).solve(np.zeros(len(factors)), ROUNDS)
    return dict(zip(factors, found.tolist(), strict=True))


def predicted(seen: Observations, logs: Mapping[Factor, float]) -> Points:
    """What the model says of the rows with these factors."""
    factors = factors_of(seen)
    return _Fit(seen, factors).points(np.array([logs.get(factor, 0.0) for factor in factors]))


def cross_validated(seen: Observations, logs: Mapping[Factor, float], folds: int = 20) -> dict[str, Array]:
    """Predictions by metric, each row's from a fit without its whole group; groups are dealt to the folds by name."""
    factors = factors_of(seen)
    start = np.array([logs[factor] for factor in factors])
    names = sorted(set(seen.groups.tolist()))
    fold_of = {name: i % folds for i, name in enumerate(np.random.default_rng(0).permutation(names).tolist())}
    fold = np.array([fold_of[name] for name in seen.groups.tolist()])
    out = {metric: np.full(len(fold), np.nan) for metric in METRICS}
    for at in range(folds):
        rest, left = np.flatnonzero(fold != at), np.flatnonzero(fold == at)
        found = _Fit(seen.take(rest), factors).solve(start, FOLD_ROUNDS)
        for metric, values in by_metric(_Fit(seen.take(left), factors).points(found)).items():
            out[metric][left] = values
    return out


def by_metric(points: Points) -> dict[str, Array]:
    """The figure of the points that each metric is measured against."""
    tokens = points.output_tokens_per_s
    return {
        "tpot": points.tpot, "ttft": points.ttft, "throughput": tokens, "batch": points.e2e, "saturated": tokens,
    }  # fmt: skip


def used(seen: Observations, metric: str) -> NDArray[np.bool_]:
    """Rows that the metric is measured at."""
    regime = seen.regimes
    where = {
        "throughput": np.isin(regime, [Regime.CLOSED, Regime.RATE]),
        "batch": regime == Regime.BATCH,
        "saturated": regime == Regime.SATURATED,
    }.get(metric, np.ones(len(regime), dtype=np.bool_))
    return np.asarray(where & np.isfinite(seen.measured["throughput" if metric == "saturated" else metric]))


class _Fit:
    """The rows, with a column for each factor."""

    def __init__(self, seen: Observations, factors: Sequence[Factor]) -> None:
        self.seen, self.factors = seen, factors
        self.columns = np.array([seen.features[f.feature] == f.key for f in factors], dtype=np.float64).T
        self.places = {
            name: np.array([i for i, f in enumerate(factors) if f.parameter == name], dtype=np.intp) for name in MODEL
        }
        self.penalty = RIDGE / np.array([MODEL[f.parameter][f.feature] for f in factors]) ** 2
        names, place, counts = np.unique(seen.groups, return_inverse=True, return_counts=True)
        assert len(names)
        self.weight = np.minimum((counts[place] / np.median(counts)) ** -0.5, MOST_WEIGHT)
        self.rows = {metric: used(seen, metric) for metric in METRICS}

    def effects(self, logs: Array) -> dict[str, Array]:
        return {name: self.columns[:, places] @ logs[places] for name, places in self.places.items()}

    def points(self, logs: Array) -> Points:
        return operate(*_with_effects(self.seen, self.effects(logs)))

    def errors(self, effects: Mapping[str, Array]) -> Array:
        """Log errors [row, metric] over what counts 1; 0 where nothing was measured."""
        found = by_metric(operate(*_with_effects(self.seen, effects)))
        out = np.zeros((len(self.weight), len(METRICS)))
        for i, (metric, scale) in enumerate(METRICS.items()):
            rows = self.rows[metric]
            measured = self.seen.measured["throughput" if metric == "saturated" else metric]
            out[rows, i] = np.log(found[metric][rows] / measured[rows]) / scale
        return np.clip(np.nan_to_num(out), -MOST_ERROR, MOST_ERROR)

    def cost(self, errors: Array, logs: Array) -> float:
        soft = self.weight[:, None] * 2 * (np.sqrt(1 + errors**2) - 1)
        return float(soft.sum() + self.penalty @ logs**2)

    def solve(self, logs: Array, rounds: int) -> Array:
        """Damped Gauss-Newton steps (Levenberg and Marquardt) on reweighted errors, until they gain little."""
        damping = 1e-2
        effects = self.effects(logs)
        errors = self.errors(effects)
        cost = self.cost(errors, logs)
        for _ in range(rounds):
            hessian, slope = self._normal(effects, errors)
            hessian += np.diag(self.penalty)
            slope = slope + self.penalty * logs
            for _ in range(6):
                step = -np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), slope)
                tried = logs + np.clip(step, -MOST_STEP, MOST_STEP)
                moved = self.effects(tried)
                left = self.errors(moved)
                gained = cost - self.cost(left, tried)
                if gained > 0:
                    break
                damping *= 5
            else:
                break
            logs, effects, errors, cost = tried, moved, left, cost - gained
            damping = max(damping / 5, 1e-4)
            if gained < SETTLED * cost:
                break
        return logs

    def _normal(self, effects: Mapping[str, Array], errors: Array) -> tuple[Array, Array]:
        """Weighted J'J and J'e: each parameter's derivative by row, times the columns of its factors."""
        size = len(self.factors)
        slopes = np.zeros((*errors.shape, size))
        for name, places in self.places.items():
            nearby = {**effects, name: effects[name] + FEWEST_STEP}
            change = (self.errors(nearby) - errors) / FEWEST_STEP
            slopes[:, :, places] = change[:, :, None] * self.columns[:, None, places]
        weights = (self.weight[:, None] / np.sqrt(1 + errors**2)).reshape(-1)
        flat = slopes.reshape(-1, size)
        return (flat * weights[:, None]).T @ flat, flat.T @ (weights * errors.reshape(-1))


def _with_effects(seen: Observations, effects: Mapping[str, Array]) -> tuple[DesignArrays, NDArray[np.str_], Load]:
    """The designs with these parameters in place of the catalog's, as `design_arrays` puts them together."""
    a, v = seen.arrays, {name: start * np.exp(effects[name]) for name, start in START.items()}
    moe = {name: np.where(a.is_moe, v[name], 1.0) for name in ("moe_eta_mem", "moe_eta_pf", "moe_tau")}
    arrays = replace(
        a,
        eta_mem=np.minimum(v["eta_mem"] * moe["moe_eta_mem"], MOST_ETA),
        eta_pf=np.minimum(v["eta_pf"] * v["matrix_eta_pf"] * moe["moe_eta_pf"], MOST_ETA),
        eta_attention=np.minimum(v["eta_pf"], MOST_ETA),
        tau=v["tau"] * moe["moe_tau"], t_fix=v["t_fix"], mu=v["mu"], eta_kv=v["eta_kv"],
        alpha=v["alpha"], sigma=v["sigma"],
        tau_moe=float(v["tau_moe"][0]), mixed_step=float(v["mixed_step"][0]),
    )  # fmt: skip
    closed = seen.regimes == Regime.CLOSED
    return arrays, seen.regimes, replace(seen.load, first_wave=np.where(closed, v["first_wave"], 0.0))


def tables(logs: Mapping[Factor, float]) -> dict[str, dict[str, dict[str, float]]]:
    """The fit as the catalog's tables: class, offset (engine), format, pair and parameter, in the catalog's units."""

    def factor_of(name: str, feature: str, key: str) -> float:
        return float(np.exp(logs.get(Factor(name, feature, key), 0.0)))

    whole = {name: START[name] * factor_of(name, "all", "all") for name in MODEL}
    for name, feature, today, *_ in OTHERS:
        whole[name] *= factor_of(name, feature, today)
    out: dict[str, dict[str, dict[str, float]]] = {"class": {}, "offset": {}, "format": {}, "pair": {}}
    for factor, name, value in _named(logs):
        table = {"class": "class", "engine": "offset", "format": "format", "pair": "pair"}.get(factor.feature)
        if table:
            out[table].setdefault(factor.key, {})[name] = float(np.exp(value))
    in_class = ("eta_mem", "eta_pf", "tau")
    for row in out["class"].values():
        row.setdefault("t_fix", 1.0)
    for row in out["class"].values():
        row.update({name: row.get(name, 1.0) * float(whole[name]) for name in in_class})
    out["class"]["unmeasured"] = {"t_fix": 1.0, **{name: float(whole[name]) for name in in_class}}
    dense, mixture = (factor_of("t_fix", "kind", key) for key in ("dense", "mixture"))
    in_tables = (*in_class, "matrix_eta_pf", "moe_tau")
    values = {name: float(value) for name, value in whole.items() if name not in in_tables}
    values["t_fix"] *= dense
    values["moe_t_fix"] = mixture / dense
    for name, feature, today, *others in OTHERS:
        for key in others:
            values[f"{key}_{name}"] = factor_of(name, feature, key) / factor_of(name, feature, today)
    out["parameter"] = {name: {"value": value} for name, value in values.items()}
    return out


def _named(logs: Mapping[Factor, float]) -> Iterator[tuple[Factor, str, float]]:
    """Factors of a table's rows, none of those that are parameters; the matrix factor of a format is its `eta_pf`."""
    for factor, value in logs.items():
        if factor.feature in ("class", "engine", "format", "pair"):
            yield factor, "eta_pf" if factor.parameter == "matrix_eta_pf" else factor.parameter, value
