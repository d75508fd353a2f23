'use strict';

/** A copy of the package as it is installed, with a program of the test's own in it. */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const HOST = `${process.platform}-${process.arch}`;

/** Installs the package in a folder that is removed when the test ends. `programs` are sources for Node by platform. */
function install(test, programs = {}) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'ktx-launcher-')));
  test.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const root = path.join(folder, 'node_modules', '@kaelio', 'ktx');
  fs.cpSync(path.join(__dirname, '..', '..', 'dist'), path.join(root, 'dist'), { recursive: true });
  fs.writeFileSync(path.join(root, 'package.json'), '{"name": "@kaelio/ktx", "version": "1.2.3"}\n');
  for (const [platform, source] of Object.entries(programs)) {
    writeProgram(path.join(root, 'native', platform, platform.startsWith('win32-') ? 'ktx.exe' : 'ktx'), source);
  }
  return { folder, root, bin: path.join(root, 'dist', 'bin.js') };
}

function writeProgram(file, source) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!${process.execPath}\n${source}\n`, { mode: 0o755 });
  return file;
}

/** The environment without what would lead the launcher elsewhere. */
function environment(additions = {}) {
  const { KTX_BINARY_PATH: _binary, KTX_BINARY_PATH_FOLLOWED: _followed, ...own } = process.env;
  const { KTX_PACKAGE_ROOT: _root, NODE_OPTIONS: _options, ...env } = own;
  return { ...env, ...additions };
}

/** States the sizes of programs as packing does. */
function stateSizes(root, sizes) {
  fs.writeFileSync(path.join(root, 'dist', 'programs.json'), `${JSON.stringify(sizes)}\n`);
}

function run(bin, args = [], { env = {}, input = '', cwd } = {}) {
  const ended = spawnSync(process.execPath, [bin, ...args], {
    env: environment(env),
    input,
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
  });
  const { status, signal, stdout, stderr } = ended;
  return { status, signal, stdout, stderr };
}

module.exports = { HOST, environment, install, run, stateSizes, writeProgram };
