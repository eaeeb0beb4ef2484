"""Help topics: `wizard help TOPIC`."""

from wizard.exits import MEANING
from wizard.text.mistakes_topic import MISTAKES
from wizard.text.worlds_topic import WORLDS

_ENVIRONMENT = """\
Environment
  WIZARD_PLANS   folder of the plans (default: saved_plans of the folder you
                 stand in); --plans goes before
  ACCESSIBLE=1   plain questions line by line, no screens; as --plain
  TERM=dumb      the same: nothing can be painted there
  NO_COLOR       no colour on the screens, marks stay
  WIZARD_THEME   light for a light terminal; dark unless told
  LC_ALL, LC_CTYPE, LANG   without UTF-8 the screens are in ASCII (--ascii)
  XDG_STATE_HOME drafts and the log stand in its folder wizard
                 (default ~/.local/state)
"""

_EXIT_CODES = "Exit codes\n" + "".join(f"  {code:>3d}  {meaning}\n" for code, meaning in MEANING.items())

_FILES = """\
Files
  scenario  TOML by hand: top-level keys, [segment.NAME], [team], [policy], [today], [catalog.*]
            wizard schema prints its JSON Schema, wizard validate FILE checks it
  plan      NAME.toml in the plans' folder: schema, name, saved, [scenario], [plan]
            every command that takes a scenario takes a plan, and uses its scenario
  overlay   TOML over the catalog: [gpus.ID], [models.ID], [gpu_prices.ID], [api_offers.ID], [rates.ID], ...
            a new id adds a record, a known one changes the fields that are given
            [quality.NAME] is an evaluation of your own: date, source, unit (share unless told), and scores by
            model or "model@precision"; a segment asks quality = {evaluation = "NAME", at_least = 0.8},
            or {benchmark = "arena_text", date = "2025-12-17", at_least = 1384}, or a word
            [rates.ID] is a speed of your own: requests_per_second, or by_segment (0 or not named: not served)
            [measurements.ID] is a run of your own benchmark, as wizard measure writes it
  import    wizard import melange FILE.json --out SCENARIO.toml: buckets and GPUs of arXiv:2404.14527, whose
            slice_factor is not needed; the optimum is that of their problem x 730, slices being any shares
  draft     a plan in progress, in the state folder; written after each answer
  log       wizard.log in the state folder: what went wrong when it was our fault
Files are written whole or not at all. Quantities: 60k/day, 1.8M/month, 0.7/s, 800 ms, 30%, 1.2k / 4k.

A scenario
  currency = "EUR"
  horizon = "12 months"
  [segment.chat]
  requests = "60k/day"
  input_tokens = "1.2k / 4k"
  output_tokens = "250 / 800"
  ttft = "800 ms"
  quality = "mid"
  processing_in = "eu"
"""

_KEYS = """\
Keys on the screens
  up down, j k    move                        0-9     choose what is so numbered
  enter           choose, edit, go on         esc, q  back a level, keeping all
  tab, shift+tab  next, previous              s       solve with what there is
  /               filter; esc clears          w       save the plan
  ?               keys and words of a screen  o       the outline
  u               undo the last change
  ctrl+c          stop the solve, else leave  ctrl+q  leave; ctrl+z suspends
Letters act only when no field is being edited.

Keys of a scenario, for --set KEY=VALUE
  chat.requests=80k/day is short for segment.chat.requests=80k/day
  policy.headroom=30%  team.setup_weeks=6  horizon='12 months'  checklist.load=2
  chat.ttft=none takes a limit away; lists and tables take commas: chat.users_in=eu=60%,us=40%
"""

