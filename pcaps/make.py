#!/usr/bin/env python3
"""Makes the captures of pcaps/ anew, and the tables of its README.md with them.

    pcaps/make.py [-o DIRECTORY] [-l] [NAME...]     without names: all

It wants build/iperf-ref (or that of $BUILD), tcpdump and the right to capture. All traffic is on loopback, or between
devices that exist for one capture only. Where it may, it works in a network namespace of its own, so that the files show
port 5201.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing but captures is left here

import capture  # noqa: E402
import good, links, limits, client_faults, datagram_faults, server_faults, answer_faults, timers  # noqa: E401, E402, F401
import iperf3_good, iperf3_client_faults, iperf3_server_faults  # noqa: E401, E402, F401
from stage import SCENARIOS, Stage  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 5201
TRIES = 3  # a scenario is a race with a program, and may be lost


def enter_namespace():
    """Starts anew in a namespace of its own; goes on without where none may be made."""
    if os.environ.get("PCAPS_NAMESPACE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return True
    for command in (["unshare", "-n"], ["unshare", "-n", "--map-current-user", "--keep-caps"]):
        if shutil.which(command[0]) and subprocess.run(command + ["true"], stderr=subprocess.DEVNULL).returncode == 0:
            os.environ["PCAPS_NAMESPACE"] = "1"
            os.execvp(command[0], command + [sys.executable] + sys.argv)
    print("no network namespace can be made here: captures on the loopback of the system", file=sys.stderr)
    return False


def check_tools(build):
    for what, found in (("tcpdump", shutil.which("tcpdump")), ("ip (iproute2)", shutil.which("ip")),
                        ("iperf3", shutil.which("iperf3")),
                        (f"{build}/iperf-ref", os.access(os.path.join(build, "iperf-ref"), os.X_OK))):
        if not found:
            raise capture.Problem(f"{what} is missing")


def make(scenario, directory, port, build):
    """Returns the row of README.md, or None."""
    for attempt in range(TRIES):
        try:
            return scenario.play(Stage(os.path.join(directory, scenario.name + scenario.suffix), port, build))
        except (capture.Problem, OSError, EOFError, subprocess.SubprocessError) as problem:
            print(f"{scenario.name}: {problem}", file=sys.stderr)
    return None


def with_rows(text, rows):
    """README.md with new rows; each table follows the heading of its group, "## Group"."""
    pattern = re.compile(r"(?<=\n## )([A-Z][a-z0-9-]+)(\n.*?\n\| capture \| verdict \|[^\n]*\n[^\n]*\n)((?:\|[^\n]*\n)*)", re.S)
    known = {}
    for _, _, table in pattern.findall(text):
        known.update((row.split(" ")[1].rsplit(".", 1)[0], row) for row in table.splitlines())
    known.update(rows)

    def anew(match):
        group = match.group(1).lower()
        return match.group(1) + match.group(2) + "".join(
            known[s.name] + "\n" for s in SCENARIOS.values() if s.group == group and s.name in known)
    return pattern.sub(anew, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", metavar="DIRECTORY", default=HERE, help="where to (%(default)s)")
    parser.add_argument("-l", action="store_true", help="list the names")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    build = os.path.abspath(os.environ.get("BUILD", os.path.join(HERE, "..", "build")))
    if options.l:
        print("\n".join(f"{s.group}\t{s.name}" for s in SCENARIOS.values()))
        return
    unknown = [name for name in options.names if name not in SCENARIOS]
    if unknown:
        parser.error(f"unknown: {' '.join(unknown)}")
    check_tools(build)
    port = PORT if enter_namespace() else capture.free_port()
    rows, failed = {}, []
    for name in options.names or SCENARIOS:
        row = make(SCENARIOS[name], options.o, port, build)
        if row:
            rows[name] = row
        else:
            failed.append(name)
        print(name if row else f"{name} could not be made", flush=True)
    with open(os.path.join(HERE, "README.md")) as file:
        text = file.read()
    with open(os.path.join(options.o, "README.md"), "w") as file:
        file.write(with_rows(text, rows))
    if failed:
        raise capture.Problem(f"these could not be made, and stay as they were: {' '.join(failed)}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # not without ending what was started
    try:
        main()
    except capture.Problem as problem:
        sys.exit(f"make.py: {problem}")
