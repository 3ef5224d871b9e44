"""The C files that the checks of form look at: the product, and the programs of ./dev bench.

The map of the layers (layers.py) is about src/ alone: bench/ stands beside it and includes itself only."""


def sources(root):
    return sorted(path for folder in ("src", "bench") for path in (root / folder).rglob("*.[ch]"))
