"""Where a scenario takes place: it starts programs and actors, captures, and keeps what is expected of the capture."""

import os
import signal
import subprocess
import tempfile
import time

import actors
import capture

SCENARIOS = {}  # by name, in the order of README.md


def scenario(group, name=None, suffix=".pcap", **how):
    """Makes a scenario of a function, whose words are its story. how: see Stage.begin()."""
    def register(function):
        key = name or function.__name__.replace("_", "-")
        SCENARIOS[key] = Scenario(key, group, suffix, " ".join(function.__doc__.split()), function, how)
        return function
    return register


class Scenario:
    def __init__(self, name, group, suffix, story, function, how):
        self.name, self.group, self.suffix, self.story = name, group, suffix, story
        self.function, self.how = function, how

    def play(self, stage):
        """Makes the file; returns its row of README.md."""
        try:
            stage.begin(**self.how)
            self.function(stage)
            file = stage.end()
        finally:
            stage.clear()
        return f"| {self.name}{self.suffix} | {stage.verdict()} | {stage.findings(file)} | {self.story} |"


class Program:
    """A process that is ended by its number, if it does not end by itself."""

    def __init__(self, command, **how):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, **how)

    def wait_for(self, words):
        said = ""
        for line in self.process.stdout:
            said += line
            if words in line:
                return self
        raise capture.Problem(f"{self.process.args[0]} did not say {words!r} but: {said.strip()}")

    def wait(self, status=0):
        said, _ = self.process.communicate(timeout=30)
        if status is not None and self.process.returncode != status:
            raise capture.Problem(f"{' '.join(self.process.args)} ended with status {self.process.returncode}, "
                                  f"not {status}: {said.strip()}")

    def signal(self, number):
        self.process.send_signal(number)

    def pause(self):
        """Stops it, and waits until it stands still."""
        self.signal(signal.SIGSTOP)
        while open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()[0] != "T":
            capture.pause()

    def resume(self):
        self.signal(signal.SIGCONT)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Stage:
    def __init__(self, path, port, build):
        self.path, self.port, self.build = path, port, build
        self.host = "127.0.0.1"
        self.reference = [os.path.join(build, "iperf-ref"), "-p", str(port)]
        self.expected = []    # (mark, requirement, suffix)
        self.damaged = False  # nothing can be told for want of packets
        self.rewriting = None
        self.writing = None   # (file, path), for another format
        self.cleaning = []    # to be called at the end
        self.tcpdump = None
        self.in_server = []   # what runs a command where the server is
        self.in_capture = []  # and where the capture is taken

    @property
    def peer(self):
        return self.host, self.port

    # --- capturing

    def begin(self, interface="lo", host=None, filter_text=None, options=(), place=None):
        """Captures on interface what filter_text tells, by default all of the port, with further options of tcpdump.
        place prepares the stage before, and may change what the others say."""
        self.host = host or self.host
        self.interface, self.filter_text, self.options = interface, filter_text or f"port {self.port}", options
        if place:
            place(self)
        handle, self.temporary = tempfile.mkstemp(suffix=".pcap", dir=os.path.dirname(self.path))
        os.close(handle)
        self.cleaning.append(lambda: os.path.exists(self.temporary) and os.unlink(self.temporary))
        self.tcpdump = capture.Tcpdump(self.temporary, self.filter_text, self.interface, self.options, self.in_capture)

    def end(self):
        """Waits until the capture is complete, rewrites it if it is to be, and puts it in its place."""
        file = self.tcpdump.wait(capture.File.settled, "the end of all connections", quiet=True)
        self.stop_capturing()
        if self.rewriting:
            self.rewriting(file)
            for i, packet in enumerate(file.packets):
                packet.number = i + 1
        if self.writing:
            self.writing(file, self.path)
        elif self.rewriting:
            file.write(self.path)
        else:
            os.replace(self.temporary, self.path)
        os.chmod(self.path, 0o644)
        return file

    def stop_capturing(self):
        if self.tcpdump:
            self.tcpdump.stop()
        self.tcpdump = None

    def clear(self):
        self.stop_capturing()
        while self.cleaning:
            self.cleaning.pop()()

    def seen(self, condition, what):
        """Waits until condition(file) holds of what was captured so far."""
        return self.tcpdump.wait(condition, what)

    # --- programs and actors

    def start(self, command, **how):
        program = Program(command, **how)
        self.cleaning.append(program.end)
        return program

    def server(self, *options, port=None):
        """The reference as the server, ready."""
        command = self.in_server + self.reference + ["-s", *options]
        if port:
            command += ["-p", str(port)]
        return self.start(command).wait_for("listening")

    def client(self, *options, port=None):
        """The reference as the client, running."""
        return self.start(self.reference + ["-c", self.host, *(["-p", str(port)] if port else []), *options])

    def run_client(self, *options, status=0, port=None):
        self.client(*options, port=port).wait(status)

    def actor(self, cookie=None):
        return actors.Client(self.peer, cookie)

    def actor_server(self):
        server = actors.Server(self.peer)
        self.cleaning.append(server.close)
        return server

    @staticmethod
    def pass_time(seconds):
        """Where the story is one of time."""
        time.sleep(seconds)

    # --- what is expected

    def broken(self, requirement, mark):
        self.expected.append((mark, requirement, ""))

    def not_followed(self, requirement, mark):
        """A SHOULD."""
        self.expected.append((mark, requirement, "!"))

    def unclear(self, requirement, mark):
        """requirement may be "capture", where none is at stake."""
        self.expected.append((mark, requirement, "?"))

    def verdict(self):
        suffixes = {suffix for _, _, suffix in self.expected}
        if "" in suffixes:
            return "broken"
        return "inconclusive" if "?" in suffixes or self.damaged else "conforms"

    def findings(self, file):
        found = sorted((mark(file.packets), requirement, suffix) for mark, requirement, suffix in self.expected)
        return ", ".join(f"{requirement}@{number}{suffix}" for number, requirement, suffix in found) or "-"

    # --- what is done to the file afterwards

    def rewrite(self, function, writing=None):
        """function(file) changes the packets; they keep what was decoded of them. writing(file, path) writes another
        format."""
        self.rewriting, self.writing = function, writing
