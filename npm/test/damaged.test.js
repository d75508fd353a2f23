'use strict';

/** Programs that the system would run as something else, or not say what is wrong with. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const { HOST, install, run, stateSizes, writeProgram } = require('./support/installation.js');

const ECHO = 'console.log("ran")';

/** The header of a program, as far as it says for which machine. */
function header(format, machine) {
  const bytes = Buffer.alloc(512);
  if (format === 'elf' || format === 'elf32') {
    bytes.write('\u007fELF', 'latin1');
    bytes[4] = format === 'elf' ? 2 : 1;
    bytes[5] = 1;
    bytes.writeUInt16LE(machine, 18);
  } else if (format === 'mach-o') {
    bytes.writeUInt32LE(0xfeedfacf, 0);
    bytes.writeUInt32LE(machine, 4);
  } else {
    bytes.write('MZ', 'latin1');
    bytes.writeUInt32LE(0x80, 0x3c);
    bytes.write('PE\0\0', 0x80, 'latin1');
    bytes.writeUInt16LE(machine, 0x84);
  }
  return bytes;
}

const HEADERS = {
  'linux-x64': header('elf', 0x3e),
  'linux-arm64': header('elf', 0xb7),
  'darwin-x64': header('mach-o', 0x01000007),
  'darwin-arm64': header('mach-o', 0x0100000c),
  'win32-x64': header('pe', 0x8664),
};

/** A program of this machine that was not written to its end; its header is whole. */
function cut() {
  const bytes = Buffer.alloc(1 << 20);
  const descriptor = fs.openSync(process.execPath, 'r');
  fs.readSync(descriptor, bytes);
  fs.closeSync(descriptor);
  return bytes;
}

function replaceProgram({ root }, bytes) {
  const file = path.join(root, 'native', HOST, 'ktx');
  fs.writeFileSync(file, bytes);
  return file;
}

const foreign = Object.keys(HEADERS).filter((platform) => platform !== HOST);
const DAMAGE = [
  ['an empty file', '', 'it is empty'],
  ['a program cut to ten bytes', HEADERS[HOST].subarray(0, 10), 'it is damaged: it is not a program'],
  ...(process.platform === 'linux' ? [['a program cut to a megabyte', cut(), 'it is incomplete']] : []),
  ['an HTML page', '<!doctype html>\n<title>502</title>\n', 'it is damaged: it is not a program'],
  ['a shell script that names no interpreter', 'echo hello\n', 'it is damaged: it is not a program'],
  ['zeros', Buffer.alloc(4096), 'it is damaged: it is not a program'],
  ['a program of 32 bits', header('elf32', 3), `it is for the wrong platform: an ELF for another machine, expected ${HOST}`],
  ...foreign.map((platform) => [
    `a program for ${platform}`,
    HEADERS[platform],
    `it is for the wrong platform: a program for ${platform}, expected ${HOST}`,
  ]),
];

for (const [what, bytes, fault] of DAMAGE) {
  test(`${what} in the program's place is not started`, (t) => {
    const installation = install(t, { [HOST]: ECHO });
    assert.equal(run(installation.bin).stdout, 'ran\n');
    const file = replaceProgram(installation, bytes);
    assert.deepEqual(run(installation.bin), {
      status: 1,
      signal: null,
      stdout: '',
      stderr:
        `ktx: failed to run \`${file}\`: ${fault}\nhint: the installation is damaged; ` +
        `reinstall it: rm -rf ${installation.root} && npm install @kaelio/ktx\n`,
    });
  });
}

for (const [change, fault] of [
  [-1, 'incomplete'],
  [1, 'damaged'],
]) {
  test(`a program of another size than the package states is ${fault} (${change})`, (t) => {
    const { bin, root } = install(t, { [HOST]: ECHO });
    const file = path.join(root, 'native', HOST, 'ktx');
    const { size } = fs.statSync(file);
    stateSizes(root, { [HOST]: size });
    assert.equal(run(bin).stdout, 'ran\n');
    stateSizes(root, { [HOST]: size - change });
    const refused = run(bin);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, new RegExp(`it is ${fault}: ${size} bytes, expected ${size - change}\nhint: the installation is ${fault}; reinstall it: `));
  });
}

