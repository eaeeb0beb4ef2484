"""The screens, one file each; what they share stands in frame.py."""
