"""The shipped profiles: scenarios whose every default has a source, one TOML file each under figures/profiles."""

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "figures" / "profiles"

_TITLES = {
    "support-chat": "Support chat: customers wait for the answer",
    "rag-search": "RAG search: long passages in, a cited answer out",
    "code-assistant": "Code assistant: completions while one types",
    "bulk-tagging": "Bulk tagging: texts sorted overnight, nobody waits",
    "agents": "Agents: many steps a task, the history in each",
}


def profile_names() -> dict[str, str]:
    """Names of the profiles with a one-line title each, in the order in which they are offered."""
    return dict(_TITLES)


def profiles() -> dict[str, dict[str, Any]]:
    """The raw tables of each profile by name, read anew so that a caller may change them.

    `[sources]` names for every key that the profile sets where its value comes from, or says
    `estimate: ` and how it was estimated.
    """
    return {name: tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in _TITLES}
