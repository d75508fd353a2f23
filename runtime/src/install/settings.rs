//! The user's settings that an installation takes over; all other settings of uv and pip are ignored.
//!
//! uv runs with `--no-config` in its own environment: a setting that is not in these tables cannot change what is
//! installed, or where. Taken over are indexes, proxies, certificates, credentials, the cache, being offline and where
//! Pythons come from; each from the environment, else from uv's own files, else (indexes, proxies and certificates)
//! from pip's. `npm/README.md` has the table for users.

use std::collections::BTreeMap;

use ktx_system::Redaction;
use url::Url;

use super::settings_files::{Configured, pip_files, uv_files};
use crate::Environment;

/// Variables that pass to uv as they are.
const PASSED: [&str; 30] = [
    // Indexes.
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
    "UV_INDEX_STRATEGY",
    // The network.
    "UV_HTTP_TIMEOUT",
    "UV_HTTP_CONNECT_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_REQUEST_TIMEOUT",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_INSECURE_HOST",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    // Credentials.
    "UV_KEYRING_PROVIDER",
    "UV_CREDENTIALS_DIR",
    "NETRC",
    // The cache.
    "UV_CACHE_DIR",
    "UV_NO_CACHE",
    "UV_OFFLINE",
    "UV_COMPILE_BYTECODE",
    // Pythons.
    "UV_PYTHON_DOWNLOADS",
    "UV_PYTHON_PREFERENCE",
    "UV_PYTHON_INSTALL_DIR",
    "UV_PYTHON_INSTALL_MIRROR",
    "UV_PYTHON_CACHE_DIR",
    "UV_PYTHON_DOWNLOADS_JSON_URL",
    "UV_MANAGED_PYTHON",
    "UV_NO_MANAGED_PYTHON",
];

/// Keys of `uv.toml`, at the top or below `[pip]`, and the variable that says the same.
const UV_KEYS: [(&str, &str); 14] = [
    ("index-url", "UV_DEFAULT_INDEX"),
    ("extra-index-url", "UV_EXTRA_INDEX_URL"),
    ("find-links", "UV_FIND_LINKS"),
    ("no-index", "UV_NO_INDEX"),
    ("index-strategy", "UV_INDEX_STRATEGY"),
    ("keyring-provider", "UV_KEYRING_PROVIDER"),
    ("allow-insecure-host", "UV_INSECURE_HOST"),
    ("native-tls", "UV_NATIVE_TLS"),
    ("system-certs", "UV_SYSTEM_CERTS"),
    ("cache-dir", "UV_CACHE_DIR"),
    ("no-cache", "UV_NO_CACHE"),
    ("offline", "UV_OFFLINE"),
    ("http-proxy", "HTTP_PROXY"),
    ("https-proxy", "HTTPS_PROXY"),
];

/// Keys of `pip.conf` and the ends of `PIP_…` variables.
const PIP_KEYS: [(&str, &[&str]); 8] = [
    ("index-url", &["UV_DEFAULT_INDEX"]),
    ("extra-index-url", &["UV_EXTRA_INDEX_URL"]),
    ("find-links", &["UV_FIND_LINKS"]),
    ("no-index", &["UV_NO_INDEX"]),
    ("trusted-host", &["UV_INSECURE_HOST"]),
    ("proxy", &["HTTP_PROXY", "HTTPS_PROXY"]),
    ("cert", &["SSL_CERT_FILE"]),
    ("client-cert", &["SSL_CLIENT_CERT"]),
];

/// Where packages come from: pip's are used only when uv has none.
const INDEXES: [&str; 6] = [
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
];

/// What was taken over, as variables for uv.
#[derive(Clone, Debug, Default)]
pub struct UserSettings(BTreeMap<String, String>);

