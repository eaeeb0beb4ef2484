"""The mathematics: scenario and catalog in, plan out."""
