'use strict';

/**
 * Finds the native program of this package. Knows the package's layout, and nothing of how the program is run.
 *
 * CommonJS without dependencies: the launcher loads it at every start.
 */

const fs = require('fs');
const path = require('path');

const packageRoot = path.dirname(__dirname);

/** Platforms that run another one's programs by emulation, which their systems bring along. */
const EMULATED = { 'darwin-arm64': 'darwin-x64', 'win32-arm64': 'win32-x64' };

/** No program that can be run was found. `message` says all that a user needs. */
class ProgramError extends Error {
  constructor(code, lines) {
    super(lines.join('\n'));
    this.name = 'ProgramError';
    this.code = code;
  }
}

/** The path of the program to run for this platform, or of the one that `KTX_BINARY_PATH` names. */
function locate(env, platform = process.platform, arch = process.arch) {
  const override = env.KTX_BINARY_PATH;
  if (override) {
    return runnable(path.resolve(override)) || refuse(path.resolve(override), ['it is named by KTX_BINARY_PATH']);
  }
  const native = `${platform}-${arch}`;
  const candidates = [native, EMULATED[native]].filter(Boolean).map((name) => programPath(name));
  const present = candidates.find((file) => fs.existsSync(file));
  if (present === undefined) {
    throw missing(native, candidates);
  }
  return runnable(present) || refuse(present, []);
}

function programPath(platform) {
  return path.join(packageRoot, 'native', platform, platform.startsWith('win32-') ? 'ktx.exe' : 'ktx');
}

function runnable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
  } catch {
    return undefined;
  }
  return fs.statSync(file).isFile() ? file : undefined;
}

function refuse(file, context) {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  const lost = found !== undefined && found.isFile();
  const fault = lost ? 'it is not executable' : found ? 'it is not a file' : 'there is no such file';
  const hint = lost
    ? `make it executable: chmod +x ${quote(file)}\n  (archives and file systems that drop the execute bit do this; reinstalling also mends it)`
    : 'unset KTX_BINARY_PATH, or set it to the path of a ktx program';
  throw new ProgramError(lost ? 'KTX_PROGRAM_NOT_EXECUTABLE' : 'KTX_PROGRAM_MISSING', [
    `failed to run \`${file}\`: ${[fault, ...context].join('; ')}`,
    `hint: ${hint}`,
  ]);
}

function missing(native, candidates) {
  const held = platforms();
  const holds = held.length > 0 ? held.join(', ') : 'no programs at all';
  return new ProgramError('KTX_PROGRAM_MISSING', [
    `failed to find the ktx program for ${native}`,
    ...candidates.map((file) => `  looked for: ${file}`),
    `  the package holds: ${holds}`,
    held.length > 0
      ? 'hint: use a Node.js that is built for one of these platforms, or set KTX_BINARY_PATH to a ktx program'
      : 'hint: the installation is incomplete; reinstall it: npm install @kaelio/ktx',
  ]);
}

/** The platforms whose programs the package holds. */
function platforms() {
  const folder = path.join(packageRoot, 'native');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
  return names.filter((name) => fs.existsSync(programPath(name)));
}

function quote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

/** The environment of the program: it finds its bundled files below `KTX_PACKAGE_ROOT`. */
function environment(env) {
  return { ...env, KTX_PACKAGE_ROOT: packageRoot };
}

/** What to add to the system's own words when a program that is there does not start. */
function startFailure(file, error, cwd) {
  const lines = [`failed to run \`${file}\`: ${error.message}`];
  if (cwd !== undefined && !fs.existsSync(cwd)) {
    lines[0] = `failed to run \`${file}\` in \`${cwd}\`: there is no such folder`;
  } else if (process.platform === 'darwin' && process.arch === 'arm64' && file.includes('darwin-x64')) {
    lines.push('hint: this program needs Rosetta: softwareupdate --install-rosetta');
  } else {
    lines.push('hint: the file may be damaged or for another platform; reinstall it: npm install @kaelio/ktx');
  }
  return new ProgramError('KTX_PROGRAM_NOT_STARTED', lines);
}

module.exports = { ProgramError, environment, locate, packageRoot, startFailure };
