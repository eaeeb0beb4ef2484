"""Why the plan is what it is: each part solved again, each a record first."""
