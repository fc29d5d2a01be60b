"""Reads byte streams with h11 and prints what it understands, for tests/integration/independent.rs.

The file that the only argument names has a stream a line, bytes being hexadecimal:

    request BYTES               what a client sent
    response METHODS BYTES      what a server sent in answer to these methods, with commas between

For each stream, in order, printed are the messages and how the stream ends:

    message METHOD TARGET       of a response: STATUS REASON
    field NAME VALUE
    body BYTES
    trailer NAME VALUE
    end                         the message is whole; without this line it is cut short
    stream ok                   nothing is left but what is cut short
    stream error TEXT           h11 refused the rest
"""

import sys

import h11

LEN_MAX = 1 << 20


def shown(*words):
    print(" ".join(word if isinstance(word, str) else bytes(word).hex() for word in words))


def fields(kind, headers):
    for name, value in headers:
        shown(kind, name, value)


def print_event(event):
    if isinstance(event, h11.Request):
        shown("message", event.method, event.target)
        fields("field", event.headers)
    elif isinstance(event, (h11.Response, h11.InformationalResponse)):
        shown("message", str(event.status_code).encode(), event.reason)
        fields("field", event.headers)
        if isinstance(event, h11.InformationalResponse):
            shown("end")
    elif isinstance(event, h11.Data):
        shown("body", event.data)
    elif isinstance(event, h11.EndOfMessage):
        fields("trailer", event.headers)
        shown("end")


def read_message(connection, data):
    """Prints a message. Returns the bytes behind it."""
    if data:
        connection.receive_data(data)
    ended = False
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            # What the end of the stream alone makes invalid is cut short.
            if ended:
                return b""
            raise
        if event is h11.NEED_DATA:
            ended = True
            connection.receive_data(b"")
        elif isinstance(event, h11.ConnectionClosed):
            return b""
        else:
            print_event(event)
            if isinstance(event, h11.EndOfMessage):
                return connection.trailing_data[0]


def read_requests(data):
    while data:
        data = read_message(h11.Connection(h11.SERVER, LEN_MAX), data)


def read_responses(methods, data):
    for method in methods.split(","):
        if not data:
            return
        connection = h11.Connection(h11.CLIENT, LEN_MAX)
        connection.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
        connection.send(h11.EndOfMessage())
        data = read_message(connection, data)
    if data:
        raise h11.RemoteProtocolError("more bytes than responses: " + repr(data))


def read_stream(words):
    try:
        if words[0] == "request":
            read_requests(bytes.fromhex(words[1]))
        else:
            read_responses(words[1], bytes.fromhex(words[2]))
    except h11.RemoteProtocolError as error:
        shown("stream", "error", str(error).replace("\n", " "))
    else:
        shown("stream", "ok")


with open(sys.argv[1], encoding="ascii") as file:
    for line in file:
        read_stream(line.rstrip("\n").split(" "))
