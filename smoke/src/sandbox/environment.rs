//! The environment of a sandbox: cleared, then a short list put back, each entry with its reason.
//!
//! What the machine's registry clients need to reach their registries is passed in explicit variables; anything that
//! could hold a credential is not passed, nor is any configuration file of the user.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

/// Variables of the user that are passed, because without them nothing works on some machines.
const PASSED_ON: [(&str, &str); 17] = [
    (
        "SSL_CERT_FILE",
        "the machine's certificate authorities, for uv and Rust",
    ),
    ("SSL_CERT_DIR", "the same as a folder"),
    ("NODE_EXTRA_CA_CERTS", "the same for Node"),
    ("REQUESTS_CA_BUNDLE", "the same for Python"),
    ("CURL_CA_BUNDLE", "the same for curl"),
    ("UV_NATIVE_TLS", "whether uv trusts the system's certificates"),
    ("HTTP_PROXY", "the way out"),
    ("HTTPS_PROXY", "the way out"),
    ("ALL_PROXY", "the way out"),
    ("NO_PROXY", "what the proxy is not asked for"),
    ("http_proxy", "curl's spelling"),
    ("https_proxy", "curl's spelling"),
    ("no_proxy", "curl's spelling"),
    ("SYSTEMROOT", "Windows: without it no program finds its libraries"),
    ("COMSPEC", "Windows: the shell that npm starts"),
    ("PATHEXT", "Windows: what counts as a program"),
    ("NUMBER_OF_PROCESSORS", "Windows: uv sizes its threads by it"),
];

/// Variables that name an index for uv. Passed without user name and password.
const INDEXES: [&str; 5] = [
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
];

/// npm's settings in force that decide where and how it reaches its registry. No `_auth`, no `//host/:…` key.
pub const NPM_SETTINGS: [&str; 6] = [
    "registry",
    "cafile",
    "proxy",
    "https-proxy",
    "noproxy",
    "strict-ssl",
];

/// What the machine contributes to every sandbox.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The caller's environment, from which the short list is taken.
    pub environment: BTreeMap<String, String>,
    /// npm's settings in force, of [`NPM_SETTINGS`].
    pub npm_settings: BTreeMap<String, String>,
    /// Folders of the programs that a user would have on `PATH`, first wins.
    pub path: Vec<Utf8PathBuf>,
}

/// The folders of one sandbox.
#[derive(Clone, Debug)]
pub struct Folders {
    pub root: Utf8PathBuf,
}

impl Folders {
    pub fn at(&self, name: &str) -> Utf8PathBuf {
        self.root.join(name)
    }

    /// Where the managed runtime goes.
    pub fn runtime_root(&self) -> Utf8PathBuf {
        self.at("runtime")
    }

    /// `TMPDIR`; what is left in it at the end was left behind.
    pub fn temporary(&self) -> Utf8PathBuf {
        self.at("tmp")
    }

    pub fn uv_cache(&self) -> Utf8PathBuf {
        self.at("uv-cache")
    }
}

/// The whole environment of a sandbox.
pub fn of(machine: &Machine, folders: &Folders) -> BTreeMap<String, String> {
    let mut environment = passed_on(&machine.environment);
    for (name, value) in &machine.npm_settings {
        environment.insert(
            format!("npm_config_{}", name.replace('-', "_")),
            without_credentials(value),
        );
    }
    environment.insert("PATH".into(), search_path(machine, folders));
    for (name, folder) in OWN_FOLDERS {
        environment.insert(name.into(), folders.at(folder).into_string());
    }
    for (name, value, _why) in SETTINGS {
        environment.insert(name.into(), value.into());
    }
    environment
}

/// Places that a program writes to, each moved into the sandbox.
const OWN_FOLDERS: [(&str, &str); 24] = [
    ("HOME", "home"),
    ("USERPROFILE", "home"),
    ("APPDATA", "home/AppData/Roaming"),
    ("LOCALAPPDATA", "home/AppData/Local"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_DATA_HOME", "data"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_STATE_HOME", "state"),
    ("XDG_RUNTIME_DIR", "run"),
    ("TMPDIR", "tmp"),
    ("TEMP", "tmp"),
    ("TMP", "tmp"),
    ("npm_config_prefix", "npm-prefix"),
    ("npm_config_cache", "npm-cache"),
    ("npm_config_userconfig", "config/npmrc"),
    ("npm_config_globalconfig", "config/npmrc-global"),
    ("PNPM_HOME", "pnpm-home"),
    ("YARN_GLOBAL_FOLDER", "yarn"),
    ("YARN_CACHE_FOLDER", "yarn/cache"),
    ("BUN_INSTALL", "bun"),
    ("BUN_INSTALL_CACHE_DIR", "bun/cache"),
    ("DENO_DIR", "deno"),
    ("UV_CACHE_DIR", "uv-cache"),
    ("KTX_RUNTIME_ROOT", "runtime"),
];

