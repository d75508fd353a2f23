'use strict';

/**
 * The caller's streams, Node's and the web's, each behind one small interface. They stay the caller's: they are never
 * ended, and released when the run is over.
 */

const { KtxError } = require('./error.js');

/** What is needed of a stream's events. */
const EVENTS = ['on', 'off', 'listeners', 'listenerCount'];

/** `stream` as something that feeds a program's input; undefined when there is none. */
function reader(stream, name) {
  if (stream === undefined || stream === null) {
    return undefined;
  }
  if (has(stream, ['getReader'])) {
    refuseLocked(stream, name);
    return { feed: (input, failed) => feedFromWeb(stream, input, failed) };
  }
  if (has(stream, [...EVENTS, 'pause', 'resume', 'read'])) {
    if (!stream.readableEnded) {
      refuseDestroyed(stream.destroyed, name);
      refuseRead(stream, name);
    }
    return { feed: (input, failed) => feedFromNode(stream, input, failed) };
  }
  throw new TypeError(`runKtxCli expects \`${name}\` to be a readable stream`);
}

/** `stream` as something that takes a program's output; undefined when there is none. */
function writer(stream, name) {
  if (stream === undefined || stream === null) {
    return undefined;
  }
  if (has(stream, ['getWriter'])) {
    refuseLocked(stream, name);
    return webWriter(stream);
  }
  if (has(stream, [...EVENTS, 'write', 'end'])) {
    refuseDestroyed(stream.destroyed || stream.writableEnded, name);
    return nodeWriter(stream);
  }
  throw new TypeError(`runKtxCli expects \`${name}\` to be a writable stream`);
}

function has(stream, methods) {
  return methods.every((method) => typeof stream[method] === 'function');
}

function refuseLocked(stream, name) {
  if (stream.locked) {
    throw new TypeError(`runKtxCli expects \`${name}\` to be a stream that is not locked`);
  }
}

/** A Node.js stream does not flow while it has a listener for `readable`. */
function refuseRead(stream, name) {
  if (stream.listenerCount('readable') > 0) {
    throw new TypeError(`runKtxCli expects \`${name}\` to be a stream that nothing else reads`);
  }
}

function refuseDestroyed(destroyed, name) {
  if (destroyed) {
    throw streamFailure(name, new Error('it is closed already'));
  }
}

function streamFailure(name, cause) {
  return new KtxError('KTX_STREAM_FAILED', `failed to use \`${name}\`: ${cause?.message ?? cause}`, cause);
}

function feedFromNode(stream, input, failed) {
  if (stream.readableEnded) {
    input.end();
    return () => {};
  }
  let ended = false;
  let full = false;
  const resume = () => {
    full = false;
    stream.resume();
  };
  const pass = (chunk) => {
    try {
      if (!input.write(chunk)) {
        stream.pause();
        // Another run on this stream may have resumed it, so that it is full once more.
        if (!full) {
          full = true;
          input.once('drain', resume);
        }
      }
    } catch (error) {
      // Of a stream of objects.
      failed(error);
    }
  };
  const releases = [
    ...watch(stream, failed, () => ended),
    listen(stream, 'end', () => {
      ended = true;
      input.end();
    }),
    listen(stream, 'data', pass),
  ];
  // A stream that was paused, by its owner or at the end of the last run, does not flow by itself.
  stream.resume();
  return () => {
    releases.forEach((release) => release());
    input.off('drain', resume);
    if (stream.listenerCount('data') === 0) {
      stream.pause();
    } else if (full) {
      // Other runs read it, too, and this one will not drain.
      stream.resume();
    }
  };
}

function feedFromWeb(stream, input, failed) {
  const reading = stream.getReader();
  let released = false;
  const feed = async () => {
    for (;;) {
      const { done, value } = await reading.read();
      if (released) {
        return;
      }
      if (done) {
        input.end();
        return;
      }
      if (!input.write(value)) {
        await new Promise((resume) => input.once('drain', resume));
      }
    }
  };
  feed().catch((error) => released || failed(error));
  return () => {
    released = true;
    release(reading);
  };
}

function nodeWriter(stream) {
  // What only looks like one of Node's streams does not call back.
  const callsBack = 'writableFinished' in stream;
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) => {
          if (error) {
            // The event of the same error follows, and the run may be over by then.
            ignoreErrors(stream);
            reject(error);
          }
          resolve();
        });
        if (!callsBack) {
          resolve();
        }
      }),
    take(failed) {
      const releases = watch(stream, failed, () => false);
      return () => releases.forEach((release) => release());
    },
  };
}

function webWriter(stream) {
  let writing;
  return {
    // A plain array of bytes: not every stream of the web takes Node's.
    write: ({ buffer, byteOffset, length }) => writing.write(new Uint8Array(buffer, byteOffset, length)),
    take(failed) {
      if (writing !== undefined) {
        return () => {};
      }
      let released = false;
      writing = stream.getWriter();
      writing.closed.then(
        () => failed(new Error('it was closed')),
        (error) => released || failed(error),
      );
      return () => {
        released = true;
        release(writing);
      };
    },
  };
}

/** Node 18 refuses to release a reader that waits. */
function release(lock) {
  try {
    lock.releaseLock();
  } catch {
    // It stays locked.
  }
}

/** Reports that a stream failed, or closed before it had `ended`. */
function watch(stream, failed, ended) {
  const fail = (error) => {
    // Some streams report an error once more.
    ignoreErrors(stream);
    failed(error);
  };
  return [
    listen(stream, 'error', fail),
    listen(stream, 'close', () => ended() || fail(stream.errored ?? new Error('it was closed'))),
  ];
}

/** An error that is reported without a listener would end the host. */
function ignoreErrors(stream) {
  if (!stream.listeners('error').includes(ignore)) {
    stream.on('error', ignore);
  }
}

function ignore() {}

/** What listens on behalf of all runs, by target and event. */
const shared = new WeakMap();

/**
 * Listens to an event. However many runs share a stream, it has one listener of ours for each event: from the eleventh
 * on Node would warn of a leak.
 */
function listen(target, event, listener) {
  const events = shared.get(target) ?? new Map();
  shared.set(target, events);
  let entry = events.get(event);
  if (entry === undefined) {
    const listeners = new Set();
    const dispatch = (value) => [...listeners].forEach((each) => each(value));
    entry = { listeners, dispatch };
    events.set(event, entry);
    target.addEventListener ? target.addEventListener(event, dispatch) : target.on(event, dispatch);
  }
  entry.listeners.add(listener);
  return () => {
    entry.listeners.delete(listener);
    if (entry.listeners.size === 0 && events.delete(event)) {
      target.removeEventListener ? target.removeEventListener(event, entry.dispatch) : target.off(event, entry.dispatch);
    }
  };
}

module.exports = { listen, reader, streamFailure, writer };
