"""A TLS client that says that it sends no more, and reads on.

usage: tls_half_close.py ADDRESS TEXT
"""

import socket
import ssl
import sys


def main(address, text):
    host, port = address.rsplit(":", 1)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with socket.create_connection((host, int(port)), 9) as connection:

        def until_done(step):
            while True:
                try:
                    done = step()
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    data = connection.recv(65536)
                    if not data:
                        raise EOFError("closed without a word")
                    incoming.write(data)
                else:
                    connection.sendall(outgoing.read())
                    return done

        until_done(tls.do_handshake)
        tls.write(text.encode())
        try:
            tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        connection.sendall(outgoing.read())
        try:
            while data := until_done(lambda: tls.read(65536)):
                sys.stdout.write(data.decode())
        except ssl.SSLZeroReturnError:
            pass


main(*sys.argv[1:])
