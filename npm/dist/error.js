'use strict';

/** An error of this package. `code` says which, `message` all that a user needs, `cause` what it came from. */
class KtxError extends Error {
  constructor(code, lines, cause) {
    super([].concat(lines).join('\n'), cause === undefined ? undefined : { cause });
    this.name = 'KtxError';
    this.code = code;
  }
}

module.exports = { KtxError };
