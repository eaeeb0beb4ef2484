"""The faces: command line, Textual app, store of plans."""

__version__ = "0.1.0"
