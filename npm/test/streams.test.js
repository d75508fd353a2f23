'use strict';

/** The caller's streams and signal: whatever becomes of them, a run ends, and no program stays behind. */

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { PassThrough, Readable, Writable } = require('node:stream');
const { text } = require('node:stream/consumers');
const test = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { HOST, environment, install } = require('./support/installation.js');

const onUnix = { skip: process.platform === 'win32' && 'programs of the tests are scripts', timeout: 60_000 };

/** Notes its process, says so, and stays until it is stopped; `deaf` takes no SIGTERM. */
const STAYS = `
require('fs').writeFileSync(process.env.PID_FILE, String(process.pid));
if (process.env.DEAF) process.on('SIGTERM', () => {});
process.stdout.on('error', () => {});
process.stdin.resume();
process.stdout.write('ready\\n');
setInterval(() => {}, 1000);
`;

const COPIES = 'process.stdin.pipe(process.stdout)';

function load(t, source) {
  const installation = install(t, { [HOST]: source });
  const { KtxError, runKtxCli } = require(path.join(installation.root, 'dist', 'ktx-api.js'));
  const pidFile = path.join(installation.folder, 'pid');
  const env = environment({ PID_FILE: pidFile });
  /** No program of this test is left. */
  const gone = () => assert.throws(() => process.kill(Number(fs.readFileSync(pidFile, 'utf8')), 0), { code: 'ESRCH' });
  const started = async () => {
    while (!fs.existsSync(pidFile) || fs.statSync(pidFile).size === 0) {
      await sleep(10);
    }
  };
  return { KtxError, env, gone, installation, pidFile, runKtxCli, started };
}

test('streams that are none are refused before anything starts', onUnix, async (t) => {
  const { env, pidFile, runKtxCli } = load(t, STAYS);
  const ended = new PassThrough().end();
  const locked = new WritableStream();
  locked.getWriter();
  const read = new ReadableStream();
  read.getReader();
  const listened = new PassThrough().on('readable', () => {});
  for (const io of [
    ...[1, 'pipe', 'inherit', true, {}, [], Buffer.from('x'), new Readable(), new ReadableStream(), locked].map((stdout) => ({ stdout })),
    ...[1, 'pipe', {}, new Writable(), new WritableStream(), read, listened].map((stdin) => ({ stdin })),
    { stderr: 2 },
    { signal: 1 },
    { signal: {} },
    { signal: null },
    { env: 1 },
    { cwd: 1 },
    { env: { KEY: 'a\0b' } },
  ]) {
    await assert.rejects(runKtxCli([], { env, ...io }), TypeError, JSON.stringify(io));
  }
  for (const argv of [undefined, 'status', [1], Array(1), ['a\0b']]) {
    await assert.rejects(runKtxCli(argv, { env }), TypeError, JSON.stringify(argv));
  }
  for (const options of [null, 'stdout', 1, () => {}]) {
    await assert.rejects(runKtxCli([], options), { name: 'TypeError', message: /options as an object/ });
  }
  await assert.rejects(runKtxCli([], { env, stdout: ended }), { code: 'KTX_STREAM_FAILED' });
  await assert.rejects(runKtxCli([], { env, stdout: new PassThrough().destroy() }), { code: 'KTX_STREAM_FAILED' });
  await assert.rejects(runKtxCli([], { env, stdin: new PassThrough().destroy() }), { code: 'KTX_STREAM_FAILED' });
  assert.ok(!fs.existsSync(pidFile), 'nothing was started');
});

test('streams of the web are read and written, and stay the caller\'s', onUnix, async (t) => {
  const { runKtxCli } = load(t, COPIES);
  const input = 'x'.repeat(1 << 20);
  let said = '';
  const decoder = new TextDecoder();
  const stdout = new WritableStream({ write: (chunk) => void (said += decoder.decode(chunk, { stream: true })) });
  const stdin = new Blob([input]).stream();
  assert.equal(await runKtxCli([], { stdin, stdout, stderr: stdout }), 0);
  assert.equal(said, input);
  assert.equal(stdout.locked, false);
  await stdout.getWriter().close();
});

