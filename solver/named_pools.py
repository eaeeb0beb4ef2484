"""Which pairs of a design and a place the texts of rules mean, without making the ids of all pairs.

A glob is followed piece by piece: thousands of designs leave it at a few dozen places, from each of which the names of
the sites go on.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solver.design_columns import GPU, MODEL, Design, DesignColumns, Index
from solver.patterns import Glob, Places, glob_of
from solver.pool_sites import Site, names_of

Mask = NDArray[np.bool_]


def meant(text: str, designs: DesignColumns, sites: Sequence[Site], design: Index, site: Index) -> Mask:
    """Whether the text means each pair of a design and a site, [pair], as `patterns.means_pool` tells of one."""
    if text == "pools":
        return np.ones(len(design), dtype=bool)
    by_word = designs.has(MODEL, text) | designs.has(GPU, text)
    sold = np.array([one.provider == text for one in sites], dtype=bool)
    return np.asarray(by_word[design] | sold[site] | _matched(glob_of(text), designs, sites, design, site))


def _matched(glob: Glob, designs: DesignColumns, sites: Sequence[Site], design: Index, site: Index) -> Mask:
    """Whether the glob matches the id of each pair."""
    rows, row = np.unique(design, return_inverse=True)
    left = [_after(glob, designs[d]) for d in rows.tolist()]
    known = {places: i for i, places in enumerate(dict.fromkeys(left))}
    place = np.array([known[places] for places in left], dtype=np.intp)[row]
    names, name = names_of(sites, site, designs.gpus[design])
    ends = np.array([[glob.ends(glob.after(places, each)) for each in names] for places in known], dtype=bool)
    return np.asarray(ends.reshape(len(known), len(names))[place, name])


def _after(glob: Glob, design: Design) -> Places:
    """Places in the glob after a design's part of an id; its pieces are those of many others too."""
    places = glob.start
    for piece in (f"{design.model}:", f"{design.precision}/", f"{design.gpus}x{design.gpu}/", f"{design.engine}/"):
        places = glob.after(places, piece)
    return places
