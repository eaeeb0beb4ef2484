"""`wizard serve`: the screens in a browser, on this machine alone unless told otherwise."""

import argparse
import shlex
import sys
from importlib.util import find_spec

from catalogs.toml_file import Fault, InputError
from wizard.exits import Exit, say
from wizard.store import plans_folder
from wizard.text import show


def run_serve(options: argparse.Namespace) -> int:
    """Print the address and serve until ctrl+c; InputError without the extra, or where the port cannot be had."""
    if any(find_spec(name) is None for name in ("aiohttp", "textual_serve")):
        hint = 'pip install "wizard[web]"'
        raise InputError(Fault("wizard serve", "", "no textual-serve", "the extra web of this package", hint))
    from wizard.web import listening, only_this_machine, serve

    listener = listening(options.host, options.port)
    host, port = listener.getsockname()[:2]
    command = [sys.executable, "-m", "wizard", "--plans", str(plans_folder(options.plans)), "--mouse"]

    def tell(token: str) -> None:
        show(f"http://{f'[{host}]' if ':' in host else host}:{port}/?token={token}")
        say("Open this address in a browser; it works once. ctrl+c ends it.")
        if not only_this_machine(listener):
            say("! other machines can reach it, and what is sent is not encrypted; ssh -L needs no --host")

    serve(shlex.join([*command, *(["--ascii"] if options.ascii else [])]), listener, tell)
    return Exit.DONE