test('a slow reader gets everything', onUnix, async (t) => {
  const { runKtxCli } = load(t, 'process.stdout.write("x".repeat(300_000))');
  for (const slow of [
    (take) => new Writable({ highWaterMark: 1, write: (chunk, _, done) => setTimeout(() => done(take(chunk)), 10) }),
    (take) => new WritableStream({ write: async (chunk) => { await sleep(10); take(chunk); } }),
  ]) {
    let length = 0;
    assert.equal(await runKtxCli([], { stdout: slow((chunk) => void (length += chunk.length)) }), 0);
    assert.equal(length, 300_000);
  }
});

test('an input that has ended already is an empty one', onUnix, async (t) => {
  const { runKtxCli } = load(t, COPIES);
  const stdin = Readable.from(['x']);
  await text(stdin);
  assert.equal(await runKtxCli([], { stdin, stdout: new PassThrough() }), 0);
});

/** Takes the first bytes of its input and leaves the rest. */
const SIPS = `process.stdin.once('data', (chunk) => process.stdout.write(chunk, () => process.exit()))`;

test('an input flows again that was paused, by its owner or by the end of a run', onUnix, async (t) => {
  const { runKtxCli } = load(t, SIPS);
  const stdin = new PassThrough();
  stdin.pause();
  for (const said of ['one', 'two', 'three']) {
    stdin.write(said);
    const stdout = new PassThrough();
    assert.equal(await runKtxCli([], { stdin, stdout }), 0);
    assert.equal(String(stdout.read()), said);
  }
});

test('a run that ends with its input full does not hold up another on the same stream', onUnix, async (t) => {
  const { env, runKtxCli } = load(t, `
    let length = 0;
    if (process.env.DEAF) setTimeout(() => process.exit(), 300);
    else process.stdin.on('data', (chunk) => { length += chunk.length; }).on('end', () => console.log(length));
  `);
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const deaf = runKtxCli([], { stdin, stdout, env: { ...env, DEAF: '1' } });
  const hears = runKtxCli([], { stdin, stdout, env });
  Readable.from(Array(100).fill(Buffer.alloc(65_536))).pipe(stdin);
  assert.deepEqual(await Promise.all([deaf, hears]), [0, 0]);
  assert.equal(String(stdout.read()), `${100 * 65_536}\n`);
});

/** Each ends while a program runs that would not end by itself. `cause` is what the error is said to come from. */
const FAILURES = {
  'a destroyed output': () => {
    const stdout = new PassThrough();
    return { io: { stdout }, fail: () => stdout.destroy() };
  },
  'an output destroyed with an error': () => {
    const stdout = new PassThrough();
    return { io: { stdout }, fail: () => stdout.destroy(new Error('reset')), cause: /reset/ };
  },
  'an output that was ended': () => {
    const stdout = new PassThrough();
    stdout.resume();
    return { io: { stdout }, fail: () => stdout.end() };
  },
  'an output that cannot be written': () => {
    const stdout = new Writable({ write: (chunk, _, done) => done(new Error('full')) });
    return { io: { stdout }, fail: () => {}, cause: /full/ };
  },
  'an output of errors that is destroyed': () => {
    const stderr = new PassThrough();
    return { io: { stderr, stdout: new PassThrough() }, fail: () => stderr.destroy() };
  },
  'a web stream that fails': () => {
    let controller;
    const stdout = new WritableStream({ start: (given) => void (controller = given) });
    return { io: { stdout }, fail: () => controller.error(new Error('torn')), cause: /torn/ };
  },
  'a web stream that cannot be written': () => {
    const stdout = new WritableStream({ write: () => Promise.reject(new Error('torn')) });
    return { io: { stdout }, fail: () => {}, cause: /torn/ };
  },
  'a destroyed input': () => {
    const stdin = new PassThrough();
    return { io: { stdin, stdout: new PassThrough() }, fail: () => stdin.destroy() };
  },
  'an input that fails': () => {
    const stdin = new PassThrough();
    return { io: { stdin, stdout: new PassThrough() }, fail: () => stdin.destroy(new Error('reset')), cause: /reset/ };
  },
  'an input of objects': () => {
    const stdin = new PassThrough({ objectMode: true });
    return { io: { stdin, stdout: new PassThrough() }, fail: () => stdin.write({}), cause: /./ };
  },
  'a web stream as input that fails': () => {
    let controller;
    const stdin = new ReadableStream({ start: (given) => void (controller = given) });
    return { io: { stdin, stdout: new PassThrough() }, fail: () => controller.error(new Error('torn')), cause: /torn/ };
  },
};