_JSON = """\
JSON of solve, new and show (schema wizard.plan/1); null is unknown or none
  schema             wizard.plan/1
  status             optimal | time_limit | stopped | infeasible
  verdict            stay_on_api | hybrid | self_host | no_plan: what is recommended; all that follows is that plan's
  confidence         certain (the same verdict at both ends of the performance band, and no gap can turn it) | likely |
                     tie (the cheaper side changes inside the band) | empty (stopped, or nothing fits)
  currency           of all money
  total_per_month    sum of lines[].per_month; null when nothing fits
  bound_per_month    no plan of this branch (APIs alone, or self-hosting) can be under it; null when nothing fits
  gap                from the solver: (total - bound) / total; null when nothing fits
  cheapest           of all plans: verdict, total_per_month, bound_per_month (of all), saves_per_month (what the
                     recommended one costs more, the price of the margin); null when nothing fits
  hosting            self-hosting against APIs alone: verdict, reason (api_is_cheaper | not_enough | slow_end |
                     not_paid_back | not_shown | clear_win | no_api | no_pool), api_per_month, api_bound_per_month,
                     total_per_month, slow_per_month and fast_per_month (at the ends of the band),
                     at_least_per_month, margin, labour_per_month, needed_per_month (what it must save), once (set-up,
                     moving, servers), payback_months, horizon_months, first_year, later_years (savings); null: unknown
  simplest           a simpler plan near it: verdict, total_per_month, more_per_month, pool_designs, suppliers,
                     pool_designs_now, suppliers_now, options; null where there is none
  disagreements[]    of checklist and cost: kind (lean | answer), items, leans (api | self_host), answered, per_month
                     (what that side costs more, or what the plan without the answer costs less), verdict_then
  lines[]            name, unit, quantity, price, per_month (quantity x price), estimate, source,
                     date (of the price), stale (more than 90 days old on day; what people cost: 365), terms[] (of,
                     factors that multiply to a part of the quantity, price where it is the part's own), price_of
                     (factors of the price); hours are the counts of pools[] times the hours of blocks[]
  baselines[]        name (closed_api | open_api | self_hosted | today), total_per_month or null, per_mtok
                     (the whole bill over a million tokens, input and output), why_null, lines
  segments[]         name, requests_per_month, served_by[]: option, kind (api | pool), share (of the month's
                     requests, adding to 1), per_month, arithmetic, capacity[] of a pool (of, block, peak_per_s,
                     replica_seconds, headroom, availability, replicas: peak_per_s x replica_seconds x (1 + headroom)
                     / availability, busy_share)
  pools[]            option, model, precision, gpu, gpus_per_replica, tensor_parallel, engine, provider, region,
                     replicas[]: purchase, block (null: every block), count; utilisation, estimate,
                     band (how far the speed may be off, a share), measured (by which file and date; empty: computed)
  fallbacks[]        segment, lost (replica | spot | provider), of, month_share, served (least share of the segment
                     that goes on in any block), moved_to[]: option, kind, share (of the month's requests, if it were
                     lost all month); per_month (for month_share of it), estimate; only losses that change something,
                     and only of segments with a coverage: the others may be dropped
  blocks[]           hours (of 730 a month), peak_per_s and mean_per_s by segment
  refusals[]         segment (empty: every one), option, rule, found, wanted, unit, distance, note (both sources
                     where they disagree, or what would help); the 50 nearest to passing, all with --all
  refusal_counts     rule: how many
  why_not[]          the nearest to entering of what the plan does not use, where it was asked for (--explain); as in
                     wizard help why-not
  requirements[]     what each requirement costs, where it was asked for; as in wizard help why-not
  readings[]         name, value, unit, says
  scores[]           the floor that an option keeps for a segment: segment, option, model, precision, floor (as asked),
                     benchmark, date, unit, threshold, base_score, score (after quantisation), low and high (after the
                     largest and the smallest loss seen), scored (whose score it is), source, estimate, note
  checklist[]        item, answer, lean (api | self_host | neutral), advice
  flips              what would flip it, as in wizard help explain; null: not kept (wizard explain --keep)
  ranking            doubts in the order in which to settle them, as in wizard help worlds; null: not kept
  conflict[]         where nothing fits; as in wizard help explain
  conflict_notes[]   what of it was cut short, or has no demand behind it
  doubts[]           sentences
  prices             key: value, unit, date, source, estimate, stale
  exchange_rates     the same
  rests_on[]         cause, kind (estimate | stale), per_month, share (of the total): what the bill rests on
  mistakes[]         as in wizard help mistakes
  patterns[]         the same
  next_steps[]       the same
  catalog_as_of      date of the catalog
  day                from which the age of figures is counted
  seconds            options + build + solve
Money is rounded to 1e-6, other figures to 12 significant digits. estimate is empty for a sourced figure.

JSON of diff (schema wizard.comparison/1): old_name, new_name, old_verdict, new_verdict, old_total, new_total,
  old_currency, new_currency, old_catalog, new_catalog, difference, changes[]: subject (verdict |
  confidence | status | total | cheapest | bill | allocation | fallback | pool | scenario | price | exchange_rate),
  action (added | removed | changed), key, old, new, unit, old_date, new_date
  with --split: split: by_prices, by_you, by_model (they add up to difference), same_answers, solved; or unknown (why).
  with --flips: flips[]: lever, title, old, new (x 3.9, low, never), way (further away | nearer | same). Else null.
JSON of list: [{name, file, verdict, status, currency, total_per_month, gap, saved, segments, problem}]
JSON of validate: [{file, key, found, wanted, hint}], empty when all is well
JSON of predict (schema wizard.prediction/1): model, precision, gpu, gpus, tensor_parallel, attention_groups, engine,
  input_tokens, output_tokens, memory, points[], rate, own_rates, measured, refusals, estimate; a figure is {value,
  band, low, high}; with --csv a list of rows, all texts
JSON of measure (schema wizard.measurement/1): reads[]: file, at (which run of it), failed (requests, not counted),
  point (id, model, precision, gpu, gpus, engine, tool, arrivals (closed | poisson | constant | all_at_once),
  offered_per_second, max_in_flight, completed, input_tokens, output_tokens, requests_per_second, ttft_ms and tpot_ms
  (mean and p50 to p99, as far as told), source, date, estimate), in_flight (on average), fit (how many the memory
  holds), predicted_ttft_ms, predicted_tpot_ms, known (the overlay had it); effects[]: design, points, says, sweep;
  notes[]; into (the overlay, or empty), added (points put into it)
JSON of catalog: {as_of, currency, tables: [{name, rows, holds}]}; of a table, its rows with id, source and date
JSON of catalog quality: [{scenario, segment, task, asked, floors[], open[]: model, passes_at, fails_at, whole,
  formats: {precision: judgement}, closed[]: model and judgement}]; a judgement: passes, unknown, score, base_score,
  low, high, threshold, benchmark, date, unit, scored, bound (a predecessor's score), source, estimate, note
JSON of catalog refresh (schema wizard.refresh/1): day, sources[]: source, says, compared, rows_to_append; changes[]:
  kind (new | changed | gone | disagree), source, table, id, unit, ours, theirs, our_date, their_date, note, written
  (--write appends it); written: table: rows
JSON of catalog holes (schema wizard.holes/1): scenarios[]; holes[]: what, rule, refused (pairs of segment and option
  that it decided), scenarios[], supply (lines of an overlay)
"""

