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

test('arguments that are not strings are refused', async (t) => {
  const installation = install(t, { [HOST]: '' });
  const { runKtxCli } = await api(installation);
  await assert.rejects(runKtxCli('--version'), TypeError);
  await assert.rejects(runKtxCli([1]), TypeError);
  assert.equal(await runKtxCli(['--version']), 0);
});

test('the package reports its name and version, and where its program is', async (t) => {
  const installation = install(t, { [HOST]: '' });
  const { getKtxCliPackageInfo, ktxBinaryPath } = await api(installation);
  assert.deepEqual(getKtxCliPackageInfo(), { name: '@kaelio/ktx', version: '1.2.3' });
  assert.equal(ktxBinaryPath(), path.join(installation.root, 'native', HOST, 'ktx'));
});

test('the types declare what the module exports', async (t) => {
  const types = fs.readFileSync(path.join(__dirname, '..', 'dist', 'ktx-api.d.ts'), 'utf8');
  const declared = [...types.matchAll(/export declare (?:function|class) (\w+)/g)].map((match) => match[1]);
  const installation = install(t);
  assert.deepEqual(Object.keys(await api(installation)).sort(), declared.sort());
  assert.deepEqual(Object.keys(require(path.join(installation.root, 'dist', 'ktx-api.js'))).sort(), declared.sort());
});

test('every code that the types promise is one that the package gives, and no other', () => {
  const dist = path.join(__dirname, '..', 'dist');
  const codes = (text) => [...new Set(text.match(/KTX_(?:PROGRAM|STREAM|ABORTED|PACKAGE_BUNDLED)\w*/g))].sort();
  const sources = fs.readdirSync(dist).filter((file) => /\.m?js$/.test(file));
  const given = sources.flatMap((file) => fs.readFileSync(path.join(dist, file), 'utf8'));
  assert.deepEqual(codes(given.join('\n')), codes(fs.readFileSync(path.join(dist, 'ktx-api.d.ts'), 'utf8')));
});

test('both kinds of module share one class of errors', async (t) => {
  const installation = install(t);
  const module = await api(installation);
  const { KtxError, runKtxCli } = require(path.join(installation.root, 'dist', 'ktx-api.js'));
  assert.equal(module.KtxError, KtxError);
  await assert.rejects(module.runKtxCli([]), KtxError);
  await assert.rejects(runKtxCli([]), { name: 'KtxError' });
});

for (const [what, change] of [
  ['of another name', (manifest) => fs.writeFileSync(manifest, '{"name": "host", "version": "9.9.9"}')],
  ['that does not parse', (manifest) => fs.writeFileSync(manifest, '{')],
  ['that is not there', (manifest) => fs.rmSync(manifest)],
]) {
  test(`code that a bundler moved under a package.json ${what} says so at its first use`, async (t) => {
    const installation = install(t, { [HOST]: 'console.log("ran")' });
    const { getKtxCliPackageInfo, ktxBinaryPath, runKtxCli } = require(path.join(installation.root, 'dist', 'ktx-api.js'));
    assert.equal(getKtxCliPackageInfo().version, '1.2.3');
    change(path.join(installation.root, 'package.json'));
    const expected = { name: 'KtxError', code: 'KTX_PACKAGE_BUNDLED', message: /hint: mark @kaelio\/ktx as external/ };
    assert.throws(getKtxCliPackageInfo, expected);
    assert.throws(ktxBinaryPath, expected);
    await assert.rejects(runKtxCli([]), expected);
  });
}

test('the ES module finds the package from beside a bundle, or says that it cannot', async (t) => {
  const installation = install(t, { [HOST]: '' });
  const manifest = { name: '@kaelio/ktx', version: '1.2.3', main: './dist/ktx-api.js' };
  fs.writeFileSync(path.join(installation.root, 'package.json'), JSON.stringify(manifest));
  const bundle = (folder) => {
    const file = path.join(folder, 'dist', 'bundle.mjs');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.copyFileSync(path.join(installation.root, 'dist', 'index.mjs'), file);
    fs.writeFileSync(path.join(folder, 'package.json'), '{"name": "host", "version": "9.9.9"}');
    return import(pathToFileURL(file).href);
  };
  const near = await bundle(path.join(installation.folder, 'host'));
  assert.deepEqual(near.getKtxCliPackageInfo(), { name: '@kaelio/ktx', version: '1.2.3' });
  const { folder, root } = install(t);
  fs.rmSync(root, { recursive: true });
  const far = await bundle(folder);
  const expected = { name: 'KtxError', code: 'KTX_PACKAGE_BUNDLED', message: /hint: mark @kaelio\/ktx as external/ };
  assert.throws(far.getKtxCliPackageInfo, expected);
  assert.throws(far.ktxBinaryPath, expected);
  await assert.rejects(far.runKtxCli([]), expected);
});
