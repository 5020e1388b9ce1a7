"""``python -m kaquan``."""

from kaquan.surfaces.cli.main import run

if __name__ == "__main__":
    run()