test('a truncated list of sizes is named, not passed over', (t) => {
  const { bin, root } = install(t, { [HOST]: ECHO });
  const list = path.join(root, 'dist', 'programs.json');
  fs.writeFileSync(list, '{"linux-x64": 12');
  const refused = run(bin);
  assert.ok(refused.stderr.startsWith(`ktx: failed to run \`${list}\`: the file is damaged: `), refused.stderr);
  assert.equal(refused.status, 1);
});

test('each platform takes its own programs, and those that it emulates from their folder', (t) => {
  const { root } = install(t);
  const { locate } = require(path.join(root, 'dist', 'program.js'));
  const put = (folder, bytes) => {
    const file = path.join(root, 'native', folder, folder.startsWith('win32') ? 'ktx.exe' : 'ktx');
    writeProgram(file, '');
    fs.writeFileSync(file, bytes);
    return file;
  };
  const platforms = Object.keys(HEADERS);
  for (const platform of platforms) {
    const [system, machine] = platform.split('-');
    for (const other of platforms) {
      const file = put(platform, HEADERS[other]);
      if (other === platform) {
        assert.equal(locate({}, system, machine), file);
      } else {
        assert.throws(() => locate({}, system, machine), { code: 'KTX_PROGRAM_DAMAGED' }, `${other} in ${platform}`);
      }
    }
    fs.rmSync(path.join(root, 'native'), { recursive: true });
  }
  for (const [system, folder] of [['darwin', 'darwin-x64'], ['win32', 'win32-x64']]) {
    const file = put(folder, HEADERS[folder]);
    assert.equal(locate({}, system, 'arm64'), file);
  }
});

test('KTX_BINARY_PATH is held to the same, except for size', (t) => {
  const { bin, folder, root } = install(t, { [HOST]: ECHO });
  stateSizes(root, { [HOST]: 1 });
  const other = writeProgram(path.join(folder, 'other'), 'console.log("other")');
  const env = { KTX_BINARY_PATH: other };
  assert.equal(run(bin, [], { env }).stdout, 'other\n');
  assert.equal(run(bin, ['--version'], { env: { KTX_BINARY_PATH: process.execPath } }).stdout, `${process.version}\n`);
  for (const [, bytes, fault] of DAMAGE) {
    fs.writeFileSync(other, bytes);
    const hint = 'hint: unset KTX_BINARY_PATH, or set it to the path of a ktx program';
    const message = `ktx: failed to run \`${other}\`: ${fault}; it is named by KTX_BINARY_PATH\n${hint}\n`;
    assert.equal(run(bin, [], { env }).stderr, message);
  }
});

test('a KTX_BINARY_PATH that leads back to the launcher is refused', (t) => {
  const { bin, folder, root } = install(t, { [HOST]: 'console.log("bundled")' });
  const other = install(t, { [HOST]: 'console.log("other")' });
  const link = path.join(folder, 'linked');
  const shim = path.join(folder, 'shim');
  const detour = path.join(folder, 'detour');
  fs.chmodSync(bin, 0o755);
  fs.chmodSync(other.bin, 0o755);
  fs.symlinkSync(bin, link);
  fs.writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
  fs.writeFileSync(detour, `#!/bin/sh\n"${process.execPath}" "${other.bin}" "$@"\nexit $?\n`, { mode: 0o755 });
  // Each sends the launcher to the other.
  const [there, back] = ['there', 'back'].map((name) => path.join(folder, name));
  for (const [file, next] of [[there, back], [back, there]]) {
    fs.writeFileSync(file, `#!/bin/sh\nKTX_BINARY_PATH="${next}" exec "${process.execPath}" "${bin}"\n`, { mode: 0o755 });
  }
  for (const file of [bin, link, shim, detour, there, other.bin, path.join(root, '..', 'ktx', 'dist', 'bin.js')]) {
    const { status, stdout, stderr } = run(bin, [], { env: { KTX_BINARY_PATH: file } });
    const named = path.resolve(file);
    assert.equal(
      stderr,
      `ktx: failed to run \`${named}\`: it leads back to the launcher; it is named by KTX_BINARY_PATH\n` +
        'hint: unset KTX_BINARY_PATH, or set it to the path of a ktx program\n',
    );
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
  }
});