_PREDICT = """\
wizard predict --model M --gpu G --input T --output T [--precision P] [--engine E] [--tp N] [--dp N | --gpus N]
  --concurrency N    at so many requests in flight (several: 1,8,64; none: 1 up to what fits)
  --rate 5/s         at Poisson arrivals
  --ttft T --tpot T  the highest rate whose p95 (--percentile) keeps these; --rate max without limits
Each figure has its band: +-15% is within 15 %, x/2 within a factor of 2; two in three published measurements lie
inside, with all of the same model, GPU and engine left out of the fit. What bounds a point is the largest part of its
TPOT (weights' reads, compute, KV reads, communication, overhead, prefill of other prompts), or memory (or the engine's
limit of sequences) where requests wait for it. A design that no plan would use is predicted, and said to be none.
Names are ids of wizard catalog models, gpus, engines, precisions, or usual ways to write them.

wizard predict --csv FILE [--out FILE]: rows of measurements
  Reads, and any may be empty or missing but model and gpu:
    model, params_b, active_b, weights_precision, kv_precision, gpu, gpu_count, tp, pp, dp_attention, engine, scenario,
    isl, osl, concurrency_or_batch (of the whole system), request_rate, date (before 2025: an older, slower engine),
    source, note; others are carried through
  scenario: closed-loop (N always in flight), fixed-batch (N start and end together), saturated or mlperf-offline (an
  endless backlog: as many as fit), open-loop (Poisson at request_rate), open-loop-overload (a run of so many prompts
  as the note tells, else 1,000), mlperf-server and -interactive (the highest rate at the SLO of the note or MLPerf's)
  Writes the rows with these columns after them:
    pred_ttft_ms, pred_tpot_ms, pred_e2e_ms, pred_output_tok_s_total   means of the whole system
    band, band_ttft    shares: 0.15 is within 15 %, 1 within a factor of 2; band is of all but TTFT
    refusal            why a plan would refuse the row although it is predicted, or why it is not predicted
    bound_by           as above
    assumed            what the row does not say and was taken for granted
  Lengths default to 1024, the format to the model's own, the engine to vLLM, an unpublished split of the GPUs to that
  which does most; a model that is not known to the one nearest in params_b and active_b. What does not fit by the
  catalog's rule but was measured runs with all the memory there is. An unknown GPU is not predicted.
"""

