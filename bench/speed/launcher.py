"""Runs a command, its output into a file, and prints its exit code, seconds, CPU seconds and peak memory in MB.

A process of its own: a child's peak counts from what its parent held when it was started, and this one holds little.
"""

import os
import signal
import subprocess
import sys
import time


def main() -> None:
    # Whoever ends the group ends the command as well; this one waits for it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with open(sys.argv[1], "wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(sys.argv[2:], stdout=output)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    print(process.returncode, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
