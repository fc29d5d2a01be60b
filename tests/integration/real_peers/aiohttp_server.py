"""A server on aiohttp: echoes, streams, WebSockets; says when a client left early."""

import asyncio

from aiohttp import web


async def echo(request):
    """Sends each piece of the body back while more is coming."""
    response = web.StreamResponse(headers={"X-Method": request.method})
    response.enable_chunked_encoding()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    await response.write_eof()
    return response


async def whole(request):
    return web.Response(body=await request.read(), headers={"X-Target": request.raw_path})


async def endless(request):
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"x" * 65536)
            await asyncio.sleep(0)
    except (ConnectionError, asyncio.CancelledError):
        print("endless: client left", flush=True)
        raise


async def swallow(request):
    try:
        while await request.content.readany():
            pass
        print("swallow: whole", flush=True)
    except (asyncio.CancelledError, Exception):
        print("swallow: client left", flush=True)
        raise
    return web.Response(text="swallowed")


async def websocket(request):
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if isinstance(message.data, str):
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    print(f"websocket: closed {socket.close_code}", flush=True)
    return socket


async def main():
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/endless", endless)
    app.router.add_post("/swallow", swallow)
    app.router.add_get("/websocket", websocket)
    app.router.add_route("*", "/{rest:.*}", whole)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    print(f"listening {host}:{port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