_MEASURE = """\
wizard measure FILE... --gpu G --tp N --precision P --engine E [--model M]
    [--into OVERLAY] [--overlay FILE] [--json]
Your own benchmarks of one replica in the place of the model's speeds. Which tool wrote a file is told by its content:
  vllm bench serve   --save-result, or --append-result (an object a line); of 0.8.5 too. With --metadata gpu=G tp=N
                     precision=P engine=E the options need not be given. Ask for --metric-percentiles 50,90,95,99:
                     the default has p99 alone, which is then held against the p95 of a scenario.
  GuideLLM 0.8       benchmarks.json (metadata.version 2); its inter_token_latency_ms is the TPOT
  aiperf 0.13        profile_export_aiperf.json (schema 1), of a run with --streaming; genai-perf's, whose successor
                     aiperf is, do not tell how long the run took, and are refused
The model is found by its name in the file (owner and weight format left out), else told by --model. Input and output
tokens are those of the file, over the requests that were completed.

Refused, with exit code 2: no completed request, a figure that is zero or not finite, a rate that its own duration
belies, a TPOT under the time to read the weights, a TTFT under the arithmetic of the prompt, tokens/s above the peak
or the bandwidth, more in flight than the run allowed or than the memory holds, weights that do not fit, a weight
format other than the model's name tells.

What a measurement changes, of the design measured alone (model, format, GPU, GPUs, engine)
  one point          the decode step times measured/predicted, and t_pf + t_fix so that the TTFT is met
  several N          eta_mem and tau by least squares, where the numbers running differ by half, else the mean factor
  a sweep            two or more rates offered (--request-rate R, not inf): the highest throughput whose TTFT and
                     TPOT keep a segment's limits at its percentile is the rate of a replica, as it is, where the mean
                     lengths are within 25 %; the percentile measured is the next one up that the file has. If no
                     rate keeps them, the lowest is a ceiling on what the model says.
  [rates.ID]         a rate that you state yourself goes before all of these
A rate that --max-concurrency held back counts as a closed loop: the wait before the request is in no TTFT.
TTFTs that are mostly queueing (all requests at once, more in flight than fit) correct no prefill.
A plan's pool then tells file and date under `measured`, and its band: 5 % of a sweep, 10 % of points.

--into OVERLAY puts the points at the end of an overlay as [measurements.ID], and leaves the rest of the file as it is;
the same results twice change nothing. wizard solve SCENARIO --overlay OVERLAY uses them, wizard predict too.
--json: see wizard help json.
"""