const SETTINGS: [(&str, &str, &str); 11] = [
    ("LANG", "C.UTF-8", "messages in one language"),
    ("TZ", "UTC", "times in one zone"),
    (
        "npm_config_audit",
        "false",
        "no question to the registry that the user did not ask",
    ),
    ("npm_config_fund", "false", "no advertisement in a transcript"),
    (
        "npm_config_update_notifier",
        "false",
        "no question to the registry",
    ),
    ("YARN_ENABLE_TELEMETRY", "0", "a smoke run is not real usage"),
    ("DO_NOT_TRACK", "1", "the same for bun"),
    (
        "COREPACK_ENABLE_DOWNLOAD_PROMPT",
        "0",
        "there is no user to answer",
    ),
    (
        "UV_PYTHON_DOWNLOADS",
        "never",
        "the machine's interpreter, not a download",
    ),
    ("NO_UPDATE_NOTIFIER", "1", "pnpm's question to the registry"),
    ("DENO_NO_UPDATE_CHECK", "1", "the same for deno"),
];

fn passed_on(user: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let plain = PASSED_ON
        .iter()
        .filter_map(|(name, _why)| Some(((*name).to_owned(), user.get(*name)?.clone())));
    let indexes = INDEXES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), without_credentials(user.get(*name)?))));
    plain.chain(indexes).collect()
}

/// `https://user:password@host/` without the part before the `@`, in each of the words.
fn without_credentials(value: &str) -> String {
    let words = value.split(' ').map(|word| match word.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn search_path(machine: &Machine, folders: &Folders) -> String {
    let own = ["npm-prefix/bin", "pnpm-home", "pnpm-home/bin", "bun/bin"].map(|name| folders.at(name));
    let all = own.iter().chain(&machine.path).map(Utf8PathBuf::as_path);
    join_paths(all)
}

/// Folders joined as `PATH` wants them on this system.
pub fn join_paths<'a>(folders: impl Iterator<Item = &'a Utf8Path>) -> String {
    let separator = if cfg!(windows) { ";" } else { ":" };
    folders.map(Utf8Path::as_str).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(pairs: &[(&str, &str)]) -> Machine {
        Machine {
            environment: pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Machine::default()
        }
    }

    fn sandbox(machine: &Machine) -> BTreeMap<String, String> {
        of(
            machine,
            &Folders {
                root: "/sandbox".into(),
            },
        )
    }

    #[test]
    fn tokens_and_whatever_is_not_on_the_list_stay_outside() {
        let names = [
            "NPM_TOKEN",
            "NODE_AUTH_TOKEN",
            "npm_config__auth",
            "npm_config_//host/:_authToken",
            "UV_INDEX_PRIVATE_PASSWORD",
            "PIP_INDEX_URL",
            "GITHUB_TOKEN",
            "PYTHONPATH",
            "NODE_OPTIONS",
            "KTX_DAEMON_URL",
            "VIRTUAL_ENV",
        ];
        let pairs: Vec<_> = names.iter().map(|name| (*name, "canary")).collect();
        let environment = sandbox(&machine(&pairs));
        assert!(!environment.values().any(|value| value.contains("canary")));
    }

    #[test]
    fn certificates_and_proxies_pass() {
        let environment = sandbox(&machine(&[
            ("SSL_CERT_FILE", "/ca.pem"),
            ("HTTPS_PROXY", "http://p:1"),
        ]));
        assert_eq!(environment["SSL_CERT_FILE"], "/ca.pem");
        assert_eq!(environment["HTTPS_PROXY"], "http://p:1");
    }

    #[test]
    fn an_index_passes_without_its_credentials() {
        for (given, handed_over) in [
            ("https://user:secret@host/simple", "https://host/simple"),
            ("https://host/simple", "https://host/simple"),
            ("https://token@host", "https://host"),
            (
                "a=https://u:p@one/x https://two/y@z",
                "a=https://one/x https://two/y@z",
            ),
            ("/opt/wheels", "/opt/wheels"),
        ] {
            let environment = sandbox(&machine(&[("UV_INDEX", given)]));
            assert_eq!(environment["UV_INDEX"], handed_over);
        }
    }

    #[test]
    fn every_place_to_write_to_lies_in_the_sandbox() {
        let environment = sandbox(&machine(&[
            ("HOME", "/home/user"),
            ("XDG_DATA_HOME", "/home/user/data"),
        ]));
        for (name, _) in OWN_FOLDERS {
            assert!(environment[name].starts_with("/sandbox/"), "{name}");
        }
        assert!(!environment.values().any(|value| value.contains("/home/user")));
    }
}
