#!/usr/bin/env python3
"""Looks at workflows of GitHub Actions without GitHub.

    workflows.py lint BUILD FILE...  what is wrong with them, a line each; status 1 if there is anything
    workflows.py run FILE VALUE...   runs its steps here, as GitHub does, but for those called "Build ..."; a VALUE is
                                     NAME=VALUE, instead of that in `env`. Status 1 if a step fails
    workflows.py step FILE NAME      the text that a step runs
"""
import os
import re
import subprocess
import sys
import tempfile

import yaml

EVENTS = {"push", "pull_request", "schedule", "workflow_dispatch"}
KEYS = {
    "workflow": {"name", "on", "permissions", "env", "defaults", "concurrency", "jobs"},
    "job": {"name", "needs", "if", "permissions", "runs-on", "container", "services", "env", "defaults", "concurrency",
            "outputs", "strategy", "timeout-minutes", "steps"},
    "step": {"id", "name", "if", "uses", "with", "run", "shell", "working-directory", "env", "continue-on-error",
             "timeout-minutes"},
}
# A tag or a commit; a branch is somebody else's next commit.
USES = re.compile(r"[\w.-]+/[\w.-]+(/[\w./-]+)?@(v\d+(\.\d+)*|[0-9a-f]{40})$")
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.S)
SUITE = "iperf-suite"
CONTEXTS = {"github", "matrix", "secrets", "steps", "needs", "env", "runner", "job", "inputs"}
FUNCTIONS = {"cancelled", "always", "failure", "success", "hashFiles", "contains", "format"}


class Loader(yaml.SafeLoader):
    """YAML as GitHub reads it: `on` is a word, and a key stands once."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), list("tf"))


def mapping(loader, node):
    keys = [key.value for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", node.start_mark)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


Loader.add_constructor("tag:yaml.org,2002:map", mapping)


def load(path):
    with open(path, encoding="utf-8") as file:
        workflow = yaml.load(file, Loader)
    if not isinstance(workflow, dict):
        raise yaml.YAMLError("it is no mapping")
    return workflow


def steps(workflow):
    for job in workflow.get("jobs", {}).values():
        yield from job.get("steps", [])


# --- what may be wrong --------------------------------------------------------------------------------------------


def keys(kind, where, value):
    for key in set(value) - KEYS[kind]:
        yield f"{where}: '{key}' is no key of a {kind}"


def events(workflow):
    on = workflow.get("on")
    named = {on} if isinstance(on, str) else set(on or ())
    if not named:
        yield "it runs at no event: 'on' is missing"
    for event in named - EVENTS:
        yield f"'{event}' is no event that is used here"
    for entry in (on.get("schedule") or []) if isinstance(on, dict) else []:
        if len(str(entry.get("cron", "")).split()) != 5:
            yield f"cron '{entry.get('cron')}' has not five fields"


def permissions(workflow):
    """The token may read, and nothing else: none of the workflows writes."""
    if not isinstance(workflow.get("permissions"), dict):
        yield "'permissions' are missing, or all of them: name each"
    for part in [workflow, *workflow.get("jobs", {}).values()]:
        granted = part.get("permissions", {})
        for name, level in granted.items() if isinstance(granted, dict) else []:
            if level not in ("read", "none"):
                yield f"permission '{name}: {level}' is more than reading"


def expressions(workflow):
    """Names in ${{ }} and in `if`; what people outside write must not become part of a script."""
    def walk(value, key=""):
        if isinstance(value, dict):
            for inner_key, inner in value.items():
                yield from walk(inner, inner_key)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner, key)
        elif isinstance(value, str):
            found = EXPRESSION.findall(value)
            if key == "run" and found:
                yield f"'{found[0].strip()}' is pasted into a script: hand it over in 'env'"
            if value.count("${{") != len(found):
                yield f"'{value.strip()}' has an expression without end"
            for text in found or ([value] if key == "if" else []):
                bare = re.sub(r"'[^']*'", "", text)
                for name, call in re.findall(r"(?<![\w.-])([A-Za-z_][\w-]*)\s*(\()?", bare):
                    if name not in (FUNCTIONS if call else CONTEXTS | {"true", "false"}):
                        yield f"'{name}' in '{text.strip()}' is unknown"
    return walk(workflow)


def one_job(name, job, others):
    yield from keys("job", f"job {name}", job)
    for key in ("runs-on", "timeout-minutes", "steps"):
        if not job.get(key):
            yield f"job {name}: '{key}' is missing"
    needed = job.get("needs", [])
    for other in [needed] if isinstance(needed, str) else needed:
        if other not in others:
            yield f"job {name}: there is no job '{other}' to wait for"
    for used in re.findall(r"matrix\.([\w-]+)", yaml.safe_dump(job)):
        if used not in job.get("strategy", {}).get("matrix", {}):
            yield f"job {name}: the matrix has no '{used}'"


def one_step(where, step):
    yield from keys("step", where, step)
    if ("uses" in step) == ("run" in step):
        yield f"{where}: either 'uses' or 'run'"
    if "uses" in step and not USES.match(str(step["uses"])):
        yield f"{where}: '{step['uses']}' is no action at a tag or commit"
    if "run" in step and "with" in step:
        yield f"{where}: 'with' is for 'uses'"


def shellcheck(where, text, shell):
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(text)
        file.flush()
        try:
            command = ["shellcheck", "-s", shell, "-f", "gcc", file.name]
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            done = subprocess.run([shell, "-n", file.name], capture_output=True, text=True)
        for line in (done.stdout + done.stderr).splitlines() if done.returncode else []:
            yield f"{where}: {line.replace(file.name, 'line')}"


def variables(where, text, defined):
    """Variables of the environment that nobody sets."""
    for name in set(re.findall(r"\$\{?([A-Z][A-Z_0-9]*)", text)) - defined:
        if not name.startswith(("GITHUB_", "RUNNER_", "PWD")) and not re.search(rf"\b{name}=", text):
            yield f"{where}: '{name}' is not in 'env'"


def used_programs(where, text, known, ours):
    """Targets of make and options of iperf-conform that do not exist; known tells those that do. Unless the
    workflow is ours, `make` is somebody else's, but in the folder SUITE."""
    text = re.sub(r"\\\n", " ", text)
    for line in text.splitlines():
        words = re.split(r"\s+|(?=[|;&<>])", line.split(" # ")[0].strip())
        if words[0] == "make" and (ours or SUITE in words):
            targets = {word for word in words[1:] if re.fullmatch(r"[a-z][a-z-]*", word)}
            for target in targets - {SUITE} - known("make"):
                yield f"{where}: there is no target '{target}'"
        for at in (n for n, word in enumerate(words) if word == "iperf-conform"):
            verbs = [word for word in words[at + 1:at + 3] if re.fullmatch("[a-z]+", word)]
            rest = words[at + 1:words.index("--", at) if "--" in words[at:] else None]
            for option in {word for word in rest if re.fullmatch("--[a-z-]+", word)} - known(verbs[0]):
                yield f"{where}: iperf-conform {' '.join(verbs)} has no option '{option}'"


