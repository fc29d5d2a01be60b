"""Python's standard TLS, requests of its http.client, and aiohttp, towards one proxy.

usage: tls_client.py ADDRESS AUTHORITY
"""

import asyncio
import hashlib
import http.client
import socket
import ssl
import sys

import aiohttp
from aiohttp.abc import AbstractResolver

NAME = "site.test"


class Always(AbstractResolver):
    """Finds every name at the proxy."""

    def __init__(self, host):
        self.host = host

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {
                "hostname": host,
                "host": self.host,
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self):
        pass


def trusting(authority):
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["http/1.1"])
    return context


def standard_library(host, port, authority):
    """Each version, a session resumed, keep-alive, and a close that is in order."""
    for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
        context = trusting(authority)
        context.minimum_version = context.maximum_version = version
        session = None
        for _ in range(3):
            plain = socket.create_connection((host, port), 9)
            with context.wrap_socket(plain, server_hostname=NAME, session=session) as tls:
                assert tls.selected_alpn_protocol() == "http/1.1"
                assert tls.session_reused == (session is not None), (version, session)
                connection = http.client.HTTPConnection(NAME)
                connection.sock = tls
                for number in range(20):
                    connection.request("GET", f"/{number}", headers={"Host": NAME})
                    assert connection.getresponse().read() == b"GET 0"
                session = tls.session
                tls.unwrap()


def wrong_name(host, port, authority):
    context = trusting(authority)
    plain = socket.create_connection((host, port), 9)
    try:
        context.wrap_socket(plain, server_hostname="other.test")
    except ssl.SSLCertVerificationError as error:
        assert "Hostname mismatch" in str(error), error
    else:
        raise AssertionError("other.test is not the certificate's")


async def many(host, port, authority):
    """A hundred streams over a few connections, each with a body of its own."""
    connector = aiohttp.TCPConnector(
        ssl=trusting(authority), resolver=Always(host), limit=10
    )
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(number):
            body = hashlib.shake_256(str(number).encode()).digest(number * 997)
            url = f"https://{NAME}:{port}/{number}"
            async with session.post(url, data=body) as response:
                digest = hashlib.sha256(body).hexdigest()
                assert await response.text() == f"POST {len(body)}", digest

        await asyncio.gather(*(one(number) for number in range(100)))


def main(address, authority):
    host, port = address.rsplit(":", 1)
    standard_library(host, int(port), authority)
    wrong_name(host, int(port), authority)
    asyncio.run(many(host, int(port), authority))
    print("done")


main(*sys.argv[1:])
