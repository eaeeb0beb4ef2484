"""What a shell can complete after `wizard`: scripts for bash, zsh and fish, all from the parser of the command line.

Names of plans are looked up by the shell itself, in the folder of --plans, $WIZARD_PLANS or saved_plans: no Python
starts when tab is pressed.
"""

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass

from catalogs.profiles import profile_names

KINDS = {"DIR": "dir", "P": "profile", "PLAN": "plan", "OLD": "plan", "NEW": "plan", "PLAN_OR_SCENARIO": "plan"}
FILES = ("FILE", "PATH", "SCENARIO", "OVERLAY")


@dataclass(frozen=True)
class Taken:
    """An option, or with no flags an argument: what it takes (`flag`, plan, file, dir, profile, words, any)."""

    flags: tuple[str, ...]
    kind: str
    says: str
    words: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True)
class Command:
    """A command (the first has no name: `wizard` itself) with its options and arguments."""

    name: str
    says: str
    options: tuple[Taken, ...]
    arguments: tuple[Taken, ...]


def commands_of(parser: argparse.ArgumentParser) -> tuple[Command, ...]:
    """`wizard` itself, then each of its commands."""
    actions = parser._actions
    below = next(action for action in actions if isinstance(action, argparse._SubParsersAction))
    says = {action.dest: action.help or "" for action in below._choices_actions}
    return (
        _command("", "", actions),
        *(_command(name, says[name], one._actions) for name, one in below.choices.items()),
    )


def _command(name: str, says: str, actions: list[argparse.Action]) -> Command:
    taken = [_taken(action) for action in actions if not isinstance(action, argparse._SubParsersAction)]
    options, arguments = ([each for each in taken if bool(each.flags) is named] for named in (True, False))
    return Command(name, says, tuple(options), tuple(arguments))


def _taken(action: argparse.Action) -> Taken:
    says = re.split(r"[;:(]|, such as|%", action.help or "")[0].strip()
    words = tuple(str(word) for word in action.choices or ())
    metavar = str(action.metavar)
    kind = "words" if words else KINDS.get(metavar, "file" if metavar in FILES else "any")
    if kind == "file" and "name of a plan" in (action.help or ""):
        kind = "plan"
    if action.option_strings and action.nargs == 0:
        kind = "flag"
    return Taken(tuple(action.option_strings), kind, says, words, action.nargs in ("*", "+"))


def bash(commands: tuple[Command, ...]) -> str:
    """The script for bash."""
    values, options, kinds = [], [], []
    for command in commands:
        flags = [flag for option in command.options for flag in option.flags]
        options.append(f"      {command.name or chr(39) * 2}) words='{' '.join(flags)}' ;;")
        for option in command.options:
            if option.kind != "flag":
                pattern = "|".join(f"{command.name}:{flag}" for flag in option.flags)
                values.append(pattern)
                kinds.append(f"    {pattern}) {_bash_kind(option)} ;;")
        for place, argument in enumerate(command.arguments):
            kinds.append(f"    {command.name}:{'*' if argument.many else place}) {_bash_kind(argument)} ;;")
    return f"""\
# wizard in bash: eval "$(wizard completion bash)" in ~/.bashrc
_wizard() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} command= taker= place=0 kind= words= plans=${{WIZARD_PLANS:-saved_plans}} i word
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    if [[ $taker ]]; then
      [[ $taker == --plans ]] && plans=$word
      taker=
      continue
    fi
    case $command:$word in
      {"|".join(values)}) taker=$word ;;
      *:-*) ;;
      :*) command=$word ;;
      *) place=$((place + 1)) ;;
    esac
  done
  COMPREPLY=()
  if [[ -z $taker && $cur == -* ]]; then
    case $command in
{chr(10).join(options)}
    esac
  elif [[ -z $taker && -z $command ]]; then
    words='{" ".join(command.name for command in commands if command.name)}'
  else case $command:${{taker:-$place}} in
{chr(10).join(kinds)}
    esac
  fi
  if [[ $kind == plan ]]; then
    for word in "$plans"/*.toml; do
      [[ -e $word ]] && word=${{word##*/}} && words+=" ${{word%.toml}}"
    done
  fi
  [[ $words ]] && COMPREPLY=($(compgen -W "$words" -- "$cur"))
  case $kind in
    plan | file) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")) ;;
    dir) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "$cur")) ;;
  esac
}}
complete -F _wizard wizard
"""


