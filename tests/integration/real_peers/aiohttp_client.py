"""Asks a server of aiohttp for everything, through the proxy at argv[1]; fails by an assertion."""

import asyncio
import hashlib
import sys

import aiohttp

BASE = f"http://{sys.argv[1]}"
BODY = b"".join(hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(60_000))


async def keep_alive(session):
    for number in range(50):
        async with session.get(f"{BASE}/kept/{number}") as response:
            assert response.headers["X-Target"] == f"/kept/{number}", response
            assert await response.read() == b""


async def pieces():
    for start in range(0, len(BODY), 50_000):
        yield BODY[start : start + 50_000]
        await asyncio.sleep(0)


async def uploads(session):
    async with session.put(f"{BASE}/length", data=BODY) as response:
        assert await response.read() == BODY
    async with session.post(f"{BASE}/chunks", data=pieces()) as response:
        assert await response.read() == BODY
    async with session.post(f"{BASE}/expected", data=BODY, expect100=True) as response:
        assert await response.read() == BODY


async def conversation(session):
    """A body of which each piece is sent when the one before it came back."""
    queue = asyncio.Queue()

    async def body():
        while (piece := await queue.get()) is not None:
            yield piece

    await queue.put(b"0")
    async with session.post(f"{BASE}/echo", data=body()) as response:
        assert response.headers["X-Method"] == "POST"
        for number in range(20):
            piece = await response.content.readany()
            assert piece == str(number).encode(), piece
            await queue.put(str(number + 1).encode())
        assert await response.content.readany() == b"20"
        await queue.put(None)
        assert await response.content.read() == b""


async def websocket(session):
    async with session.ws_connect(f"{BASE}/websocket", max_msg_size=0) as socket:
        for text in ["", "text", "\u00e4" * 50_000]:
            await socket.send_str(text)
            assert await socket.receive_str() == text
        for size in [0, 1, 126, 65_536, 1_500_000]:
            await socket.send_bytes(BODY[:size])
            assert await socket.receive_bytes() == BODY[:size]
        await socket.ping()
        await socket.send_str("after the ping")
        assert await socket.receive_str() == "after the ping"
    assert socket.close_code == 1000, socket.close_code


async def leave_a_download(session):
    response = await session.get(f"{BASE}/endless")
    await response.content.readexactly(500_000)
    response.close()


async def leave_an_upload(session):
    async def body():
        yield BODY
        await asyncio.sleep(60)

    try:
        timeout = aiohttp.ClientTimeout(total=0.5)
        await session.post(f"{BASE}/swallow", data=body(), timeout=timeout)
    except asyncio.TimeoutError:
        return
    raise AssertionError("an answer before the end of the upload")


async def crowd(session):
    async def one(number):
        data = BODY[: number * 1009]
        async with session.put(f"{BASE}/crowd/{number}", data=data) as response:
            assert response.headers["X-Target"] == f"/crowd/{number}"
            assert await response.read() == data

    await asyncio.gather(*(one(number) for number in range(200)))


async def main():
    async with aiohttp.ClientSession() as session:
        steps = [keep_alive, uploads, conversation, websocket, crowd]
        for step in [*steps, leave_a_download, leave_an_upload, keep_alive]:
            print(step.__name__, flush=True)
            await asyncio.wait_for(step(session), 20)
    print("done", flush=True)


asyncio.run(main())
