"""Asks an MCP server over stdio and HTTP, by the official SDK, and prints the answers; knows nothing of who judges them."""

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx2
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client


async def main(command: str, arguments: list[str]) -> None:
    """Asks the server that this command line starts."""
    server = StdioServerParameters(command=command, args=arguments, env=dict(os.environ), cwd=Path.cwd())
    async with stdio_client(server) as (reader, writer), ClientSession(reader, writer) as session:
        greeting = await session.initialize()
        tools = {tool.name for tool in (await session.list_tools()).tools}
        connections = await session.call_tool("connection_list", {})
        query = await session.call_tool(
            "sl_query",
            {"connectionId": "warehouse", "measures": ["orders.order_count"]},
        )
        unknown = await session.call_tool(
            "sl_read_source",
            {"connectionId": "warehouse", "sourceName": "no_such_source"},
        )
        heard = {
            "server": greeting.server_info.name,
            "tools": sorted(tools),
            "connections": document(connections).get("connections"),
            "query": document(query),
            "unknownSourceIsError": unknown.is_error,
        }
    heard["http"] = await over_http(command, ["http" if word == "stdio" else word for word in arguments])
    sys.stdout.write(json.dumps(heard))


async def over_http(command: str, arguments: list[str]) -> dict:
    """Starts the server on a free port, and asks it as two clients at once."""
    server = await asyncio.create_subprocess_exec(
        command, *arguments, "--port", "0", stderr=asyncio.subprocess.PIPE, cwd=Path.cwd()
    )
    try:
        where = (await server.stderr.readline()).decode()
        token = (await server.stderr.readline()).decode().split("`")[3]
        url = next(word for word in where.split() if word.startswith("http://"))
        headers = {"Authorization": f"Bearer {Path(token).read_text()}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as one,
            httpx2.AsyncClient(headers=headers, timeout=60) as two,
            streamable_http_client(url, http_client=one) as first,
            streamable_http_client(url, http_client=two) as second,
            ClientSession(first[0], first[1]) as asking,
            ClientSession(second[0], second[1]) as listing,
        ):
            await asking.initialize()
            await listing.initialize()
            query = await asking.call_tool("sl_query", {"measures": ["orders.order_count"]})
            connections = await listing.call_tool("connection_list", {})
            return {"rows": document(query).get("rows"), "connections": document(connections).get("connections")}
    finally:
        server.terminate()
        await server.wait()


def document(result) -> dict:
    """The object that a tool answers with; what it says as text, when that is not an object."""
    if result.structured_content is not None:
        return result.structured_content
    text = "".join(part.text for part in result.content if part.type == "text")
    try:
        return json.loads(text)
    except ValueError:
        return {"text": text}


asyncio.run(main(sys.argv[1], sys.argv[2:]))