for (const [what, make] of Object.entries(FAILURES)) {
  test(`${what} ends the run and its program`, onUnix, async (t) => {
    const { KtxError, env, gone, runKtxCli, started } = load(t, STAYS);
    const { io, fail, cause = /closed|destroyed|after end/ } = make();
    const run = runKtxCli([], { env, ...io });
    const refused = assert.rejects(run, (error) => {
      assert.ok(error instanceof KtxError);
      assert.equal(error.code, 'KTX_STREAM_FAILED');
      assert.match(error.cause.message, cause);
      return true;
    });
    await started();
    fail();
    await refused;
    gone();
  });
}

test('a socket that is dropped ends the run and its program', onUnix, async (t) => {
  const { env, gone, runKtxCli, started } = load(t, STAYS);
  const server = net.createServer().listen(0);
  t.after(() => server.close());
  await once(server, 'listening');
  const client = net.connect(server.address().port);
  const [socket] = await once(server, 'connection');
  const refused = assert.rejects(runKtxCli([], { env, stdin: socket, stdout: socket }), { code: 'KTX_STREAM_FAILED' });
  await started();
  client.resetAndDestroy();
  await refused;
  gone();
});

test('a full disk is an error, not lost output', { skip: !fs.existsSync('/dev/full') && 'needs /dev/full', ...onUnix }, async (t) => {
  const { runKtxCli } = load(t, 'console.log("x")');
  const stdout = fs.createWriteStream('/dev/full');
  await assert.rejects(runKtxCli([], { stdout }), (error) => {
    assert.equal(error.code, 'KTX_STREAM_FAILED');
    assert.equal(error.cause.code, 'ENOSPC');
    return true;
  });
});

test('an abort stops the program, and says why', onUnix, async (t) => {
  const { KtxError, env, gone, runKtxCli, started } = load(t, STAYS);
  const abort = new AbortController();
  const reason = new Error('enough');
  const refused = assert.rejects(
    runKtxCli([], { env, signal: abort.signal, stdout: new PassThrough() }),
    (error) => error instanceof KtxError && error.code === 'KTX_ABORTED' && error.cause === reason,
  );
  await started();
  abort.abort(reason);
  await refused;
  gone();
});

test('a signal that is aborted already starts nothing', onUnix, async (t) => {
  const { env, pidFile, runKtxCli } = load(t, STAYS);
  await assert.rejects(runKtxCli([], { env, signal: AbortSignal.abort() }), { code: 'KTX_ABORTED' });
  assert.ok(!fs.existsSync(pidFile));
});

test('a program that does not listen is killed after a while', onUnix, async (t) => {
  const { env, gone, runKtxCli } = load(t, STAYS);
  const abort = new AbortController();
  const stdout = new PassThrough();
  stdout.once('data', () => abort.abort());
  const began = Date.now();
  await assert.rejects(runKtxCli([], { env: { ...env, DEAF: '1' }, signal: abort.signal, stdout }), { code: 'KTX_ABORTED' });
  assert.ok(Date.now() - began >= 4500, 'it had time to end by itself');
  gone();
});

test('the last words of a program that is stopped are heard', onUnix, async (t) => {
  const { runKtxCli } = load(t, `
    process.on('SIGTERM', () => process.stdout.write('rolled back', () => process.exit(143)));
    console.log('ready');
    setInterval(() => {}, 1000);
  `);
  const abort = new AbortController();
  let said = '';
  const stdout = new Writable({
    write(chunk, _, done) {
      said += chunk;
      abort.abort();
      done();
    },
  });
  await assert.rejects(runKtxCli([], { signal: abort.signal, stdout }), { code: 'KTX_ABORTED' });
  assert.equal(said, 'ready\nrolled back');
});

test('what a stopped program leaves behind on its streams is not waited for', onUnix, async (t) => {
  const { env, gone, runKtxCli } = load(t, `
    const { spawn } = require('child_process');
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20_000)'], { stdio: 'inherit', detached: true });
    require('fs').writeFileSync(process.env.PID_FILE, String(process.pid));
    require('fs').writeFileSync(process.env.PID_FILE + '.child', String(child.pid));
    child.unref();
    console.log('ready');
  `);
  const abort = new AbortController();
  const stdout = new PassThrough();
  stdout.once('data', () => setTimeout(() => abort.abort(), 500));
  await assert.rejects(runKtxCli([], { env, signal: abort.signal, stdout }), { code: 'KTX_ABORTED' });
  gone();
  process.kill(Number(fs.readFileSync(`${env.PID_FILE}.child`, 'utf8')));
});

