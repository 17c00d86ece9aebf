"""Capture files: capturing with tcpdump, reading back, and marks.

A mark names a packet by what is in it, such as "the first that carries octet 80 of the connection from port 40000". It is
made while a capture is taken, and looked up afterwards. It is a function: packets of the file in, packet number out.
"""

import copy
import os
import signal
import socket
import struct
import subprocess
import time

ETHERNET, RAW, SLL, SLL2 = 1, 101, 113, 276
FIN, SYN, RST, ACK = 1, 2, 4, 16

PATIENCE = 5  # seconds that a packet may take into the file


def pause(seconds=0.001):
    time.sleep(seconds)


class Problem(Exception):
    """The capture could not be made."""


# --- reading --------------------------------------------------------------------------------------------------------


class Packet:
    def __init__(self, number, time_ns, octets, length):
        self.number = number
        self.time_ns = time_ns
        self.octets = octets  # as captured, link layer included
        self.length = length  # on the wire
        self.ip_at = self.tcp = self.source_port = None
        self.payload = b""

    def copy(self):
        return copy.copy(self)

    def decode(self, linktype):
        """The fields below; self.tcp stays None where there is neither TCP nor UDP."""
        at = {ETHERNET: 14, RAW: 0, SLL: 16, SLL2: 20}[linktype]
        data = self.octets[at:]
        if data[0] >> 4 == 4:
            header, protocol = (data[0] & 15) * 4, data[9]
            end = struct.unpack_from(">H", data, 2)[0]
            addresses = data[12:16], data[16:20]
            if struct.unpack_from(">H", data, 6)[0] & 0x1fff:
                return  # a later fragment
        else:
            header, protocol = 40, data[6]
            end = 40 + struct.unpack_from(">H", data, 4)[0]
            addresses = data[8:24], data[24:40]
        if protocol not in (6, 17):
            return
        self.ip_at, self.at = at, at + header
        self.source, self.destination = addresses
        self.source_port, self.destination_port = struct.unpack_from(">HH", data, header)
        self.tcp = protocol == 6
        if self.tcp:
            self.seq, self.ack, offset, self.flags = struct.unpack_from(">IIBB", data, header + 4)
            header += (offset >> 4) * 4
        else:
            header += 8
        if end < header:  # "0": segmentation offload
            end = self.length - at
        self.payload_at = at + header
        self.payload_length = end - header
        self.payload = data[header:end]


class File:
    """A pcap file as it is now; what is half written at its end is left out."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.header = data[:24]
        self.packets = []
        if len(data) < 24:
            return
        magic, self.snaplen, self.linktype = struct.unpack("<I12xII", self.header)
        self.unit_ns = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[magic]
        at = 24
        while at + 16 <= len(data):
            seconds, fraction, captured, length = struct.unpack_from("<IIII", data, at)
            at += 16
            if at + captured > len(data):
                break
            self.add(seconds * 10**9 + fraction * self.unit_ns, data[at:at + captured], length)
            at += captured

    def add(self, time_ns, octets, length):
        packet = Packet(len(self.packets) + 1, time_ns, octets, length)
        packet.decode(self.linktype)
        self.packets.append(packet)

    def write(self, path):
        """As pcap, in the unit of self.unit_ns."""
        magic = {1000: 0xa1b2c3d4, 1: 0xa1b23c4d}[self.unit_ns]
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, self.snaplen, self.linktype))
            for packet in self.packets:
                seconds, rest = divmod(packet.time_ns, 10**9)
                file.write(struct.pack("<IIII", seconds, rest // self.unit_ns, len(packet.octets), packet.length))
                file.write(packet.octets)

    def settled(self):
        """Every TCP connection has ended: both sides' FIN are acknowledged, or one has reset it."""
        fins, acked, live = {}, {}, set()
        for p in self.packets:
            if not p.tcp:
                continue
            key = (p.source, p.source_port, p.destination, p.destination_port)
            back = key[2:] + key[:2]
            if p.flags & RST:
                live -= {key, back}
                continue
            if p.flags & SYN:
                live.add(key)
                fins.pop(key, None)
            if p.flags & FIN:
                fins[key] = (p.seq + p.payload_length + 1) & 0xffffffff
            if fins.get(back) == p.ack:
                live.discard(back)
        return not live