_EXPLAIN = """\
wizard explain PLAN_OR_SCENARIO [--segment S] [--set KEY=VALUE] [--json]
               [--flips SECONDS] [--keep]
Solves, and says why the plan is what it is; where nothing fits, which demands
are in conflict, and the exit code is 3. A saved plan is explained as it
stands. --keep holds what was found in the plan's own file (reasons, flips,
with --doubts their order), and changes nothing else of it: then whoever reads
the plan, by wizard show or explain, has it without a solve.

What would flip it
  Each lever of wizard help sweep is moved up and down to 100 times or a 100th,
  and by all its steps, until another verdict, or a plan with another option,
  wins: to 1%, each value solved. The nearest on each side; an answer that
  changes and changes back between x1.25, 2, 5, 20 and 100 is not seen.
  --flips gives it so many seconds (default 60, and none where the plan holds
  its flips; 0 leaves it out); what time cut is said.

Where nothing fits
  A set of demands in conflict leaves no plan even where all others are dropped.
  None of it can be left out: with any one less there would be a plan. For each
  demand: what is asked, the least change of it by which the scenario has a plan
  (numbers to 1%, whole numbers, money and lists exactly), and the cheapest plan
  then, to 0.1%. Each change was proven by solving. A demand may have no change
  of its own that is enough; then the changes that mend it together are told.
  No demands: the lengths of requests, unless nothing else is in the way; a
  horizon while the traffic grows. --limit bounds the time; what was cut short
  is said.

JSON of explain (schema wizard.explanation/1); null is unknown or none
  schema, verdict, status, currency, total_per_month, confidence
  cheapest, hosting, simplest, disagreements   as in wizard help json
  why[]              segments: name, requests_per_month, served_by[]: option,
                     kind, share, per_month, arithmetic
  flips              verdict, options, gap, cut, solves, seconds, still
                     (levers that move nothing: why), flips[], the nearest
                     first: lever, title,
                     what (verdict | plan), side (up | down), unit, steps,
                     by (factor or steps; null: none within still_by),
                     still_by (so far it is today's), value_now, value,
                     value_reached, distance (|log factor|, a step being 2),
                     before, after, options_before, options_after,
                     total_per_month (there), proven, cut; null: not looked for
  why_not[], requirements[]   as in wizard help why-not; empty with --quick
  doubts[]           sentences
  mistakes[]         as in wizard help mistakes
  patterns[]         the same
  next_steps[]       the same
  conflict[]         requirement (a key, as --set takes it; requests: all),
                     found (what is asked), repair (what to ask instead; null:
                     no change of it alone is enough), total_per_month_then,
                     changes (key: value, all that is to be changed), why (no
                     repair, or not the least), number (of the set)
  conflict_notes[]   what was cut short
  how_sure           as in wizard help worlds; null: not asked
  rests_on           the saved plan as it stands, or solved again, with what
                     came of it
"""

