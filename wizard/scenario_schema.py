"""JSON Schema of a scenario file: quantities as people write them, with what each key means."""

from typing import Any

from solver.scenario import Policy, Scenario, Segment, Team, Today

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LEAST = {"requests": "1/s", "input_tokens": 1, "output_tokens": 1}


def scenario_schema() -> dict[str, Any]:
    """The schema, for editors: human units, defaults in them, no null (TOML has none)."""
    schema = {"$schema": DIALECT, **Scenario.model_json_schema(mode="validation")}
    segment = Segment.model_validate(_LEAST)
    records = {
        "Segment": (segment, "segment.chat."),
        "Team": (Team(), "team."),
        "Policy": (Policy(), "policy."),
        "Today": (Today(), "today."),
    }
    for name, (record, prefix) in records.items():
        _fill(schema["$defs"][name]["properties"], record.model_dump(mode="json"), prefix)
    scenario = Scenario(segment={"chat": segment})
    _fill(schema["properties"], scenario.model_dump(mode="json"), "")
    without_null: dict[str, Any] = _without_null(schema)
    return without_null


def _fill(properties: dict[str, Any], defaults: dict[str, Any], prefix: str) -> None:
    """Defaults in human units, and the help of the questions that ask for the keys."""
    from wizard.questions import question_for

    for key, schema in properties.items():
        if "default" in schema:
            schema["default"] = defaults[key]
        question = question_for(prefix + key)
        if question is not None:
            schema["description"] = question.help


def _without_null(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_null(part) for part in value]
    if not isinstance(value, dict):
        return value
    value = {"anyOf" if key == "oneOf" else key: part for key, part in value.items()}  # no two kinds overlap here
    kept = {key: _without_null(part) for key, part in value.items() if not (key == "default" and part is None)}
    options = kept.get("anyOf")
    if isinstance(options, list):
        options = [option for option in options if option != {"type": "null"}]
        if len(options) == 1:
            del kept["anyOf"]
            return {**options[0], **kept}
        kept["anyOf"] = options
    return kept
