'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { PassThrough, Readable } = require('node:stream');
const { text } = require('node:stream/consumers');
const test = require('node:test');
const { pathToFileURL } = require('node:url');

const { HOST, environment, install } = require('./support/installation.js');

function api({ root }) {
  return import(pathToFileURL(path.join(root, 'dist', 'index.mjs')).href);
}

test('runs the program on the streams, environment and folder it is given', async (t) => {
  const installation = install(t, {
    [HOST]: `
      const { KTX_PACKAGE_ROOT: root, MARK: mark } = process.env;
      console.log(JSON.stringify({ args: process.argv.slice(2), root, mark, cwd: process.cwd() }));
      process.stdin.pipe(process.stderr);
      process.exitCode = 3;
    `,
  });
  const { runKtxCli } = await api(installation);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdin: Readable.from(['in', 'put']), stdout, stderr, env: environment({ MARK: 'x' }), cwd: installation.folder };
  assert.equal(await runKtxCli(['sl', 'query'], io), 3);
  assert.ok(!stdout.writableEnded && !stderr.writableEnded, 'the streams stay the caller\'s');
  const [said, talked] = await Promise.all([text(stdout.end()), text(stderr.end())]);
  const { root, folder } = installation;
  assert.deepEqual(JSON.parse(said), { args: ['sl', 'query'], root, mark: 'x', cwd: folder });
  assert.equal(talked, 'input');
});

test('all output is there when the promise is fulfilled', async (t) => {
  const installation = install(t, { [HOST]: 'process.stdout.write("x".repeat(3 << 20))' });
  const { runKtxCli } = await api(installation);
  const stdout = new PassThrough();
  const said = text(stdout);
  assert.equal(await runKtxCli([], { stdout }), 0);
  stdout.end();
  assert.equal((await said).length, 3 << 20);
});

test('what others write on the program\'s streams after its end is waited for', async (t) => {
  const installation = install(t, {
    [HOST]: `
      const script = 'setTimeout(() => console.log("late"), 300)';
      require('child_process').spawn(process.execPath, ['-e', script], { stdio: 'inherit', detached: true }).unref();
    `,
  });
  const { runKtxCli } = await api(installation);
  const stdout = new PassThrough();
  assert.equal(await runKtxCli([], { stdout }), 0);
  assert.equal(await text(stdout.end()), 'late\n');
});

test('a program that does not read its input is no error', async (t) => {
  const installation = install(t, { [HOST]: 'process.exit(0)' });
  const { runKtxCli } = await api(installation);
  assert.equal(await runKtxCli([], { stdin: Readable.from(['x'.repeat(1 << 20), 'y']) }), 0);
});

test('a signal becomes 128 and its number', async (t) => {
  const installation = install(t, { [HOST]: 'process.kill(process.pid, "SIGKILL")' });
  const { runKtxCli } = await api(installation);
  assert.equal(await runKtxCli([]), 137);
});

test('without a program the promise is rejected with a code', async (t) => {
  const installation = install(t);
  const { ktxBinaryPath, runKtxCli } = await api(installation);
  await assert.rejects(runKtxCli([]), { code: 'KTX_PROGRAM_MISSING' });
  assert.throws(() => ktxBinaryPath(), { code: 'KTX_PROGRAM_MISSING' });
});

test('a folder that does not exist is told apart from a damaged program', async (t) => {
  const installation = install(t, { [HOST]: '' });
  const { runKtxCli } = await api(installation);
  const gone = path.join(installation.folder, 'gone');
  await assert.rejects(runKtxCli([], { cwd: gone }), { code: 'KTX_PROGRAM_NOT_STARTED', message: /`.*gone`/ });
  assert.equal(await runKtxCli([], { cwd: installation.folder }), 0);
});

test('arguments that are no strings are refused', async (t) => {
  const installation = install(t, { [HOST]: '' });
  const { runKtxCli } = await api(installation);
  await assert.rejects(runKtxCli('--version'), TypeError);
  await assert.rejects(runKtxCli([1]), TypeError);
  assert.equal(await runKtxCli(['--version']), 0);
});

test('the package tells its name and version, and where its program is', async (t) => {
  const installation = install(t, { [HOST]: '' });
  const { getKtxCliPackageInfo, ktxBinaryPath } = await api(installation);
  assert.deepEqual(getKtxCliPackageInfo(), { name: '@kaelio/ktx', version: '1.2.3' });
  assert.equal(ktxBinaryPath(), path.join(installation.root, 'native', HOST, 'ktx'));
});

test('the types declare what the module exports', async (t) => {
  const types = fs.readFileSync(path.join(__dirname, '..', 'dist', 'index.d.mts'), 'utf8');
  const declared = [...types.matchAll(/export declare function (\w+)/g)].map((match) => match[1]);
  assert.deepEqual(Object.keys(await api(install(t))).sort(), declared.sort());
});
