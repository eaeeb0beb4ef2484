"""The help topic on common mistakes, hybrid patterns and next steps."""

MISTAKES = """\
Common mistakes, each found from figures of the plan and of what runs today
  no_operations    pools in the plan, and fewer people in its bill than the least
                   that such pools take (catalog: operations_fte_*). At stake: the
                   people who are missing
  too_early        pools though the tokens cost less on APIs than the rule of thumb
                   from which hosting is worth a look, and APIs alone would do; or
                   a volume that is a forecast, and today's load costs less on
                   APIs. Not where no API may serve
  small_model      a frontier model serves today, the plan has a pool's model below
                   the frontier floor (reasoning, code, agents), or one that loses
                   two of three comparisons to it (chat, rag; 10% on scales that
                   are no ratings). At stake: the API bill that comes back
  no_fallback      servers of one's own at one provider, and less than half of a
                   segment goes on without them. Not of segments that may wait
  slow_serving     servers measured at less than half of the model's speed (what
                   the plan costs more for it, solved again); or today at least
                   twice as many as the load needs, one spare not counted
  quality_drift    a pool's score, or your own evaluation, of more than 365 days
                   ago; or a pool of today that fails the floor asked now
  never_revisited  pools of today that cost more than a decision made now, by more
                   than policy.margin; a term of 24 months or more in which managed
                   open models would get cheaper than the plan, if they go on
                   halving in price every 18 months; a catalog older than 90 days
                   under pools
  spot_ungraceful  less than half of a segment goes on when all spot is reclaimed.
                   Not of segments that may wait
  What runs today is today.served_by and today.pools. No answer of the checklist
  and no switch is looked at: what is not counted, or not covered, shows in the
  figures.

Hybrid patterns, told by what the optimum does
  bulk_hard          pools serve most tokens, with models that fall short of the
                     floor of what the APIs serve
  steady_spikes      below the mean load pools serve nine tenths of a segment or
                     more, at the peak at least a tenth less
  sensitive_general  pools serve what may, for its data, go to none of the APIs
                     that serve the rest
  fine_tunes_base    pools serve weights of your own, APIs the rest

Next steps: at most seven, the weightiest, from the decision itself. One person
does them one after the other from the plan's day on; days are estimates, set-up
is the bill's. A look back is due a quarter after all else is done.

JSON of plans
  mistakes[]    id, where (plan | today), of[], found, wanted, unit, per_month (at
                stake; null: cannot be told), at_stake, says, do
  patterns[]    id, self_hosted[], api[] (segments), pool_share, api_share (of all
                tokens), says
  next_steps[]  id, kind (evaluate | sign | build | drill | revisit), action, days,
                effort (its source), date, because, figure, unit
"""
