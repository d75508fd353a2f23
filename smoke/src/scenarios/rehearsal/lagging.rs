//! A cache before the registry: after a write it answers the next two readers as before, as those of large registries do.

use std::time::Duration;

use fs_err as fs;

use crate::failure::Stop;
use crate::sandbox::{Invocation, Running, Signal, free_port};
use crate::stage::Stage;

/// Everything is passed on as it comes. What asked for another form of a document asked for another document.
const CACHE: &str = "
import http from 'node:http';
const [, upstream, port] = process.argv;
const answers = new Map();
let owed = 0;
http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const { method, url, headers } = request;
  const isRead = method === 'GET' && !url.includes('/-/');
  const key = [url, headers.accept, headers['accept-encoding']].join(' ');
  if (method === 'PUT') owed = 2;
  const old = isRead && owed > 0 && answers.get(key);
  if (old) {
    owed -= 1;
    response.writeHead(old.status, old.headers).end(old.body);
    return;
  }
  const { hostname, port: behind } = new URL(upstream);
  const onward = http.request({ hostname, port: behind, method, path: url, headers }, async (answer) => {
    const pieces = [];
    for await (const piece of answer) pieces.push(piece);
    const body = Buffer.concat(pieces);
    if (isRead) answers.set(key, { status: answer.statusCode, headers: answer.headers, body });
    response.writeHead(answer.statusCode, answer.headers).end(body);
  });
  onward.on('error', () => response.destroy());
  onward.end(Buffer.concat(pieces));
}).listen(Number(port), '127.0.0.1', () => console.log('the cache listens'));
";

/// How long it may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct LaggingCache {
    url: String,
    running: Running,
}

impl LaggingCache {
    /// Before the registry at `registry`, with the same credentials.
    pub fn start(stage: &Stage<'_>, registry: &str) -> Result<Self, Stop> {
        let port = free_port()?.to_string();
        let node = Invocation::new("node").args(["--input-type=module", "--eval", CACHE, registry, &port]);
        let running = stage.sandbox.start(&node)?;
        stage.ensure(
            "cache.ready",
            running.says_within("the cache listens", PATIENCE),
            || format!("the cache did not start: {}", running.stderr_so_far()),
        )?;
        let url = format!("http://127.0.0.1:{port}/");
        let settings = stage.sandbox.folders().at("config/npmrc");
        let own = fs::read_to_string(&settings)?;
        let same = own.replace(address(registry), address(&url));
        fs::write(settings, format!("{own}\n{same}\n"))?;
        Ok(Self { url, running })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn stop(self, stage: &Stage<'_>) {
        stage.stop(self.running, Signal::Terminate, PATIENCE);
    }
}

fn address(url: &str) -> &str {
    url.trim_start_matches("http:")
}
