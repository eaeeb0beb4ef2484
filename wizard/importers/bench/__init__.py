"""Result files of benchmarks, one module a tool; `read.py` tells by its content which tool wrote a file."""
