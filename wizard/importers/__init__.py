"""Inputs of other tools, one format a file: each has `scenario_of(path)`, the same question as a scenario."""
