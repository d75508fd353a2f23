//! The settings of a user: which of them reach an installation, and that no others do.

use ktx_runtime::InstallMode;

use crate::sandbox::{Sandbox, core};

/// Settings that would put files elsewhere, take others, or check less, each as it is written in `uv.toml`. Each would break
/// or redirect the installation if uv read it.
const HOSTILE: [&str; 26] = [
    "[pip]\ntarget = \"ELSEWHERE\"",
    "[pip]\nprefix = \"ELSEWHERE\"",
    "[pip]\nsystem = true",
    "[pip]\npython = \"2.7\"",
    "[pip]\npython-version = \"2.7\"",
    "[pip]\npython-platform = \"windows\"",
    "[pip]\nlink-mode = \"symlink\"",
    "[pip]\nno-build = true\nonly-binary = [\":all:\"]",
    "[pip]\nno-binary = [\":all:\"]",
    "[pip]\nno-verify-hashes = true\nverify-hashes = false",
    "[pip]\nrequire-hashes = false",
    "[pip]\ncompile-bytecode = true",
    "[pip]\nstrict = true",
    "[pip]\nresolution = \"lowest\"",
    "[pip]\nprerelease = \"allow\"",
    "[pip]\nexclude-newer = \"2001-01-01T00:00:00Z\"",
    "[pip]\nreinstall = true",
    "[pip]\nbreak-system-packages = true",
    "[pip]\nall-extras = true",
    "link-mode = \"symlink\"",
    "exclude-newer = \"2001-01-01T00:00:00Z\"",
    "required-version = \"==0.0.1\"",
    "constraint-dependencies = [\"annotated-types==99\"]",
    "override-dependencies = [\"annotated-types==99\"]",
    "index-url = 3",
    "this is not TOML",
];

/// The same as variables.
const HOSTILE_VARIABLES: [(&str, &str); 22] = [
    ("UV_TARGET", "ELSEWHERE"),
    ("UV_PREFIX", "ELSEWHERE"),
    ("UV_SYSTEM_PYTHON", "1"),
    ("UV_BREAK_SYSTEM_PACKAGES", "1"),
    ("UV_PYTHON", "2.7"),
    ("UV_LINK_MODE", "symlink"),
    ("UV_NO_BINARY", "1"),
    ("UV_NO_VERIFY_HASHES", "1"),
    ("UV_REQUIRE_HASHES", "0"),
    ("UV_CONSTRAINT", "/nowhere/constraints.txt"),
    ("UV_OVERRIDE", "/nowhere/overrides.txt"),
    ("UV_BUILD_CONSTRAINT", "/nowhere/constraints.txt"),
    ("UV_EXCLUDE_NEWER", "2001-01-01T00:00:00Z"),
    ("UV_RESOLUTION", "lowest"),
    ("UV_PRERELEASE", "allow"),
    ("UV_PROJECT", "/nowhere"),
    ("UV_WORKING_DIR", "/nowhere"),
    ("UV_PROJECT_ENVIRONMENT", "/nowhere"),
    ("UV_ENV_FILE", "/nowhere/env"),
    ("UV_VENV_SEED", "1"),
    ("UV_NO_BUILD_ISOLATION", "1"),
    ("PIP_TARGET", "ELSEWHERE"),
];

#[test]
fn no_setting_of_the_user_redirects_or_weakens_an_installation() {
    let rows = HOSTILE
        .iter()
        .map(|file| (Some(*file), None))
        .chain(HOSTILE_VARIABLES.iter().map(|variable| (None, Some(*variable))));
    for (file, variable) in rows {
        let sandbox = Sandbox::with_sample();
        let elsewhere = sandbox.path().join("elsewhere");
        let here = |text: &str| text.replace("ELSEWHERE", &elsewhere.to_string_lossy());
        fs_err::create_dir(&elsewhere).expect("a directory");
        if let Some(file) = file {
            let folder = sandbox.path().join("home/.config/uv");
            fs_err::create_dir_all(&folder).expect("a directory");
            fs_err::write(folder.join("uv.toml"), here(file)).expect("written");
        }
        let sandbox = match variable {
            Some((name, value)) => sandbox.set(name, here(value)),
            None => sandbox,
        };
        if let Err(error) = sandbox.runtime().install(&core(InstallMode::IfNeeded)) {
            panic!("{file:?} {variable:?}: {error}");
        }
        sandbox.assert_clean_and_ready();
        let strays = fs_err::read_dir(&elsewhere).expect("a directory").count();
        assert_eq!(strays, 0, "{file:?} {variable:?} wrote elsewhere");
    }
}

/// Where a setting is looked for, and a word of the failure that shows that it was used.
#[test]
fn indexes_are_taken_over_from_wherever_they_are_set() {
    let uv = "home/.config/uv/uv.toml";
    let pip = "home/.config/pip/pip.conf";
    let url = "http://127.0.0.1:9/taken/simple";
    for (place, text) in [
        ("UV_DEFAULT_INDEX", url.to_owned()),
        ("UV_INDEX_URL", url.to_owned()),
        ("UV_INDEX", format!("own={url}")),
        ("PIP_INDEX_URL", url.to_owned()),
        (uv, format!("index-url = \"{url}\"")),
        (uv, format!("[pip]\nindex-url = \"{url}\"")),
        (
            uv,
            format!("[[index]]\nname = \"own\"\nurl = \"{url}\"\ndefault = true"),
        ),
        (uv, format!("[[index]]\nurl = \"{url}\"")),
        (pip, format!("[global]\nindex-url = {url}")),
        (pip, format!("[install]\nindex_url: {url}")),
    ] {
        let sandbox = Sandbox::with_requirement("httptools==0.9.0");
        let sandbox = without_indexes(sandbox)
            .set("UV_HTTP_RETRIES", "0")
            .set("UV_NO_CACHE", "1");
        let sandbox = if place.contains('/') {
            let path = sandbox.path().join(place);
            fs_err::create_dir_all(path.parent().expect("a folder")).expect("a directory");
            fs_err::write(path, &text).expect("written");
            sandbox
        } else {
            sandbox.set(place, &text)
        };
        let error = sandbox
            .runtime()
            .install(&core(InstallMode::IfNeeded))
            .expect_err("nobody listens there");
        assert!(
            error.to_string().contains("127.0.0.1:9/taken/simple"),
            "{place}: {text}\n{error}"
        );
    }
}

fn without_indexes(sandbox: Sandbox) -> Sandbox {
    [
        "UV_DEFAULT_INDEX",
        "UV_INDEX_URL",
        "UV_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_OFFLINE",
        "PIP_INDEX_URL",
        "PIP_FIND_LINKS",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ]
    .iter()
    .fold(sandbox, |sandbox, name| sandbox.unset(name))
}