test('start errors have codes and causes', onUnix, async (t) => {
  const { KtxError, installation, runKtxCli } = load(t, COPIES);
  const file = path.join(installation.folder, 'file');
  fs.writeFileSync(file, '');
  for (const [argv, io, cause] of [
    [['x'.repeat(200_000)], {}, 'E2BIG'],
    [[], { cwd: file }, 'ENOTDIR'],
    [[], { cwd: path.join(file, 'below') }, 'ENOTDIR'],
    [[], { cwd: path.join(installation.folder, 'gone') }, 'ENOENT'],
  ]) {
    await assert.rejects(runKtxCli(argv, { stdin: new PassThrough(), stdout: new PassThrough(), ...io }), (error) => {
      assert.ok(error instanceof KtxError, error.stack);
      assert.equal(error.code, 'KTX_PROGRAM_NOT_STARTED');
      assert.equal(error.cause.code, cause);
      return true;
    });
  }
});

test('twelve runs on one set of streams and one signal warn of nothing, and leave nothing on them', onUnix, (t) => {
  const { installation } = load(t, COPIES);
  const script = `
    const { runKtxCli } = require(${JSON.stringify(path.join(installation.root, 'dist', 'ktx-api.js'))});
    const { signal } = new AbortController();
    const { stdin, stdout, stderr } = process;
    const count = (stream) => stream.eventNames().reduce((sum, event) => sum + stream.listenerCount(event), 0);
    const before = [stdin, stdout, stderr].map(count);
    const one = () => runKtxCli([], { stdin, stdout, stderr, signal });
    (async () => {
      const codes = await Promise.all(Array.from({ length: 12 }, one));
      for (let run = 0; run < 12; run += 1) codes.push(await one());
      const after = [stdin, stdout, stderr].map(count);
      console.log(JSON.stringify({ codes: [...new Set(codes)], grown: after.map((now, at) => now > before[at]) }));
    })();
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { env: environment(), encoding: 'utf8', input: '', timeout: 50_000 });
  assert.equal(stderr, '');
  assert.deepEqual(JSON.parse(stdout), { codes: [0], grown: [false, false, false] });
});

test('an error that a stream reports after the run does not end the host', onUnix, (t) => {
  const { installation } = load(t, 'console.log("x")');
  const script = `
    const { runKtxCli } = require(${JSON.stringify(path.join(installation.root, 'dist', 'ktx-api.js'))});
    const { Writable } = require('stream');
    const late = (action) => setTimeout(action, 500);
    for (const destroy of [(error, done) => late(() => done(error)), (error, done) => done(error)]) {
      const stdout = new Writable({ write: (chunk, _, done) => late(() => done(new Error('full'))), destroy });
      runKtxCli([], { stdout }).then(() => process.exit(9), (error) => console.log(error.code, error.cause.message));
    }
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { env: environment(), encoding: 'utf8', timeout: 50_000 });
  assert.equal(stderr, '');
  assert.equal(stdout, 'KTX_STREAM_FAILED full\n'.repeat(2));
  assert.equal(status, 0);
});

test('a host that dies of nothing the streams do', onUnix, async (t) => {
  // The reader exits while the program writes; the host sees an error, not an uncaught one.
  const { installation } = load(t, 'setInterval(() => process.stdout.write("x".repeat(10_000)), 1)');
  const script = `
    const { runKtxCli } = require(${JSON.stringify(path.join(installation.root, 'dist', 'ktx-api.js'))});
    runKtxCli([], { stdout: process.stdout }).then(
      () => process.exit(9),
      (error) => setTimeout(() => process.exit(error.code === 'KTX_STREAM_FAILED' ? 7 : 8), 200),
    );
  `;
  const host = spawn(process.execPath, ['-e', script], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
  await once(host.stdout, 'data');
  host.stdout.destroy();
  const [code] = await once(host, 'exit');
  assert.equal(code, 7);
});
