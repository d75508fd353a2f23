'use strict';

/** What the readme says about the package's JavaScript side, run as it is written. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const { HOST, environment, install } = require('./support/installation.js');

test('the example of the API works as it is written', (t) => {
  const readme = fs.readFileSync(path.join(__dirname, '..', 'README.md'), 'utf8');
  const [, example] = /```js\n([^]*?)```/.exec(readme);
  const installation = install(t, {
    [HOST]: 'console.log(process.argv.slice(2).join(" "), process.cwd()); process.exitCode = 3;',
  });
  const manifest = { name: '@kaelio/ktx', version: '1.2.3', exports: './dist/index.mjs' };
  fs.writeFileSync(path.join(installation.root, 'package.json'), JSON.stringify(manifest));
  fs.mkdirSync(path.join(installation.folder, 'demo'));
  const told = 'console.log(exitCode, getKtxCliPackageInfo().version, ktxBinaryPath());';
  fs.writeFileSync(path.join(installation.folder, 'example.mjs'), `${example}\n${told}\n`);
  const { stdout, stderr, status } = spawnSync(process.execPath, ['example.mjs'], {
    cwd: installation.folder,
    env: environment(),
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const program = path.join(installation.root, 'native', HOST, path.sep === '/' ? 'ktx' : 'ktx.exe');
  assert.equal(stdout, `sl list ${path.join(installation.folder, 'demo')}\n3 1.2.3 ${program}\n`);
});