_SWEEP = """\
wizard sweep FILE --vary LEVER=RANGE [--vary LEVER=RANGE] [--points 25]
  One lever: the best plan of each pure strategy, the optimum and the verdict
  at each point. Two: maps of the verdict and of the cheapest pure strategy.
  Options are raised anew at every point; each solve has --limit seconds.

Levers, moved from where the scenario and the catalog have them
  requests         of all segments
  gpu_price        of GPUs rented and bought; power and space stay
  api_price        of tokens, requests and provisioned units
  output_tokens    of all segments, at least one token
  peak_over_mean   of the week's hours: every hour's load to one power
  salary           an engineer's year
  quality          steps of the floors low, mid, high, frontier
  commitment       steps of the longest that policy.purchase_types allows:
                   none, 1 month, 1 year, 3 years, servers bought
  exchange_rate    of every figure quoted in another currency

RANGE  0.1x..10x   factors, evenly spaced by ratio
       -50%..+50%  changes, evenly spaced
       -1..+2      steps, of quality and commitment
       0.5x,1x,2x  just these

--csv    LEVER_by (the factor or steps), LEVER (its value), closed_api, open_api,
         self_hosted, today, winner (the cheapest of the pure ones but today),
         cheapest_verdict, cheapest, cheapest_bound, verdict, total, proven
--json   schema wizard.sweep/1: currency, axes[] (lever, title, unit, steps, log,
         moves, values), points[] (moves, strategies, pools (of
         the self-hosted one: their classes), winner, cheapest,
         cheapest_per_month, bound_per_month, verdict, total_per_month, proven),
         gap; the last lever moves fastest
--plot   curves, or the maps; without colour, with --ascii in ASCII only
Exit code 4 where time ended the solve of some point, 3 where none has a plan.

All cores are used, a process each. --backend dask --address tcp://HOST:8786
solves the points on a Dask cluster, --backend ray on a Ray cluster: the same
wizard must be installed there. Points that are proven are equal everywhere.
"""

_WHY_NOT = """\
wizard why-not PLAN [--segment S] [--option O] [--all] [--json] [--limit S]
For each option that the plan does not use: its refusal, or the price at which
it would enter, all other prices as they are, found by solving to 1%. A saved
plan stands as it is where nothing is changed and the catalog has not moved;
else it is solved anew. An option enters if it serves at least 1% of a
segment's month in a plan that is cheaper. --limit bounds the time, the nearest
options first; what was cut is said, and the exit code is 4.
  At     the factor on its price: of all ways to buy a replica of a pool, or of
         all that an API is paid. <: a bound alone, it may be far below
  times as fast   of a pool that is near: faster, at its price, it would enter
An option that another one beats in every way is turned down as such; with
--option and its whole id it is asked all the same.

What each requirement costs a month: the cheapest plan less the cheapest one
without it. wizard explain works both out (--quick leaves them out), and
wizard solve or new --explain holds them in the plan; a plain solve does not,
as they take many more solves.

JSON of why-not (schema wizard.why_not/1)
  schema, currency, total_per_month (to be beaten), counts (answer: options;
  refusal: pairs of segment and option), cut, seconds, solves
  options[]          and why_not[] of a plan: option, kind (pool | api; empty:
                     refused), serves (segments), answer (enters_at | not_above
                     | never | margin | refusal),
                     price_factor, at_most (it enters at no factor above),
                     at_most_own (nor above beside the plan's own pools), by
                     (the solved option that it may stand in for), instead_of
                     (the plan's option whose place it takes at that price),
                     price_now, price_then (in unit), total_then (at most, at
                     1% less), speed_factor (null: not asked, or none), wide
                     (every API was tried beside it), proven (no other plan is
                     left), rule, found, wanted, unit, alike
  requirements[] of a plan or of explain: requirement (a key), asked, without,
                     per_month (null: not looked at), at_most, total_then,
                     verdict_then, proven, nearest (option nearest to passing of
                     those turned down), found, wanted, unit, why
"""

TOPICS = {
    "environment": _ENVIRONMENT,
    "exit-codes": _EXIT_CODES,
    "files": _FILES,
    "keys": _KEYS,
    "json": _JSON,
    "explain": _EXPLAIN,
    "why-not": _WHY_NOT,
    "mistakes": MISTAKES,
    "sweep": _SWEEP,
    "worlds": WORLDS,
    "predict": _PREDICT,
    "measure": _MEASURE,
}
