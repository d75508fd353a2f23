// Asks an MCP server over stdio and HTTP, by the official TypeScript SDK and by the inspector, and prints the answers;
// knows nothing of who judges them. Arguments: the folder with both clients, the program, its arguments.
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const [modules, command, ...argv] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');

// An installation may take long; every step of it begins anew.
const patience = { timeout: 600_000, resetTimeoutOnProgress: true };
const query = { name: 'sl_query', arguments: { connectionId: 'warehouse', measures: ['orders.order_count'] } };

/** What a client of the SDK hears. Having listed the tools, it validates each answer by the schema of its tool. */
async function heard(transport) {
  const client = new Client({ name: 'smoke', version: '1' });
  await client.connect(transport);
  let steps = [];
  // Taken from the transport: of steps that arrive together with the answer, the SDK reports none.
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) => {
    if (message.method === 'notifications/progress') steps.push(message.params.message);
    deliver(message, extra);
  };
  const call = async (request, options) => {
    steps = [];
    const answer = await client.callTool(request, undefined, { ...patience, onprogress: () => {}, ...options });
    return { steps, answer };
  };
  try {
    const { tools } = await client.listTools();
    const asked = await call(query);
    const scanned = await call({ name: 'scan_trigger', arguments: { connectionId: 'warehouse' } });
    const { resources } = await client.listResources();
    const source = await client.readResource({ uri: 'ktx://warehouse/orders' });
    const missing = { connectionId: 'warehouse', sourceName: 'no_such_source' };
    const unknown = await call({ name: 'sl_read_source', arguments: missing });
    return {
      server: client.getServerVersion().name,
      tools: tools.map((tool) => tool.name).sort(),
      untyped: tools.filter((tool) => !tool.outputSchema).map((tool) => tool.name),
      query: asked.answer.structuredContent,
      querySteps: asked.steps,
      scanSteps: scanned.steps,
      resources: resources.map((resource) => resource.uri),
      source: source.contents[0].text.split('\n')[0],
      unknownSourceIsError: unknown.answer.isError,
      unknownTool: await call({ name: 'no_such_tool', arguments: {} }).catch((error) => error.code),
      cancelled: await cancelled(call),
      afterwards: await client.ping(),
    };
  } finally {
    await client.close();
  }
}

/** Cancels a call that would go on until its time is over. */
async function cancelled(call) {
  const stop = new AbortController();
  const sql = 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n';
  const asked = call({ name: 'sql_execute', arguments: { connectionId: 'warehouse', sql } }, { signal: stop.signal });
  stop.abort('not needed any more');
  return asked.then(
    () => false,
    () => true,
  );
}

/** What the inspector prints for one method: as its user calls it. */
async function inspected(target, method, ...options) {
  const inspector = `${modules}/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js`;
  const words = [inspector, '--cli', ...target, '--method', method, ...options, '--format', 'json', '--quiet'];
  const printed = await promisify(execFile)(process.execPath, words, { maxBuffer: 1 << 26 });
  return JSON.parse(printed.stdout).result;
}

async function inspectorHears(target) {
  const { tools } = await inspected(target, 'tools/list');
  const args = JSON.stringify(query.arguments);
  const asked = await inspected(target, 'tools/call', '--tool-name', 'sl_query', '--tool-args-json', args);
  const source = await inspected(target, 'resources/read', '--uri', 'ktx://warehouse/orders');
  return { tools: tools.map((tool) => tool.name).sort(), query: asked.structuredContent, source };
}

/** Starts the server on a free port, and ends it when the work is done. */
async function overHttp(work) {
  const words = argv.map((word) => (word === 'stdio' ? 'http' : word));
  const server = spawn(command, [...words, '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const lines = createInterface({ input: server.stderr })[Symbol.asyncIterator]();
    const url = (await lines.next()).value.match(/http:\/\/\S+/)[0];
    const token = readFileSync((await lines.next()).value.split('`')[3], 'utf8');
    return await work(url, `Bearer ${token}`);
  } finally {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }
}

const stdio = await heard(new StdioClientTransport({ command, args: argv, env: process.env, stderr: 'inherit' }));
// The inspector starts a server with next to nothing of its own environment.
const environment = Object.entries(process.env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
const inspector = { stdio: await inspectorHears([...environment, command, ...argv]) };
const http = await overHttp(async (url, authorization) => {
  const header = `Authorization: ${authorization}`;
  inspector.http = await inspectorHears(['--server-url', url, '--transport', 'http', '--header', header]);
  const requestInit = { headers: { authorization } };
  return heard(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
});
process.stdout.write(JSON.stringify({ stdio, http, inspector }));
