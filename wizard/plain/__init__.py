"""The wizard as plain questions, one after the other: lines in, lines out, nothing is ever painted over."""
