"""Servers whose timers the reader knows: T_hello, T_begin and T_idle are 1 second."""

from actors import Client, new_cookie
from capture import syn
from stage import scenario

KNOWN = "--t-hello", "1", "--t-begin", "1", "--t-idle", "1"
LATE = 2.2  # seconds after which a timer of one has expired, and the patience of the reader too


def passer_by(s, server):
    """Somebody connects and leaves, so that the file shows what time it is; returns the mark of that."""
    stranger = Client(s.peer).connect()
    theirs = server.accept()
    mark = syn(stranger.port)
    stranger.close()
    theirs.read_all()
    theirs.close()
    return mark


@scenario("timers")
def silent_connections_closed(s):
    """Two connections, one silent and one with half a preamble, are closed at T_hello; a test runs meanwhile (R-10-5)."""
    s.server(*KNOWN)
    silent, half = Client(s.peer).connect(), Client(s.peer).connect()
    half.send(b"x" * 16)
    s.run_client("-n", "2K", "-l", "1K")
    for stranger in (silent, half):
        stranger.read_all()
        stranger.close()


@scenario("timers")
def silent_connection_kept(s):
    """The server does not close a silent connection at T_hello."""
    server = s.actor_server()
    client = Client(s.peer).connect()
    theirs = server.accept()
    s.pass_time(LATE)
    s.broken("R-10-1", passer_by(s, server))
    s.pass_time(LATE - 1)
    passer_by(s, server)
    client.close()
    theirs.close()


@scenario("timers")
def cookie_released(s):
    """A client gives its cookie and then nothing: the server closes it at T_begin, and serves the next. That one had come
    before, and was rejected."""
    s.server(*KNOWN, "--t-hello", "5")
    stranger = Client(s.peer).connect()
    stranger.send(new_cookie())
    s.run_client("-P", "0", status=1)
    stranger.read_all()
    stranger.close()
    s.run_client("-P", "0")


@scenario("timers")
def cookie_kept(s):
    """The server does not release a provisionally held cookie at T_begin, and keeps its connection."""
    server = s.actor_server()
    client = s.actor()
    stream = client.stream(b"x" * 100)
    theirs = server.accept(83 + 100)
    s.pass_time(LATE)
    s.broken("R-6.3-3", passer_by(s, server))
    s.pass_time(LATE - 1)
    passer_by(s, server)
    stream.close()
    theirs.close()


@scenario("timers")
def silent_test_aborted(s):
    """A running test in which nothing arrives is aborted at T_idle."""
    s.server(*KNOWN)
    client = s.actor()
    client.begin()
    client.results()
    stream = client.stream(b"x" * 100)
    client.control.read_all()
    client.control.close()
    stream.read_all()
    stream.close()


@scenario("timers")
def silent_test_kept(s):
    """The server does not abort a silent test at T_idle."""
    server = s.actor_server()
    client = s.actor()
    client.begin()
    control = server.accept_control()
    s.pass_time(LATE)
    s.broken("R-10-2", passer_by(s, server))
    s.pass_time(LATE - 1)
    passer_by(s, server)
    client.control.close()
    server.end(control)
