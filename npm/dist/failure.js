'use strict';

/**
 * Says why there is no program to run, and what to do about it.
 */

const fs = require('fs');
const path = require('path');

const { KtxError } = require('./error.js');

const OVERRIDE = 'unset KTX_BINARY_PATH, or set it to the path of a ktx program';

/** What the system means by the codes with which it refuses to start a program. */
const START = {
  E2BIG: {
    says: 'the arguments and the environment are larger than the system allows',
    hint: 'pass long values in a file or on standard input',
  },
  ETXTBSY: { says: 'the file is open for writing', hint: 'wait until the installation has finished, then try again' },
  EMFILE: { says: 'too many files are open', hint: 'raise the limit: ulimit -n 4096' },
  ENFILE: { says: 'too many files are open on this machine', hint: 'close other programs, then try again' },
  EAGAIN: { says: 'no more processes may be started', hint: 'end other programs or raise the limit: ulimit -u' },
  ENOMEM: { says: 'there is not enough memory', hint: 'end other programs, then try again' },
};

const READ_ALLOWED = (root) => `allow it to read the package: node --allow-fs-read=${quote(path.join(root, '*'))}`;

module.exports = (root) => ({
  /** Of a program's file that is there, what keeps it from being run. */
  unusable(file, fault) {
    const { code, says, hint } = diagnosis(file, fault, root);
    const named = fault.override ? '; it is named by KTX_BINARY_PATH' : '';
    const remedy = hint || (fault.override ? OVERRIDE : reinstall(root));
    return new KtxError(code, [`failed to run \`${file}\`: ${says}${named}`, `hint: ${remedy}`], fault.error);
  },

  /** The package contains no program for this platform. */
  missing(native, candidates, held) {
    return new KtxError('KTX_PROGRAM_MISSING', [
      `failed to find the ktx program for ${native}`,
      ...candidates.map((file) => `  looked for: ${file}`),
      `  the package holds: ${held.length > 0 ? held.join(', ') : 'no programs at all'}`,
      held.length > 0
        ? 'hint: use a Node.js that is built for one of these platforms, or set KTX_BINARY_PATH to a ktx program'
        : `hint: ${reinstall(root, 'incomplete')}`,
    ]);
  },

  /** The system's refusal to start a program that is there. */
  notStarted(file, error, cwd) {
    const folder = cwd === undefined ? undefined : unusableFolder(cwd);
    const { says, hint } = folder || refusal(file, error, root);
    const where = folder ? ` in \`${cwd}\`` : '';
    const lines = [`failed to run \`${file}\`${where}: ${says}`, ...(hint ? [`hint: ${hint}`] : [])];
    return new KtxError('KTX_PROGRAM_NOT_STARTED', lines, error);
  },
});

function diagnosis(file, fault, root) {
  switch (fault.kind) {
    case 'missing':
      return { code: 'KTX_PROGRAM_MISSING', says: 'there is no such file' };
    case 'not-a-file':
      return { code: 'KTX_PROGRAM_MISSING', says: 'it is not a file' };
    case 'launcher':
      return { code: 'KTX_PROGRAM_MISSING', says: 'it leads back to the launcher' };
    case 'unreachable':
      return unreachable(fault.error, root);
    case 'not-executable':
      return { code: 'KTX_PROGRAM_NOT_EXECUTABLE', ...notExecutable(file, fault, root) };
    case 'list':
      return { code: 'KTX_PROGRAM_DAMAGED', says: `the file is damaged: ${fault.error.message}` };
    case 'size':
      return { code: 'KTX_PROGRAM_DAMAGED', ...wrongSize(fault, root) };
    case 'format':
      return { code: 'KTX_PROGRAM_DAMAGED', ...wrongFormat(fault, root) };
  }
}

function unreachable(error, root) {
  const code = 'KTX_PROGRAM_NOT_EXECUTABLE';
  if (error.code === 'ERR_ACCESS_DENIED') {
    return { code, says: 'Node.js runs with --permission and may not read it', hint: READ_ALLOWED(root) };
  }
  if (error.code === 'EACCES') {
    return { code, says: 'you may not enter its folder', hint: 'install the package where you may read it' };
  }
  return { code, says: error.message };
}

