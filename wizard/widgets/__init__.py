"""Widgets that the screens share; each draws text only, the same in ASCII and Unicode."""
