"""The facts: figures with source and date, and the records they become."""
