"""Answers every request with what h11 made of it, as JSON, until the connection ends."""

import hashlib
import json
import socket
import threading

import h11


def next_event(connection, sock):
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                sock.sendall(connection.send(go_on))
            connection.receive_data(sock.recv(65536))
            continue
        return event


def record(connection, sock, request):
    digest, length = hashlib.sha256(), 0
    while True:
        event = next_event(connection, sock)
        if isinstance(event, h11.EndOfMessage):
            break
        digest.update(event.data)
        length += len(event.data)

    def pairs(headers):
        return [[part.decode("latin-1") for part in pair] for pair in headers]

    return {
        "method": request.method.decode(),
        "target": request.target.decode("latin-1"),
        "version": request.http_version.decode(),
        "headers": pairs(request.headers),
        "trailers": pairs(event.headers),
        "length": length,
        "sha256": digest.hexdigest(),
    }


def answer(connection, sock, request):
    body = json.dumps(record(connection, sock, request), separators=(",", ":")).encode()
    if request.target == b"/chunked":
        # h11 chooses the framing: chunks, or the end of the connection for HTTP/1.0.
        head, trailers = [], [("x-recorded-by", "h11")]
    else:
        head, trailers = [("content-length", str(len(body)))], []
    sock.sendall(connection.send(h11.Response(status_code=200, headers=head)))
    if request.method != b"HEAD":
        sock.sendall(connection.send(h11.Data(data=body)))
    if connection.their_http_version == b"1.0":
        trailers = []
    sock.sendall(connection.send(h11.EndOfMessage(headers=trailers)))


def serve(sock):
    connection = h11.Connection(h11.SERVER)
    with sock:
        while True:
            try:
                event = next_event(connection, sock)
                if isinstance(event, h11.ConnectionClosed):
                    return
                answer(connection, sock, event)
            except h11.RemoteProtocolError as error:
                print(f"refused: {error}", flush=True)
                body = str(error).encode()
                head = f"HTTP/1.1 400 Bad\r\nContent-Length: {len(body)}\r\n\r\n"
                sock.sendall(head.encode() + body)
                return
            except OSError:
                return
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    host, port = listener.getsockname()
    print(f"listening {host}:{port}", flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


main()
