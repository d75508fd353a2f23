'use strict';

/**
 * Finds the native program of this package and checks that it is the one that was packed. Knows the package's layout,
 * not how the program is run.
 *
 * CommonJS without dependencies: the launcher loads it at every start. Explanations are in `failure.js`, loaded only
 * when there is something to explain.
 */

const fs = require('fs');
const path = require('path');

/** Undefined only where a bundler has moved this code into an ES module. */
const packageRoot = typeof __dirname === 'string' ? path.dirname(__dirname) : undefined;

/** Platforms that also run another platform's programs, by emulation that comes with the system. */
const EMULATED = { 'darwin-arm64': 'darwin-x64', 'win32-arm64': 'win32-x64' };

/** Machines as headers number them: the System V ABI's ELF, Apple's Mach-O, Microsoft's PE. */
const ELF = { 0x3e: 'linux-x64', 0xb7: 'linux-arm64' };
const MACH_O = { 0x01000007: 'darwin-x64', 0x0100000c: 'darwin-arm64' };
const PE = { 0x8664: 'win32-x64', 0xaa64: 'win32-arm64' };

/**
 * Set for the program that `KTX_BINARY_PATH` names, to the programs that were named so far: a launcher that is to start
 * one of them again was started by it.
 */
const FOLLOWED = 'KTX_BINARY_PATH_FOLLOWED';

/** The path of the program to run for this platform, or of the one that `KTX_BINARY_PATH` names. */
function locate(env, platform = process.platform, arch = process.arch) {
  const native = `${platform}-${arch}`;
  const runs = [native, EMULATED[native]].filter(Boolean);
  if (env.KTX_BINARY_PATH) {
    return override(env, runs);
  }
  for (const name of runs) {
    const file = programPath(name);
    const fault = inspect(file, [name], programs()[name]);
    if (fault === undefined) {
      return file;
    }
    if (fault.kind !== 'missing') {
      throw explain().unusable(file, fault);
    }
  }
  throw explain().missing(native, runs.map(programPath), platforms());
}

function override(env, runs) {
  const file = path.resolve(env.KTX_BINARY_PATH);
  const loops = followed(env).includes(file) || isLauncher(file);
  const fault = loops ? { kind: 'launcher' } : inspect(file, runs);
  if (fault !== undefined) {
    throw explain().unusable(file, { ...fault, override: true });
  }
  return file;
}

function followed(env) {
  return env[FOLLOWED] ? env[FOLLOWED].split(path.delimiter) : [];
}

function isLauncher(file) {
  try {
    return fs.realpathSync(file) === fs.realpathSync(path.join(__dirname, 'bin.js'));
  } catch {
    return false;
  }
}

/**
 * What keeps `file` from running here as a program for one of these platforms; undefined when nothing does.
 *
 * The system does not say: it runs an empty file as a shell script that does nothing, hands other text to the shell
 * line by line, and starts a truncated program that then crashes.
 */
function inspect(file, runs, bytes) {
  let found;
  try {
    found = fs.statSync(file);
  } catch (error) {
    return { kind: error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'missing' : 'unreachable', error };
  }
  if (!found.isFile()) {
    return { kind: 'not-a-file' };
  }
  try {
    fs.accessSync(file, fs.constants.X_OK);
  } catch (error) {
    return { kind: 'not-executable', error, mode: found.mode };
  }
  if (bytes !== undefined && found.size !== bytes) {
    return { kind: 'size', size: found.size, expected: bytes };
  }
  const format = identify(head(file), found.size);
  return format === undefined || format === 'script' || fits(format, runs)
    ? undefined
    : { kind: 'format', format, runs };
}

/**
 * The platform of a program whose file starts with `head`; `script` for one that names its interpreter, and in words
 * what else it is. Undefined when there is no `head` to tell by.
 */
function identify(head, size) {
  if (size === 0) {
    return 'nothing';
  }
  if (head === undefined) {
    return undefined;
  }
  if (head.toString('latin1', 0, 2) === '#!') {
    return 'script';
  }
  const magic = head.length < 64 ? 0 : head.readUInt32BE(0);
  if (magic === 0x7f454c46) {
    const [bits, order] = [head[4], head[5]];
    if (bits === 2 && order === 1 && size < elfSections(head)) {
      return 'incomplete';
    }
    return (bits === 2 && order === 1 && ELF[head.readUInt16LE(18)]) || 'an ELF for another machine';
  }
  if (magic === 0xcffaedfe) {
    return MACH_O[head.readUInt32LE(4)] || 'a Mach-O for another machine';
  }
  // A Java class file starts alike; what follows there is its version, here the number of architectures.
  if (magic === 0xcafebabe && head.readUInt32BE(4) < 32) {
    return 'darwin-universal';
  }
  const header = magic >>> 16 === 0x4d5a ? head.readUInt32LE(0x3c) : head.length;
  if (header + 6 <= head.length && head.toString('latin1', header, header + 4) === 'PE\0\0') {
    return PE[head.readUInt16LE(header + 4)] || 'a PE for another machine';
  }
  return 'not a program';
}

/** Where the table of sections ends, which is the last part of what linkers write. */
function elfSections(head) {
  return Number(head.readBigUInt64LE(40)) + head.readUInt16LE(58) * head.readUInt16LE(60);
}

/** Whether a program of this format runs on one of these platforms, as far as its header tells. */
function fits(format, runs) {
  const [system] = runs[0].split('-');
  return runs.includes(format) || format === `${system}-universal`;
}

/** The first bytes of a file; undefined when it may be run but not read. */
function head(file) {
  let descriptor;
  try {
    descriptor = fs.openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const bytes = Buffer.alloc(1024);
    return bytes.subarray(0, fs.readSync(descriptor, bytes, 0, bytes.length, 0));
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The size of each program as it was packed. A work tree has no such list. */
function programs() {
  const file = path.join(packageRoot, 'dist', 'programs.json');
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return {};
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw explain().unusable(file, { kind: 'list', error });
  }
}

function programPath(platform) {
  return path.join(packageRoot, 'native', platform, platform.startsWith('win32-') ? 'ktx.exe' : 'ktx');
}

/** The platforms whose programs the package contains. */
function platforms() {
  const folder = path.join(packageRoot, 'native');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
  return names.filter((name) => fs.existsSync(programPath(name)));
}

function explain() {
  return require('./failure.js')(packageRoot);
}

/** The environment of the program: it finds its bundled files below `KTX_PACKAGE_ROOT`. */
function environment(env) {
  const named = env.KTX_BINARY_PATH ? [path.resolve(env.KTX_BINARY_PATH)] : [];
  const trail = named.length > 0 ? { [FOLLOWED]: [...followed(env), ...named].join(path.delimiter) } : {};
  return { ...env, KTX_PACKAGE_ROOT: packageRoot, ...trail };
}

/** A KtxError for the error with which the system refused to start `file`. */
function startFailure(file, error, cwd) {
  return explain().notStarted(file, error, cwd);
}

module.exports = { environment, locate, packageRoot, startFailure };
