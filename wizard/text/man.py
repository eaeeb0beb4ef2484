"""The man page, from the parser of the command line and the help topics: `wizard help man | man -l -`."""

import argparse
from collections.abc import Mapping

_HEAD = '.TH WIZARD 1 "" "wizard {version}" "User commands"\n.ad l\n.SH NAME\nwizard \\- {says}\n'
_SAYS = "decide between hosting a language model and paying for APIs"


def man_page(parser: argparse.ArgumentParser, topics: Mapping[str, str], version: str) -> str:
    """The page in man(7) macros: synopsis, options, commands, and a section for each topic."""
    actions = parser._actions
    below = next(action for action in actions if isinstance(action, argparse._SubParsersAction))
    parts = [
        _HEAD.format(version=_plain(version), says=_SAYS),
        ".SH SYNOPSIS\n.B wizard\n[OPTION]... [COMMAND [ARGUMENT]...]\n",
        f".SH DESCRIPTION\n{_plain(parser.description or '')}\n.PP\n{_plain(parser.epilog or '')}\n",
        ".SH OPTIONS\n" + "".join(_entry(action) for action in actions if action is not below),
        ".SH COMMANDS\n",
    ]
    for name, command in below.choices.items():
        usage = " ".join(command.format_usage().removeprefix("usage: ").split())
        parts.append(f".SS {name}\n{_plain(command.description or '')}\n.PP\n.RS\n{_plain(usage)}\n.RE\n")
        parts += [_entry(action) for action in command._actions if action.dest != "help"]
        parts += [f".PP\n{_plain(command.epilog)}\n" if command.epilog else ""]
    for name, text in topics.items():
        parts.append(f".SH {name.upper().replace('-', ' ')}\n.nf\n{_plain(text.rstrip())}\n.fi\n")
    return "".join(parts)


def _entry(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    name = ", ".join(f"\\fB{_plain(flag)}\\fR" for flag in action.option_strings)
    said = " ".join(filter(None, (name, f"\\fI{_plain(value)}\\fR" if value else "")))
    return f".TP\n{said}\n{_plain((action.help or '').replace('%%', '%'))}\n"


def _plain(text: str) -> str:
    """Text as roff prints it: no escape, no request, no hyphen that becomes another sign; a | may end a line."""
    text = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    )
    text = text.replace("`", "\\(ga").replace('"', "\\(dq").replace("|", "|\\:")
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in text.split("\n"))
