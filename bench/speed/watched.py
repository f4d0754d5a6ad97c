"""Lines as they come, with a bar of how far they are: `LABEL LENGTH MARK`, which stands once in each piece."""

import sys

from bench.speed.figures import counting

CLEAR_LINE = "\r\033[K"


def main(label: str, length: str, mark: str) -> None:
    done = 0
    with counting(label, int(length)) as count:
        for line in sys.stdin:
            done += mark in line
            if sys.stderr.isatty():
                print(CLEAR_LINE, end="", file=sys.stderr, flush=True)
            print(line, end="", flush=True)
            count(done)


if __name__ == "__main__":
    main(*sys.argv[1:])
