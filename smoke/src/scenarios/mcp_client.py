"""Asks an MCP server over stdio, by the official SDK, and prints the answers; knows nothing of who judges them."""

import asyncio
import json
import os
import sys
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


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
    sys.stdout.write(json.dumps(heard))


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
