"""`python -m datalayer` and the `datalayer` command."""

import importlib.util
import sys


def main() -> None:
    """Run the command line, or say what to install for it."""
    if importlib.util.find_spec("typer") is None:
        sys.stderr.write(
            "the command line is not installed\n"
            "  help: pip install 'datalayer[tools]'\n"
        )
        raise SystemExit(2)
    from datalayer.cli import run  # noqa: PLC0415 (needs the `tools` extra)

    run()


if __name__ == "__main__":
    main()