class Known:
    """What our programs understand, asked once each."""

    def __init__(self, build):
        self.build, self.sets = build, {}

    def __call__(self, name):
        if name not in self.sets:
            command, pattern = ["make", "-pq", ":"], r"^([a-z][a-z-]*):"
            if name != "make":
                command, pattern = [f"{self.build}/iperf-conform", name, "--help"], r"(?<!\S)(--[a-z0-9-]+)"
            text = subprocess.run(command, capture_output=True, text=True).stdout
            self.sets[name] = set(re.findall(pattern, text, re.M))
        return self.sets[name]


def lint(path, known):
    try:
        workflow = load(path)
    except yaml.YAMLError as error:
        yield " ".join(str(error).split())
        return
    yield from keys("workflow", "the file", workflow)
    yield from events(workflow)
    yield from permissions(workflow)
    yield from expressions(workflow)
    jobs = workflow.get("jobs") or {}
    if not jobs:
        yield "there is no job"
    shell = workflow.get("defaults", {}).get("run", {}).get("shell")
    for name, job in jobs.items():
        yield from one_job(name, job, jobs)
        for number, step in enumerate(job.get("steps") or [], 1):
            where = f"job {name}, step {number}"
            yield from one_step(where, step)
            text = step.get("run", "")
            # Without the word, bash is started in a way in which only the last of `a | b` counts.
            if re.search(r"[^|]\|[^|]", text) and step.get("shell", shell) != "bash":
                yield f"{where}: 'shell: bash' is missing, what fails before | would not be seen"
            yield from shellcheck(where, text, "bash")
            yield from variables(where, text, {*workflow.get("env", {}), *job.get("env", {}), *step.get("env", {})})
            yield from used_programs(where, text, known, path.startswith(".github/"))


# --- running ------------------------------------------------------------------------------------------------------


def run(workflow, values):
    environment = {**os.environ, "GITHUB_STEP_SUMMARY": os.path.abspath("summary.md")}
    for name, value in {**workflow.get("env", {}), **values}.items():
        if "${{" in str(value):
            sys.exit(f"'{name}' has to be given: what it is otherwise, only GitHub knows")
        environment[name] = str(value)
    failed = False
    for step in steps(workflow):
        name = step.get("name", "")
        if "run" not in step or name.startswith("Build ") or failed and "!cancelled()" not in step.get("if", ""):
            continue
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        environment.update(step.get("env", {}))
        status = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode
        print(f"== {name}: status {status}", flush=True)
        failed = failed or status != 0
    return failed


def main(words):
    if len(words) > 2 and words[0] == "lint":
        known, wrong = Known(words[1]), 0
        for path in words[2:]:
            for sentence in lint(path, known):
                print(f"{path}: {sentence}")
                wrong = 1
        return wrong
    if len(words) > 1 and words[0] == "run":
        return run(load(words[1]), dict(word.split("=", 1) for word in words[2:]))
    if len(words) == 3 and words[0] == "step":
        found = [step["run"] for step in steps(load(words[1])) if step.get("name") == words[2] and "run" in step]
        print("".join(found), end="")
        return len(found) != 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
