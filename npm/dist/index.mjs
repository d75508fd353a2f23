/**
 * The ES module of the JS API: passes on what `ktx-api.js` exports, so that both kinds of module share one KtxError.
 *
 * No static import: bundlers leave what is loaded at run time alone, and it is found beside the bundle. Called by its
 * own name, `createRequire` is replaced by webpack.
 */

import module from 'node:module';

export const { KtxError, getKtxCliPackageInfo, ktxBinaryPath, runKtxCli } = load();

function load() {
  let cause;
  for (const name of ['./ktx-api.js', '@kaelio/ktx']) {
    try {
      // esbuild has no import.meta in CommonJS, where there is a file name instead.
      return module.createRequire(import.meta.url ?? __filename)(name);
    } catch (error) {
      cause ??= error;
    }
  }
  return bundled(cause);
}

/** Importing must not fail where nothing is ever run; the first use does. */
function bundled(cause) {
  class KtxError extends Error {
    name = 'KtxError';
    code = 'KTX_PACKAGE_BUNDLED';
  }
  const refuse = () => {
    const message = 'failed to find the package @kaelio/ktx: its code has been bundled into another file';
    throw new KtxError(`${message}\nhint: mark @kaelio/ktx as external in the bundler's configuration`, { cause });
  };
  return { KtxError, getKtxCliPackageInfo: refuse, ktxBinaryPath: refuse, runKtxCli: async () => refuse() };
}