def _bash_kind(taken: Taken) -> str:
    words = tuple(profile_names()) if taken.kind == "profile" else taken.words
    kind = "plan" if taken.kind == "profile" else taken.kind
    return f"kind={kind}" + (f" words='{' '.join(words)}'" if words else "")


def zsh(commands: tuple[Command, ...]) -> str:
    """The script for zsh."""
    top, *rest = commands
    names = "\n".join(f"    {_quoted(f'{each.name}:{each.says}')}" for each in rest)
    arms = "\n".join(f"      {each.name}) _arguments \\\n        {_zsh_all(each)} ;;" for each in rest)
    return f"""\
#compdef wizard
# wizard in zsh: as a file _wizard in a folder of $fpath, or eval "$(wizard completion zsh)" after compinit
_wizard_plans() {{
  local -a plans=(${{opt_args[--plans]:-${{WIZARD_PLANS:-saved_plans}}}}/*.toml(N:t:r))
  compadd -a plans
  _files
}}
_wizard() {{
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a commands=(
{names}
  )
  _arguments -C \\
    {_zsh_all(top)} '1: :->command' '*:: :->arguments'
  case $state in
    command) _describe command commands ;;
    arguments) case $line[1] in
{arms}
    esac ;;
  esac
}}
if [[ $funcstack[1] == _wizard ]]; then _wizard "$@"; else compdef _wizard wizard; fi
"""


_ZSH = {"file": "_files", "dir": "_files -/", "plan": "_wizard_plans", "any": " "}


def _zsh_all(command: Command) -> str:
    return " \\\n        ".join([*_zsh_options(command), *_zsh_arguments(command)])


def _zsh_options(command: Command) -> Iterator[str]:
    for option in command.options:
        says = re.sub(r"([\[\]:])", r"\\\1", option.says)
        for flag in option.flags:
            takes = "" if option.kind == "flag" else f": :{_zsh_action(option)}"
            yield _quoted(f"*{flag}[{says}]{takes}")


def _zsh_arguments(command: Command) -> Iterator[str]:
    for place, argument in enumerate(command.arguments, 1):
        yield _quoted(f"{'*' if argument.many else place}: :{_zsh_action(argument)}")


def _zsh_action(taken: Taken) -> str:
    if taken.kind == "profile":
        return f"{{compadd {' '.join(profile_names())}; _wizard_plans}}"
    return f"({' '.join(taken.words)})" if taken.words else _ZSH[taken.kind]


def fish(commands: tuple[Command, ...]) -> str:
    """The script for fish."""
    top, *rest = commands
    lines = [
        "# wizard in fish: wizard completion fish > ~/.config/fish/completions/wizard.fish",
        "function __wizard_plans",
        "    set -q WIZARD_PLANS; and set -l folder $WIZARD_PLANS; or set -l folder saved_plans",
        "    for plan in $folder/*.toml; path basename $plan | string replace -r '\\.toml$' ''; end",
        "end",
        "complete -c wizard -f",
    ]
    lines += [f"complete -c wizard -n __fish_use_subcommand -a {each.name} -d {_quoted(each.says)}" for each in rest]
    lines += [f"complete -c wizard -n __fish_use_subcommand{_fish_option(option)}" for option in top.options]
    for command in rest:
        seen = f"complete -c wizard -n '__fish_seen_subcommand_from {command.name}'"
        lines += [seen + _fish_option(option) for option in command.options]
        lines += [
            seen + takes for takes in dict.fromkeys(_fish_takes(argument) for argument in command.arguments) if takes
        ]
    return "\n".join(lines) + "\n"


def _fish_option(option: Taken) -> str:
    flags = "".join(f" -l {flag[2:]}" if flag.startswith("--") else f" -s {flag[1:]}" for flag in option.flags)
    needs = "" if option.kind == "flag" else " -r"
    return f"{flags}{needs}{_fish_takes(option)} -d {_quoted(option.says)}"


def _fish_takes(taken: Taken) -> str:
    if taken.kind in ("plan", "profile"):
        names = (" ".join(profile_names()) + " ") if taken.kind == "profile" else ""
        return f" -F -a '{names}(__wizard_plans)'"
    if taken.words:
        return f" -a '{' '.join(taken.words)}'"
    return {"file": " -F", "dir": " -a '(__fish_complete_directories)'"}.get(taken.kind, "")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", r"'\''") + "'"


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
