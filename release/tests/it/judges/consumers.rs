//! What uses the JS API: bundlers, TypeScript, jest, and the judge of types, each on the package as npm installs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use super::tools::{accepted, consumer, empty, installed_beside, node_18, rejected};
use super::{VERSION, built};

/// Uses the API, and says how it went. The program that it runs is `echo`.
const USE: &str = r#"
async function main() {
  try {
    const code = await runKtxCli(['ran']);
    console.log(getKtxCliPackageInfo().version, code);
  } catch (error) {
    console.log(error instanceof KtxError, error.code, error.message.split('\n')[1]);
  }
}
main();
"#;

const BUNDLED: &str =
    "true KTX_PACKAGE_BUNDLED hint: mark @kaelio/ktx as external in the bundler's configuration\n";

/// How the code that a bundler is given says what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Module,
    CommonJs,
}

impl Source {
    fn file(self) -> &'static str {
        match self {
            Source::Module => "source.mjs",
            Source::CommonJs => "source.cjs",
        }
    }

    fn text(self) -> String {
        let names = "{ KtxError, getKtxCliPackageInfo, runKtxCli }";
        match self {
            Source::Module => format!("import {names} from '@kaelio/ktx';{USE}"),
            Source::CommonJs => format!("const {names} = require('@kaelio/ktx');{USE}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Package {
    Bundled,
    /// As the readme says.
    External,
}

/// A bundler, asked to make `out/bundle.mjs` or `out/bundle.cjs` in the folder of a project.
struct Bundler {
    command: fn(Source, Package) -> Command,
    /// Its settings, where it has a file for them.
    settings: Option<(&'static str, Settings)>,
    /// What it makes of a source.
    output: fn(Source) -> &'static str,
}

type Settings = fn(Source, Package) -> String;

/// Whatever becomes of the package in a bundle, it works or its first use says what to do; importing it never fails.
#[track_caller]
fn check(bundler: &Bundler) {
    for source in [Source::Module, Source::CommonJs] {
        for package in [Package::Bundled, Package::External] {
            let (_guard, folder) = project();
            fs::write(folder.join(source.file()), source.text()).expect("written");
            if let Some((file, settings)) = bundler.settings {
                fs::write(folder.join(file), settings(source, package)).expect("written");
            }
            accepted(&mut (bundler.command)(source, package), &folder);
            let bundle = folder.join((bundler.output)(source));
            let works = format!("ran\n{VERSION} 0\n");
            let expected = match (source, package) {
                (Source::CommonJs, Package::Bundled) => BUNDLED,
                _ => &works,
            };
            assert_eq!(ran(&bundle, &folder), expected, "{source:?} {package:?}");
            if package == Package::Bundled {
                // As on another machine: webpack's bundles have the path where the package was in them.
                fs::remove_dir_all(folder.join("node_modules")).expect("removed");
                assert_eq!(ran(&bundle, &folder), BUNDLED, "{source:?}, without the package");
            }
        }
    }
}

#[track_caller]
fn ran(script: &Path, folder: &Path) -> String {
    let mut node = Command::new("node");
    accepted(node.arg(script).env("KTX_BINARY_PATH", "/bin/echo"), folder)
}

/// A project into which npm has installed the package.
fn project() -> (tempfile::TempDir, PathBuf) {
    let (guard, folder) = empty();
    fs::write(folder.join("package.json"), r#"{"private": true}"#).expect("written");
    let mut npm = Command::new("npm");
    npm.args(["install", "--offline", "--no-audit", "--no-fund"])
        .arg(&built().tarball);
    accepted(&mut npm, &folder);
    (guard, folder)
}

#[test]
fn esbuild_works_or_says_external() {
    check(&Bundler {
        command: |source, package| {
            let mut esbuild = consumer("esbuild");
            esbuild.args([
                source.file(),
                "--bundle",
                "--platform=node",
                "--log-level=warning",
            ]);
            match source {
                Source::Module => esbuild.args(["--format=esm", "--outfile=out/bundle.mjs"]),
                // An ES module made of CommonJS cannot even require Node's own modules, says esbuild.
                Source::CommonJs => esbuild.args(["--format=cjs", "--outfile=out/bundle.cjs"]),
            };
            if package == Package::External {
                esbuild.arg("--external:@kaelio/ktx");
            }
            esbuild
        },
        settings: None,
        output: by_source,
    });
}

#[test]
fn an_esbuild_bundle_in_commonjs_of_a_module_works() {
    let (_guard, folder) = project();
    fs::write(folder.join("source.mjs"), Source::Module.text()).expect("written");
    let mut esbuild = consumer("esbuild");
    esbuild.args(["source.mjs", "--bundle", "--platform=node", "--format=cjs"]);
    accepted(
        esbuild.args(["--log-level=error", "--outfile=out/bundle.cjs"]),
        &folder,
    );
    assert_eq!(
        ran(&folder.join("out/bundle.cjs"), &folder),
        format!("ran\n{VERSION} 0\n")
    );
}

#[test]
fn rollup_works_or_says_external() {
    check(&Bundler {
        command: |_, _| {
            let mut rollup = consumer("rollup");
            rollup.args(["--config", "rollup.config.mjs", "--silent"]);
            rollup
        },
        settings: Some(("rollup.config.mjs", |source, package| {
            let plugin = |name: &str| installed_beside(&format!("@rollup/plugin-{name}/dist/es/index.js"));
            let (format, output) = match source {
                Source::Module => ("es", "out/bundle.mjs"),
                Source::CommonJs => ("cjs", "out/bundle.cjs"),
            };
            format!(
                "import resolve from '{}';\nimport commonjs from '{}';\nexport default {{ input: '{}', external: {}, \
                 plugins: [resolve(), commonjs()], output: {{ file: '{output}', format: '{format}' }} }};\n",
                plugin("node-resolve"),
                plugin("commonjs"),
                source.file(),
                external(package),
            )
        })),
        output: by_source,
    });
}

#[test]
fn vite_works_or_says_external() {
    check(&Bundler {
        command: |_, _| {
            let mut vite = consumer("vite");
            vite.args(["build", "--logLevel", "warn"]);
            vite
        },
        settings: Some(("vite.config.mjs", |source, package| {
            format!(
                "export default {{ ssr: {{ noExternal: true }}, build: {{ ssr: '{}', outDir: 'out', rollupOptions: {{ \
                 external: {}, output: {{ entryFileNames: 'bundle.mjs' }} }} }} }};\n",
                source.file(),
                external(package),
            )
        })),
        output: |_| "out/bundle.mjs",
    });
}

#[test]
fn webpack_works_or_says_external() {
    check(&Bundler {
        command: |_, _| consumer("webpack"),
        settings: Some(("webpack.config.cjs", |source, package| {
            format!(
                "module.exports = {{ mode: 'production', target: 'node', entry: './{}', externals: {}, \
                 externalsType: 'commonjs', output: {{ path: __dirname + '/out', filename: 'bundle.cjs' }} }};\n",
                source.file(),
                external(package),
            )
        })),
        output: |_| "out/bundle.cjs",
    });
}

#[test]
fn ncc_works_or_says_external() {
    check(&Bundler {
        command: |source, package| {
            let mut ncc = consumer("ncc");
            ncc.args(["build", source.file(), "--out", "out", "--quiet"]);
            if package == Package::External {
                ncc.args(["--external", "@kaelio/ktx"]);
            }
            ncc
        },
        settings: None,
        output: |source| match source {
            Source::Module => "out/index.mjs",
            Source::CommonJs => "out/index.cjs",
        },
    });
}

fn by_source(source: Source) -> &'static str {
    match source {
        Source::Module => "out/bundle.mjs",
        Source::CommonJs => "out/bundle.cjs",
    }
}

fn external(package: Package) -> &'static str {
    match package {
        Package::Bundled => "[]",
        Package::External => "['@kaelio/ktx']",
    }
}

#[test]
fn the_judge_of_types_has_nothing_to_say() {
    let (_guard, folder) = empty();
    let attw = || {
        let mut attw = consumer("attw");
        attw.args(["--no-emoji", "--no-color"]);
        attw
    };
    accepted(attw().arg(&built().tarball), &folder);
    let damaged = folder.join("damaged");
    fs::create_dir(&damaged).expect("a folder can be made");
    let json =
        r#"{"name": "damaged", "version": "1.0.0", "exports": {"types": "./a.d.ts", "default": "./a.mjs"}}"#;
    for (file, text) in [
        ("package.json", json),
        ("a.d.ts", "export declare const a: 1;"),
        ("a.mjs", "export const a = 1;"),
    ] {
        fs::write(damaged.join(file), text).expect("written");
    }
    rejected(attw().args(["--pack", "damaged"]), &folder);
}

/// Correct uses, and wrong ones that must not compile.
const TYPED: &str = r#"
import { KtxError, getKtxCliPackageInfo, ktxBinaryPath, runKtxCli } from '@kaelio/ktx';
import type { KtxCliIo, KtxErrorCode } from '@kaelio/ktx';
import { PassThrough } from 'node:stream';
import { ReadableStream, WritableStream } from 'node:stream/web';

export async function right(signal: AbortSignal): Promise<number> {
  const io: KtxCliIo = { stdin: process.stdin, stdout: new PassThrough(), stderr: process.stderr, env: process.env, signal };
  await runKtxCli(['sl', 'list'] as const, { ...io, cwd: new URL('file:///') });
  await runKtxCli([], { stdin: new ReadableStream<Uint8Array>(), stdout: new WritableStream<Uint8Array>(), stderr: null });
  const { name, version }: { name: string; version: string } = getKtxCliPackageInfo();
  const path: string = ktxBinaryPath();
  try {
    return await runKtxCli([name, version, path]);
  } catch (error) {
    const code: KtxErrorCode | undefined = error instanceof KtxError ? error.code : undefined;
    return code === 'KTX_ABORTED' ? 1 : 2;
  }
}

export function wrong(error: KtxError): void {
  // @ts-expect-error: a string is not a list
  runKtxCli('sl');
  // @ts-expect-error: a number is not a stream
  runKtxCli([], { stdout: 1 });
  // @ts-expect-error: nor is a word
  runKtxCli([], { stdout: 'pipe' });
  // @ts-expect-error: there is no such code
  error.code === 'KTX_NO_SUCH_CODE';
  // @ts-expect-error: only the package makes one
  new KtxError();
}
"#;

#[test]
fn the_types_compile_under_every_kind_of_resolution() {
    for (kind, file, module, resolution, library) in [
        ("commonjs", "use.ts", "node16", "node16", "es2022"),
        ("module", "use.ts", "node16", "node16", "es2022"),
        ("commonjs", "use.mts", "nodenext", "nodenext", "es2022,dom"),
        ("module", "use.cts", "nodenext", "nodenext", "es2022,dom"),
        ("module", "use.ts", "esnext", "bundler", "es2022,dom"),
        ("commonjs", "use.ts", "commonjs", "node10", "es2022"),
    ] {
        let (_guard, folder) = project();
        let json = format!(r#"{{"private": true, "type": "{kind}"}}"#);
        fs::write(folder.join("package.json"), json).expect("written");
        fs::write(folder.join(file), TYPED).expect("written");
        let types = installed_beside("@types");
        let mut tsc = consumer("tsc");
        tsc.args([
            "--noEmit",
            "--strict",
            "--skipLibCheck",
            "false",
            "--target",
            "es2022",
        ])
        .args(["--module", module, "--moduleResolution", resolution])
        .args(["--lib", library, "--types", "node", "--typeRoots", &types]);
        accepted(tsc.arg(file), &folder);
    }
}

const REQUIRED: &str = r#"
const { KtxError, getKtxCliPackageInfo, ktxBinaryPath, runKtxCli } = require('@kaelio/ktx');
const { PassThrough } = require('node:stream');
const { text } = require('node:stream/consumers');

async function use(assert) {
  assert(getKtxCliPackageInfo().name, '@kaelio/ktx');
  assert(ktxBinaryPath(), '/bin/echo');
  const stdout = new PassThrough();
  assert(await runKtxCli(['ran'], { stdout }), 0);
  assert(await text(stdout.end()), 'ran\n');
  const error = await runKtxCli([], { cwd: '/nowhere' }).catch((error) => error);
  assert(error instanceof KtxError, true);
  assert(error.code, 'KTX_PROGRAM_NOT_STARTED');
}
"#;

#[test]
fn the_oldest_node_and_jest_require_it() {
    let (_guard, folder) = project();
    fs::write(
        folder.join("required.cjs"),
        format!("{REQUIRED}use(require('node:assert/strict').equal);\n"),
    )
    .expect("written");
    accepted(
        node_18().arg("required.cjs").env("KTX_BINARY_PATH", "/bin/echo"),
        &folder,
    );
    let jest = installed_beside("jest/bin/jest.js");
    for (expected, judge) in [("", accepted_by as Judge), (".not", rejected_by)] {
        let case =
            format!("test('it works', () => use((got, expected) => expect(got){expected}.toBe(expected)));");
        fs::write(folder.join("required.test.js"), format!("{REQUIRED}{case}\n")).expect("written");
        for mut node in [Command::new("node"), node_18()] {
            node.args([&jest, "--ci", "--rootDir", "."])
                .env("KTX_BINARY_PATH", "/bin/echo");
            judge(&mut node, &folder);
        }
    }
}

type Judge = fn(&mut Command, &Path);

#[track_caller]
fn accepted_by(command: &mut Command, folder: &Path) {
    accepted(command, folder);
}

#[track_caller]
fn rejected_by(command: &mut Command, folder: &Path) {
    rejected(command, folder);
}
