"""What was measured at all: outside it a computed speed is an estimate. Published operating points, `measured.csv`."""

from catalogs.catalog import Catalog
from catalogs.records import Model

FEW_POINTS = 5
"""Published operating points below which a speed counts as not measured."""
SIZE_MARGIN = 2.0
"""A model so many times smaller or larger than any measured counts as measured."""


def untried_pair(catalog: Catalog, gpu: str, engine: str) -> str:
    """An engine and a GPU's class, each measured, of which the two together were not; empty without such a table."""
    group = catalog.performance_classes.get(catalog.gpus[gpu].performance_class)
    offset = catalog.engine_offsets.get(engine)
    if not (catalog.measured_pairs and group and group.measured and offset and not offset.estimate):
        return ""
    points = catalog.measured_pairs.get((group.id, engine), 0)
    if points >= FEW_POINTS:
        return ""
    pair = f"{catalog.engines[engine].name} on GPUs like {catalog.gpus[gpu].name}"
    return f"{pair}: {points or 'no'} published measurements"


def beyond_measured(catalog: Catalog, model: Model, precision: str, gpu: str) -> str:
    """What of a design lies outside the published measurements; empty without a table of them."""
    if not catalog.measured:
        return ""
    seen = catalog.measured.get((gpu, precision))
    if seen is None or seen.points < FEW_POINTS:
        return f"{catalog.gpus[gpu].name} at {precision}: {seen.points if seen else 'no'} published measurements"
    least, most = seen.least_params_b / SIZE_MARGIN, seen.most_params_b * SIZE_MARGIN
    if least <= model.params_total_b <= most:
        return ""
    sizes = f"{seen.least_params_b:g} to {seen.most_params_b:g}"
    return f"{catalog.gpus[gpu].name} at {precision}: measured with models of {sizes} B only"
