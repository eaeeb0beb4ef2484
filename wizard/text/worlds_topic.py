"""The help topic of worlds, the robust decision, ranked doubts and stress."""

WORLDS = """\
wizard explain FILE [--worlds [N]] [--seed S] [--robust regret|qNN] [--doubts]
               [--stress] [--workers N]

--worlds N (default 500): volume, growth, API price, GPU price, output length
  and the speed of pools drawn together, from ranges with source and date
  (wizard catalog operations, range_...; an overlay changes them as
  [operations.range_volume] low = 0.9). Half of the worlds lie evenly on each
  side of the middle of a range, none outside. What is signed or bought today
  stays and is paid, all else adapts. Told are
    quantiles of a month's cost, of this plan and of each strategy
    wins       share of worlds in which the cheapest plan is of that kind
    regret     what a strategy decided today costs more than the best of the
               world: mean, 95 %, worst
    no plan    share of worlds without one; of pools alone, without one below
               twice the cheapest
    waiting    a quarter on APIs, then the best of the world, against deciding
               today; set-up is then spread over the months that are left
  A world is solved over the few options that some optimum holds, of today and
  of four corner worlds; three worlds are solved over all options, and by how
  much these are cheaper is told. The same seed gives the same worlds, and the
  same figures with any number of --workers, unless time ends a solve.
--robust regret: the decision of least worst-case regret; --robust q90: of least
  cost at 90 % of the worlds; among the decisions of optima of today and of the
  corners. The insurance is what it costs more on the mean.
--doubts: each score of others, computed speed, old or estimated price, range,
  default and estimate of a figure, solved at the ends of its range (a factor of
  2 where none is stated; a score: as if the model failed). Those that flip the
  verdict first, by how near (of a score: a tenth of its floor is the way to an
  end), then by what they move.
--stress: load times 1.5, requests that take pools 1.5 times as long, and both,
  with the counts and shares of the plan: which limit of which segment breaks.
  stands: the factor at which it does.

JSON: how_sure of explain (null: not asked)
  worlds   count, seed, recommended, cost (q5, q25, q50, q75, q95, mean),
           strategies[]: strategy, wins, cost, regret_mean, regret_95,
           regret_worst, no_plan, signed, unknown (no plan of it was found in
           time); waiting: months, price_per_month,
           cheaper; ranges[]: what, low, value, high, unit, source, date,
           estimate; options, gap, proven, check: worlds, designs, apis, proven,
           mean, worst (shares); seconds
  robust   by, quantile, chosen, recommended (strategy, signed, mean,
           worst_regret, at_quantile, now), value, recommended_value,
           insurance_per_month, insurance_now, same, rivals[]
  doubts   verdict, cut, solves, seconds, doubts[]: kind, subject, action, unit,
           told, low, high, flips, nearness (0 to 1 of the way to an end), at,
           then, decides_per_month (null: no plan is left), why
  stress   load, slower, limits[]: segment, option, limit, asked, held, unit,
           stands, breaks (load | speed | both); safe, unknown
"""