# --- marks ----------------------------------------------------------------------------------------------------------


def matching(packets, port, to_server, tcp=True):
    for p in packets:
        if p.tcp == tcp and (p.source_port if to_server else p.destination_port) == port:
            yield p


def first(what, found):
    for packet in found:
        return packet.number
    raise Problem(f"the capture has no {what}")


def flag(bit, name):
    def make(port, to_server=True):
        return lambda packets: first(f"{name} of port {port}",
                                     (p for p in matching(packets, port, to_server) if p.flags & bit))
    return make


syn = flag(SYN, "SYN")
fin = flag(FIN, "FIN")
rst = flag(RST, "RST")
end = flag(FIN | RST, "end")


def octet(port, to_server, offset):
    """The first packet with that octet of a direction."""
    def find(packets):
        starts = [p.seq + 1 for p in matching(packets, port, to_server) if p.flags & SYN]
        if not starts:
            raise Problem(f"the capture has no SYN of port {port}")

        def holds(p):
            return (offset - (p.seq - starts[0])) % 2**32 < p.payload_length and not p.flags & SYN
        return first(f"octet {offset} of port {port}", filter(holds, matching(packets, port, to_server)))
    return find


def datagram(port, to_server, index):
    """The index-th datagram of a client's port."""
    def find(packets):
        found = list(matching(packets, port, to_server, tcp=False))
        return first(f"datagram {index} of port {port}", found[index:])
    return find


def opened_with(keyword, index=0):
    """The client's port of the index-th connection whose first message is keyword, to be called with the packets."""
    def find(packets):
        ports = [p.source_port for p in packets if p.tcp and p.payload[32:].startswith(keyword + b" ")]
        if index >= len(ports):
            raise Problem(f"the capture has no {keyword.decode()} number {index}")
        return ports[index]
    return find


def of(port, mark, *arguments):
    """A mark for a port that only the capture knows: of(opened_with(...), fin, False)."""
    return lambda packets: mark(port(packets), *arguments)(packets)


def number(n):
    """A packet by its number; from the end when negative."""
    return lambda packets: packets[n - 1 if n > 0 else n].number


# --- capturing ------------------------------------------------------------------------------------------------------


class Tcpdump:
    """A running tcpdump that writes to path."""

    def __init__(self, path, filter_text, interface="lo", options=(), prefix=()):
        self.path = path
        # Room for 1000 packets: in immediate mode each takes as much as the longest might.
        command = [*prefix, "tcpdump", "-n", "-i", interface, "-U", "--immediate-mode", "-s", "66000", "-B", "65536", "-w", path,
                   *options]
        if os.geteuid() == 0:
            command += ["-Z", "root"]  # else it gives up its rights, and may not write here
        self.process = subprocess.Popen(command + filter_text.split(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = ""
        for line in self.process.stderr:
            said += line
            if "listening on" in line:
                return
        self.process.wait()
        raise Problem(f"tcpdump captures nothing: {said.strip()}")

    def wait(self, condition, what, quiet=False):
        """Until condition(file) holds, and with quiet, the file grows no more."""
        deadline = time.monotonic() + PATIENCE
        size = -1
        while time.monotonic() < deadline:
            file = File(self.path)
            if file.packets and condition(file) and (not quiet or size == os.path.getsize(self.path)):
                return file
            size = os.path.getsize(self.path)
            pause(0.02)
        raise Problem(f"tcpdump did not see {what} within {PATIENCE} s")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.stderr.read()
        self.process.wait()
        self.process.stderr.close()


def free_port():
    """A port that is free on TCP and UDP."""
    for _ in range(100):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise Problem("no free port")
