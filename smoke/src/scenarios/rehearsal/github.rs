//! A stand-in for GitHub's REST API as far as tags and releases go, over a bare repository. One upload breaks off: an
//! unfinished file stays on the page, and the client gets no answer.
//!
//! <https://docs.github.com/en/rest>, version 2022-11-28

use std::time::Duration;

use camino::Utf8PathBuf;

use crate::failure::Stop;
use crate::sandbox::{Invocation, Running, Signal, free_port, signal};
use crate::stage::Stage;

/// Writes are said on its standard output, one line each.
const STAND_IN: &str = "
import http from 'node:http';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
const [, repository, port, token, breaksAt] = process.argv;
const stdio = ['pipe', 'pipe', 'ignore'];
const git = (words, input = '') =>
  execFileSync('git', ['--git-dir', repository, ...words], { input, stdio }).toString().trim();
const tagger = 'tagger GitHub <noreply@example.com> 1900000000 +0000';
const releases = [];
let numbers = 0;
let uploads = 0;
const number = () => (numbers += 1);
const page = (id) => releases.find((release) => release.id === Number(id));
const reference = (ref) => {
  try {
    const sha = git(['rev-parse', '--verify', '--quiet', ref]);
    return { ref, object: { sha, type: git(['cat-file', '-t', sha]) } };
  } catch {}
};
const tag = (sha) => ({ sha, object: { sha: git(['rev-parse', `${sha}^{commit}`]), type: 'commit' } });
const taken = { status: 422, message: 'Validation Failed', errors: [{ code: 'already_exists' }] };
const routes = [
  ['GET', /^git\\/ref\\/(tags\\/.+)$/, ([name]) => reference(`refs/${name}`)],
  ['GET', /^git\\/tags\\/(.+)$/, ([sha]) => tag(sha)],
  ['POST', /^git\\/tags$/, (_, { object, tag: name, message }) => {
    return tag(git(['mktag'], `object ${object}\\ntype commit\\ntag ${name}\\n${tagger}\\n\\n${message}`));
  }],
  ['POST', /^git\\/refs$/, (_, { ref, sha }) => {
    if (reference(ref)) return taken;
    git(['update-ref', ref, sha]);
    return reference(ref);
  }],
  ['GET', /^releases$/, (_, __, mayWrite) => releases.filter((release) => mayWrite || !release.draft)],
  ['POST', /^releases$/, (_, release) => {
    if (releases.some((other) => other.tag_name === release.tag_name && !other.draft)) return taken;
    const id = number();
    const upload_url = `http://127.0.0.1:${port}/repos/kaelio/ktx/releases/${id}/assets{?name,label}`;
    const html_url = `https://github.com/kaelio/ktx/releases/tag/${release.tag_name}`;
    releases.unshift({ ...release, id, upload_url, html_url, assets: [] });
    return page(id);
  }],
  ['PATCH', /^releases\\/(\\d+)$/, ([id], change) => Object.assign(page(id), change)],
  ['GET', /^releases\\/(\\d+)\\/assets$/, ([id]) => page(id).assets],
  ['POST', /^releases\\/(\\d+)\\/assets$/, ([id], body, _, query) => {
    const name = query.get('name');
    if (page(id).assets.some((asset) => asset.name === name)) return taken;
    uploads += 1;
    const isWhole = uploads !== Number(breaksAt);
    const digest = isWhole ? `sha256:${createHash('sha256').update(body).digest('hex')}` : null;
    const size = isWhole ? body.length : 0;
    const asset = { id: number(), name, size, state: isWhole ? 'uploaded' : 'starter', digest };
    page(id).assets.push(asset);
    return isWhole ? asset : 'breaks off';
  }],
  ['DELETE', /^releases\\/assets\\/(\\d+)$/, ([id]) => {
    for (const release of releases) release.assets = release.assets.filter((asset) => asset.id !== Number(id));
    return null;
  }],
];
http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const { method, headers } = request;
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const path = pathname.replace(/^\\/repos\\/kaelio\\/ktx\\//, '');
  const mayWrite = headers.authorization === `Bearer ${token}`;
  const answer = (status, document) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(document && JSON.stringify(document));
  if (method !== 'GET' && !mayWrite) return answer(401, { message: 'Requires authentication' });
  if (method !== 'GET') console.log(`${method} ${path}`);
  const route = routes.find(([verb, form]) => verb === method && form.test(path));
  if (!route) return answer(404, { message: 'Not Found' });
  const [, form, act] = route;
  const isJson = path.startsWith('git/') || !path.endsWith('/assets');
  const body = bytes.length > 0 && isJson ? JSON.parse(bytes) : bytes;
  const found = act(form.exec(path).slice(1), body, mayWrite, searchParams);
  if (found === 'breaks off') return response.destroy();
  if (found === undefined) return answer(404, { message: 'Not Found' });
  if (found === null) return answer(204);
  answer(found.status ?? (method === 'POST' ? 201 : 200), found);
}).listen(Number(port), '127.0.0.1', () => console.log('the stand-in listens'));
";

/// Whom it lets write.
pub const TOKEN: &str = "only-for-this-rehearsal";

/// The upload that breaks off, counted over all.
const BREAKS_AT: &str = "3";

/// How long it may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Github {
    url: String,
    repository: Utf8PathBuf,
    running: Running,
}

impl Github {
    /// Over a new bare repository.
    pub fn start(stage: &Stage<'_>) -> Result<Self, Stop> {
        let repository = stage.sandbox.folders().at("origin.git");
        let init = Invocation::new("git").words("init --quiet --bare");
        stage.step("origin", init.arg(repository.as_str())).check()?;
        let port = free_port()?.to_string();
        let node = Invocation::new("node").args(["--input-type=module", "--eval", STAND_IN]);
        let node = node.args([repository.as_str(), &port, TOKEN, BREAKS_AT]);
        let running = stage.sandbox.start(&node)?;
        stage.ensure(
            "github.ready",
            running.says_within("the stand-in listens", PATIENCE),
            || {
                format!(
                    "the stand-in for GitHub did not start: {}",
                    running.stderr_so_far()
                )
            },
        )?;
        Ok(Self {
            url: format!("http://127.0.0.1:{port}"),
            repository,
            running,
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn repository(&self) -> &str {
        self.repository.as_str()
    }

    /// How much was written so far.
    pub fn writes(&self) -> usize {
        let said = self.running.stdout_so_far();
        said.lines().filter(|line| !line.starts_with("the ")).count()
    }

    pub fn stop(self, stage: &Stage<'_>) {
        signal(self.running.pid(), Signal::Terminate);
        self.running
            .finish(PATIENCE, stage.sandbox.family(), stage.interrupted);
    }
}
