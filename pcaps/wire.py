"""A wire between two network namespaces that loses and delays what it is told to.

Its ends are tun devices: "wire0" here, where the clients are (10.0.0.1), and "wire1" where the server is (10.0.0.2). What
is written to one is read here, and given to the other. So a capture of either is one of raw IP.
"""

import fcntl
import heapq
import os
import select
import struct
import subprocess
import threading
import time

import capture

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Wire:
    def __init__(self):
        if not os.environ.get("PCAPS_NAMESPACE"):
            raise capture.Problem("this one wants a network namespace")
        self.rule = lambda packet, to_server: 0
        self.ends = open_tun("wire0"), open_tun("wire1")
        # A process that does nothing keeps the other namespace alive.
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; read nothing"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.in_server = ["nsenter", "-t", str(self.holder.pid), "-n"]
        run = subprocess.check_call
        run(["ip", "link", "set", "wire1", "netns", str(self.holder.pid)])
        for prefix, name, mine, other in (([], "wire0", CLIENT, SERVER), (self.in_server, "wire1", SERVER, CLIENT)):
            run(prefix + ["ip", "addr", "add", mine, "peer", other, "dev", name])
            run(prefix + ["ip", "link", "set", name, "up"])
        self.wake = os.pipe()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        waiting, count = [], 0  # (time, order, fd, octets)
        while True:
            timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            ready, _, _ = select.select([*self.ends, self.wake[0]], [], [], timeout)
            if self.wake[0] in ready:
                return
            for side, fd in enumerate(self.ends):
                if fd not in ready:
                    continue
                octets = os.read(fd, 65536)
                packet = capture.Packet(0, 0, octets, len(octets))
                packet.decode(capture.RAW)
                delay = 0 if packet.tcp is None else self.rule(packet, side == 0)
                if delay is not None:
                    count += 1
                    heapq.heappush(waiting, (time.monotonic() + delay, count, self.ends[1 - side], octets))
            while waiting and waiting[0][0] <= time.monotonic():
                os.write(waiting[0][2], waiting[0][3])
                heapq.heappop(waiting)

    def close(self):
        os.write(self.wake[1], b".")
        self.thread.join()
        for fd in (*self.ends, *self.wake):
            os.close(fd)
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()


def wired(at_server=False):
    """Prepares a stage: the server at the other end of a wire, the capture at the client's end or at the server's."""
    def prepare(stage):
        stage.wire = Wire()
        stage.cleaning.append(stage.wire.close)
        stage.host = SERVER
        stage.in_server = stage.wire.in_server
        stage.interface = "wire0"
        if at_server:
            stage.interface, stage.in_capture = "wire1", stage.wire.in_server
    return prepare
