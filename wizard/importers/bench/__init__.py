"""Result files of benchmarks, a module for each tool; `read.py` tells by the content which tool wrote a file."""