function notExecutable(file, { error, mode }, root) {
  if (error.code === 'ERR_ACCESS_DENIED') {
    return unreachable(error, root);
  }
  if ((mode & 0o111) === 0) {
    return {
      says: 'it is not executable',
      hint: `make it executable: chmod +x ${quote(file)}\n  (archives and file systems that drop the execute bit do this; reinstalling also fixes it)`,
    };
  }
  const mount = mountWithoutPrograms(file);
  if (mount !== undefined) {
    return {
      says: `no program may be run from the file system mounted at \`${mount}\` (noexec)`,
      hint: 'install the package on another file system',
    };
  }
  return { says: 'only another user may run it', hint: `allow everybody to run it: chmod a+rx ${quote(file)}` };
}

/** Where the file system is mounted that `file` is on, if it is mounted `noexec`; only Linux tells. */
function mountWithoutPrograms(file) {
  let mounts;
  try {
    mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8');
    file = fs.realpathSync(file);
  } catch {
    return undefined;
  }
  const unescaped = (text) => text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
  const around = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields.length > 5)
    .map((fields) => ({ at: unescaped(fields[4]), options: fields[5].split(',') }))
    .filter(({ at }) => file.startsWith(at.endsWith('/') ? at : `${at}/`));
  // Of two mounted at one place the later hides the earlier.
  const nearest = around.reduce((best, mount) => (best && best.at.length > mount.at.length ? best : mount), undefined);
  return nearest && nearest.options.includes('noexec') ? nearest.at : undefined;
}

function wrongSize({ size, expected }, root) {
  const fault = size < expected ? 'incomplete' : 'damaged';
  return { says: `it is ${fault}: ${size} bytes, expected ${expected}`, hint: reinstall(root, fault) };
}

function wrongFormat({ format, runs }, root) {
  if (format === 'nothing') {
    return { says: 'it is empty' };
  }
  if (format === 'incomplete') {
    return { says: 'it is incomplete' };
  }
  if (format === 'not a program') {
    return { says: 'it is damaged: it is not a program' };
  }
  const found = /^[a-z0-9]+-/.test(format) ? `a program for ${format}` : format;
  return { says: `it is for the wrong platform: ${found}, expected ${runs.join(' or ')}` };
}

function unusableFolder(cwd) {
  const folder = cwd instanceof URL ? cwd.pathname : cwd;
  try {
    if (!fs.statSync(cwd).isDirectory()) {
      return { says: 'it is not a folder' };
    }
    fs.accessSync(cwd, fs.constants.X_OK);
    return undefined;
  } catch (error) {
    if (error.syscall === 'access') {
      return { says: 'you may not enter it' };
    }
    return { says: error.code === 'ENOENT' ? 'there is no such folder' : `\`${folder}\`: ${error.message}` };
  }
}

function refusal(file, error, root) {
  if (error.code === 'ERR_ACCESS_DENIED') {
    return {
      says: 'Node.js runs with --permission and may not start programs',
      hint: 'allow it: node --allow-child-process',
    };
  }
  if (START[error.code]) {
    return START[error.code];
  }
  if (process.platform === 'darwin' && process.arch === 'arm64' && file.includes('darwin-x64')) {
    return { says: error.message, hint: 'this program needs Rosetta: softwareupdate --install-rosetta' };
  }
  // The file exists; what is missing is the interpreter that its first line or header names.
  const says = error.code === 'ENOENT' ? 'its interpreter or loader is not on this machine' : error.message;
  return { says, hint: file.startsWith(root) ? reinstall(root) : OVERRIDE };
}

/** No package manager repairs a package whose folder is there, so it is removed first. */
function reinstall(root, fault = 'damaged') {
  const npx = /^(.*[\\/]_npx[\\/][0-9a-f]+)[\\/]/.exec(root);
  const global = /[\\/]lib[\\/]node_modules[\\/]@kaelio[\\/]ktx$/.test(root) ? '--global ' : '';
  const again = npx ? 'npx @kaelio/ktx' : `npm install ${global}@kaelio/ktx`;
  return `the installation is ${fault}; reinstall it: ${remove(npx ? npx[1] : root)} && ${again}`;
}

function remove(folder) {
  return process.platform === 'win32' ? `rmdir /s /q "${folder}"` : `rm -rf ${quote(folder)}`;
}

function quote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}
