"""The peer that the daemon is measured beside: the smallest Starlette app under uvicorn, on the port given."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def health(request: Request) -> JSONResponse:
    """Answer."""
    return JSONResponse({"status": "healthy"})


async def echo(request: Request) -> JSONResponse:
    """Read a JSON body and answer."""
    return JSONResponse({"results": await request.json()})


app = Starlette(routes=[Route("/health", health), Route("/echo", echo, methods=["POST"])])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
