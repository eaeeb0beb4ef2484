"""The mixed-integer program, equation by equation; `solver/README.md` holds the mathematics."""
