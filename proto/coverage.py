#!/usr/bin/env python3
"""Judges the coverage of proto/: coverage.py BUILD, whose counts (gcovr's JSON) coverage.sh has written.

Every line counts, and every branch of the machine code of a line: `if (a && b)` has four. A list,
proto/coverage-excuses, names those that cannot be taken:

    proto/FILE FUNCTION
        the text of the line, without its indentation
        branch 2 of 4: the reason
        line: the reason

A line that is not reached stands for its branches too. Each entry is for one line: where the same text stands twice in
a function, two entries may be needed. An entry that matches nothing is an error, so that the list cannot rot.

Status 0: nothing is missing. 1: something is, or an entry is out of date. `coverage.py BUILD --list` writes what is
missing in the form of the list, to be given a test, or a reason."""
import collections
import glob
import json
import os
import re
import sys

BUILD = sys.argv[1]
LIST = "proto/coverage-excuses"
Missing = collections.namedtuple("Missing", "file function text what")  # what: "line" or "branch 2 of 4"


def load(name):
    """The files of one run: {path: {line: (count, [count of a branch, ...])}}, and where the functions begin."""
    lines, functions = {}, {}
    with open(os.path.join(BUILD, name + ".json")) as f:
        for file in json.load(f)["files"]:
            functions[file["file"]] = sorted((f["lineno"], f["name"]) for f in file["functions"])
            lines[file["file"]] = {line["line_number"]: (line["count"], [b["count"] for b in line["branches"]])
                                   for line in file["lines"] if not line["gcovr/noncode"]}
    return lines, functions


def add(one, other):
    """The sum of two runs of the same code."""
    total = {path: dict(lines) for path, lines in one.items()}
    for path, lines in other.items():
        into = total.setdefault(path, {})
        for number, (count, branches) in lines.items():
            old, old_branches = into.get(number, (0, [0] * len(branches)))
            if len(old_branches) != len(branches):
                sys.exit("%s:%d has %d branches in the tests and %d in the corpora: were they compiled alike?"
                         % (path, number, len(old_branches), len(branches)))
            into[number] = old + count, [a + b for a, b in zip(old_branches, branches)]
    return total


def function_of(begins, number):
    """The function that a line is in: the last that begins before it."""
    name = "-"
    for begin, function in begins:
        if begin <= number:
            name = function
    return name


def missing(lines, functions):
    """What was not taken: {Missing: [line number, ...]}."""
    found = {}
    for path in sorted(lines):
        with open(path) as f:
            text = [""] + f.read().split("\n")
        for number, (count, branches) in sorted(lines[path].items()):
            whats = ["branch %d of %d" % (i + 1, len(branches)) for i, taken in enumerate(branches) if not taken]
            for what in whats if count else ["line"]:
                key = Missing(path, function_of(functions[path], number), text[number].strip(), what)
                found.setdefault(key, []).append(number)
    return found


def entries(path):
    """The entries of a list: [(Missing, where it stands)]. Every entry has a reason."""
    found, file, text = [], None, None
    with open(path) as f:
        for number, line in enumerate(f, 1):
            where = "%s:%d" % (path, number)
            entry = re.fullmatch(r"\t(branch \d+ of \d+|line): *(.*)", line.rstrip("\n"))
            if not line.strip() or line.startswith("#"):
                continue
            if not line.startswith("\t"):
                file, text = line.split(), None
                if len(file) != 2:
                    sys.exit("%s: expected a file and a function, is: %s" % (where, line.strip()))
            elif not entry:
                text = line.strip()
            elif not file or text is None or not entry[2]:
                sys.exit("%s: an entry needs a file, a function, the text of a line and a reason" % where)
            else:
                found.append((Missing(file[0], file[1], text, entry[1]), where))
    return found


def strike_out(found):
    """Takes what is listed from found; returns how many the list has, and the entries that match nothing."""
    numbers, stale = collections.Counter(), []
    for key, where in entries(LIST):
        if found.get(key):
            found[key].pop(0)
            numbers["lines" if key.what == "line" else "branches"] += 1
        else:
            stale.append("%s: %s %s has no such %s that is not taken: %s"
                         % (where, key.file, key.function, key.what, key.text))
    return numbers, stale


def percent(part, whole):
    """Never rounded up to 100."""
    return "%.1f %%" % (int(1000 * part / whole) / 10 if whole else 0)


def summary(runs, title):
    """One row for lines, one for branches."""
    print("%-10s %8s %16s %16s %16s" % (title, "all", "covered", "by tests alone", "by corpora alone"))
    for row, numbers in (
            ("lines", [[(c > 0) for f in run.values() for c, _ in f.values()] for run in runs]),
            ("branches", [[(b > 0) for f in run.values() for _, bs in f.values() for b in bs] for run in runs])):
        of = len(numbers[0])
        print("  %-8s %8d" % (row, of), *("%16s" % ("%d %s" % (sum(n), percent(sum(n), of))) for n in numbers))


def print_list(found):
    """In the form of the list."""
    file = text = None
    for key, numbers in sorted(found.items(), key=lambda item: (item[0].file, item[1] or [0])):
        for _ in numbers:
            if (key.file, key.function) != file:
                print("\n%s %s" % (key.file, key.function))
                file, text = (key.file, key.function), None
            if key.text != text:
                print("\t%s" % key.text)
                text = key.text
            print("\t%s:" % key.what)


def unseen(lines):
    """Sources of proto/ that no program has."""
    there = [path for ending in ("c", "rl") for path in glob.glob("proto/*." + ending)
             if not re.search(r"(_test\.c|/test[^/]*\.c)$", path)]
    return sorted(path for path in there if path not in lines)


def main():
    (tests, functions), (corpora, more) = load("tests"), load("corpora")
    total = add(tests, corpora)
    found = missing(total, {**more, **functions})
    numbers, stale = strike_out(found)
    left = sorted((key.file, number, key) for key, lines in found.items() for number in lines)
    if sys.argv[2:] == ["--list"]:
        print_list(found)
        return 0
    for path, number, key in left:
        print("%s:%d: %s is not taken, in %s(): %s" % (path, number, key.what, key.function, key.text))
    for problem in stale:
        print(problem)
    absent = unseen(total)
    for path in absent:
        print("%s: no test has it, and no fuzzing target" % path)
    summary([total, tests, corpora], "proto/")
    machine = [load(name + "-generated")[0] for name in ("tests", "corpora")]
    summary([add(*machine), *machine], "generated")
    print("excused  %d lines, %d branches: %s" % (numbers["lines"], numbers["branches"], LIST))
    print("missing  %d lines, %d branches" % (sum(key.what == "line" for *_, key in left),
                                              sum(key.what != "line" for *_, key in left)))
    print("%s/html/index.html shows each line, html/generated/index.html the state machines" % BUILD)
    return 1 if left or stale or absent else 0


sys.exit(main())