impl UserSettings {
    /// Reads the environment and the files that it names.
    pub fn of(environment: &Environment) -> UserSettings {
        let mut settings = UserSettings(
            environment
                .variables()
                .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
                .filter(|(name, value)| !value.is_empty() && is_passed(name))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        );
        for file in uv_files(environment) {
            settings.take_uv(&file);
        }
        let has_index = INDEXES.iter().any(|name| settings.0.contains_key(*name));
        let pip = PIP_KEYS.iter().flat_map(|(key, names)| {
            let variable = format!("PIP_{}", key.replace('-', "_").to_ascii_uppercase());
            let value = environment.text(&variable).map(str::to_owned);
            value.map(|value| (*names, value))
        });
        let pip: Vec<_> = pip.collect();
        for (names, value) in pip {
            settings.take_pip(names, value, has_index);
        }
        for file in pip_files(environment) {
            for (key, names) in PIP_KEYS {
                if let Some(value) = file.one(key) {
                    settings.take_pip(names, value, has_index);
                }
            }
        }
        // uv does not know these names of pip and curl.
        for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            if let Some(bundle) = environment.text(name) {
                settings.set("SSL_CERT_FILE", bundle.to_owned());
            }
        }
        settings
    }

    /// For an installation that has everything in its working directory and a cache of its own there. What the user says
    /// about the Pythons on this machine is the only thing that still counts.
    pub fn without_network(environment: &Environment) -> UserSettings {
        let mut settings = UserSettings::of(environment);
        settings
            .0
            .retain(|name, _| name.starts_with("UV_PYTHON_") || name.ends_with("MANAGED_PYTHON"));
        for (name, value) in [
            ("UV_OFFLINE", "1"),
            ("UV_NO_INDEX", "1"),
            ("UV_FIND_LINKS", "wheels"),
            ("UV_CACHE_DIR", "cache"),
            ("UV_PYTHON_DOWNLOADS", "never"),
        ] {
            settings.0.insert(name.to_owned(), value.to_owned());
        }
        settings
    }

    /// As variables.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The indexes that a distribution may come from, in uv's order, with the credentials that variables name for them.
    pub fn indexes(&self, environment: &Environment) -> Vec<Url> {
        let list = |name: &str| {
            let value = self.get(name).unwrap_or_default();
            value
                .split_ascii_whitespace()
                .filter_map(|entry| index(entry, environment))
                .collect::<Vec<_>>()
        };
        let mut found = list("UV_INDEX");
        found.extend(list("UV_EXTRA_INDEX_URL"));
        let default = [list("UV_DEFAULT_INDEX"), list("UV_INDEX_URL")].concat();
        found.extend(default.into_iter().take(1));
        found
    }

    /// Every secret among them and in the environment.
    pub fn redaction(&self, environment: &Environment) -> Redaction {
        let own = self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
        Redaction::of::<std::ffi::OsStr, std::ffi::OsStr>(environment.variables().chain(own))
    }

    fn set(&mut self, name: &str, value: String) {
        if !value.is_empty() && !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn take_uv(&mut self, file: &Configured) {
        let has_index = INDEXES.iter().any(|name| self.0.contains_key(*name));
        for (key, name) in UV_KEYS {
            if let Some(value) = file.one(key) {
                self.set(name, value);
            }
        }
        if has_index {
            return;
        }
        for (name, value) in file.indexes() {
            self.set(name, value);
        }
    }

    fn take_pip(&mut self, names: &[&str], value: String, has_index: bool) {
        for name in names {
            if !(has_index && INDEXES.contains(name)) {
                self.set(name, value.clone());
            }
        }
    }
}

/// `url` or `name=url`; the name leads to `UV_INDEX_<NAME>_USERNAME` and `…_PASSWORD`.
fn index(entry: &str, environment: &Environment) -> Option<Url> {
    let (name, url) = match entry.split_once('=') {
        Some((name, url)) if !name.contains(['/', ':']) => (Some(name), url),
        _ => (None, entry),
    };
    let mut url = Url::parse(url).ok()?;
    if let Some(name) = name {
        let name = name
            .to_ascii_uppercase()
            .replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        if let Some(user) = environment.text(&format!("UV_INDEX_{name}_USERNAME")) {
            url.set_username(user).ok()?;
        }
        if let Some(password) = environment.text(&format!("UV_INDEX_{name}_PASSWORD")) {
            url.set_password(Some(password)).ok()?;
        }
    }
    Some(url)
}

/// Proxy and certificate settings, which `doctor` shows too.
pub fn is_network_setting(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let certificates = ["SSL_CLIENT_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
    upper.ends_with("_PROXY") || upper.starts_with("SSL_CERT_") || certificates.contains(&upper.as_str())
}

fn is_passed(name: &str) -> bool {
    let of_an_index =
        name.starts_with("UV_INDEX_") && (name.ends_with("_USERNAME") || name.ends_with("_PASSWORD"));
    PASSED.contains(&name) || is_network_setting(name) || of_an_index
}
