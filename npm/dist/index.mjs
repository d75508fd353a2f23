/**
 * The ES module of the JS API: hands on what `ktx-api.js` exports, so that both kinds of module share one KtxError.
 *
 * No static import: bundlers leave `createRequire` alone, and find the package beside the bundle when it runs.
 */

import { createRequire } from 'node:module';

export const { KtxError, getKtxCliPackageInfo, ktxBinaryPath, runKtxCli } = load();

function load() {
  // esbuild has no import.meta in CommonJS, where there is a file name instead.
  const here = import.meta.url ?? __filename;
  for (const name of ['./ktx-api.js', '@kaelio/ktx']) {
    try {
      return createRequire(here)(name);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') {
        throw error;
      }
    }
  }
  return bundled();
}

/** Importing must not fail where nothing is ever run; the first use does. */
function bundled() {
  class KtxError extends Error {}
  const refuse = () => {
    const message = 'failed to find the package @kaelio/ktx: its code has been bundled into another file';
    const error = new KtxError(`${message}\nhint: mark @kaelio/ktx as external in the bundler's configuration`);
    throw Object.assign(error, { name: 'KtxError', code: 'KTX_PACKAGE_BUNDLED' });
  };
  return { KtxError, getKtxCliPackageInfo: refuse, ktxBinaryPath: refuse, runKtxCli: async () => refuse() };
}
