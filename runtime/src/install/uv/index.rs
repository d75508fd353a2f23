//! One file from a package index, by the simple repository API (PEP 503 and 691), from where uv would get it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ktx_manifest::uv_pin::PinnedWheel;
use serde::Deserialize;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use crate::Environment;
use crate::install::netrc;
use crate::install::settings::UserSettings;

const PROJECT: &str = "uv/";
/// The page of a project with thousands of files has some megabytes.
const MAX_PAGE: u64 = 64 << 20;
const TIMEOUT: Duration = Duration::from_secs(15 * 60);
const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

#[derive(Deserialize)]
struct Page {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    url: String,
}

/// The bytes of a wheel of uv, at most one more than it should have.
///
/// # Errors
/// Why no index has it, with the reason of each.
pub(crate) fn download(
    settings: &UserSettings,
    environment: &Environment,
    wheel: &PinnedWheel,
    default_index: Option<&str>,
) -> Result<Vec<u8>, String> {
    let (file, bytes) = (&*wheel.file, wheel.bytes);
    if let Some(path) = linked(settings, file) {
        let found = fs_err::File::open(&path).and_then(|found| read(found, bytes + 1));
        return found.map_err(|error| error.to_string());
    }
    for name in ["UV_OFFLINE", "UV_NO_INDEX"] {
        if settings.get(name).is_some() {
            return Err(format!(
                "{name} is set, and no folder of UV_FIND_LINKS holds `{file}`"
            ));
        }
    }
    let mut indexes = settings.indexes(environment);
    if indexes.is_empty() {
        indexes.extend(default_index.map(Url::parse).and_then(Result::ok));
    }
    if indexes.is_empty() {
        return Err("no package index is known; name one with UV_DEFAULT_INDEX".to_owned());
    }
    let mut reasons = Vec::new();
    for index in indexes {
        match from_index(settings, environment, &index, file, bytes) {
            Ok(found) => return Ok(found),
            Err(reason) => reasons.push(format!("{}: {reason}", index.host_str().unwrap_or_default())),
        }
    }
    Err(reasons.join("; "))
}

/// Writes the file at an address to `output`, with the credentials of the index that is on the same host; at most
/// `limit` bytes.
///
/// # Errors
/// Why it cannot be had.
pub(crate) fn save(
    settings: &UserSettings,
    environment: &Environment,
    address: &Url,
    limit: u64,
    output: &mut dyn Write,
) -> Result<(), String> {
    let indexes = settings.indexes(environment);
    let index = indexes.iter().find(|index| index.origin() == address.origin());
    let mut body = open(settings, environment, address, index.unwrap_or(address))?;
    let copied = std::io::copy(&mut (&mut body).take(limit), output);
    copied.map(drop).map_err(|error| error.to_string())
}

/// The wheel in a local folder of links.
fn linked(settings: &UserSettings, file: &str) -> Option<PathBuf> {
    let links = settings.get("UV_FIND_LINKS")?;
    let folders = links.split(',').filter_map(|link| match Url::parse(link) {
        Ok(url) if url.scheme() == "file" => url.to_file_path().ok(),
        Ok(_) => None,
        Err(_) => Some(Path::new(link).to_owned()),
    });
    folders
        .map(|folder| folder.join(file))
        .find(|path| path.is_file())
}

fn from_index(
    settings: &UserSettings,
    environment: &Environment,
    index: &Url,
    file: &str,
    bytes: u64,
) -> Result<Vec<u8>, String> {
    let mut folder = index.clone();
    if !folder.path().ends_with('/') {
        folder.set_path(&format!("{}/", folder.path()));
    }
    let page = folder.join(PROJECT).map_err(|error| error.to_string())?;
    let text = get(settings, environment, &page, index, MAX_PAGE)?;
    let found = link_in(&text, file).ok_or_else(|| format!("it does not have `{file}`"))?;
    let address = page.join(&found).map_err(|error| error.to_string())?;
    get(settings, environment, &address, index, bytes + 1)
}

/// The URL of a file on a page, in either of its two forms.
fn link_in(page: &[u8], file: &str) -> Option<String> {
    if let Ok(page) = serde_json::from_slice::<Page>(page) {
        let found = page.files.into_iter().find(|found| found.filename == file);
        return found.map(|found| found.url);
    }
    let text = String::from_utf8_lossy(page);
    let links = text.split("href=").skip(1).filter_map(|rest| {
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest[1..].split(quote).next()
    });
    links.map(|link| link.replace("&amp;", "&")).find(|link| {
        link.split(['#', '?'])
            .next()
            .is_some_and(|path| path.ends_with(&format!("/{file}")) || path == file)
    })
}

fn get(
    settings: &UserSettings,
    environment: &Environment,
    address: &Url,
    index: &Url,
    limit: u64,
) -> Result<Vec<u8>, String> {
    read(open(settings, environment, address, index)?, limit).map_err(|error| error.to_string())
}

/// The body of what is at an address.
fn open(
    settings: &UserSettings,
    environment: &Environment,
    address: &Url,
    index: &Url,
) -> Result<impl Read + use<>, String> {
    let mut address = address.clone();
    let has_credentials = |url: &Url| !url.username().is_empty() || url.password().is_some();
    // Credentials are for the host that they were given for.
    let authority = if has_credentials(&address) {
        Some(authorization(&address))
    } else if address.origin() == index.origin() && has_credentials(index) {
        Some(authorization(index))
    } else {
        let host = address.host_str().unwrap_or_default();
        netrc::login(environment, host).map(|(user, password)| basic(&user, &password))
    };
    let _ = address.set_username("");
    let _ = address.set_password(None);
    address.set_fragment(None);
    let mut request = agent(settings, &address)?
        .get(address.as_str())
        .header("accept", ACCEPT);
    if let Some(authority) = authority {
        request = request.header("authorization", authority);
    }
    let answer = request.call().map_err(|error| error.to_string())?;
    Ok(answer.into_body().into_reader())
}

fn authorization(url: &Url) -> String {
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let user = decoded(url.username());
    let password = decoded(url.password().unwrap_or_default());
    basic(&user, &password)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn read(source: impl Read, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A client with the user's proxy and certificates.
fn agent(settings: &UserSettings, address: &Url) -> Result<ureq::Agent, String> {
    let roots = match settings.get("SSL_CERT_FILE") {
        Some(path) => {
            let text = fs_err::read(path).map_err(|error| error.to_string())?;
            let found = parse_pem(&text).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            });
            RootCerts::from(found)
        }
        None if ["UV_NATIVE_TLS", "UV_SYSTEM_CERTS"]
            .iter()
            .any(|name| settings.get(name).is_some()) =>
        {
            RootCerts::PlatformVerifier
        }
        None => RootCerts::WebPki,
    };
    let proxy = proxy(settings, address).map(|url| ureq::Proxy::new(&url));
    let proxy = proxy.transpose().map_err(|error| error.to_string())?;
    Ok(ureq::Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .proxy(proxy)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into())
}

/// The proxy for an address, unless `NO_PROXY` excepts its host.
fn proxy(settings: &UserSettings, address: &Url) -> Option<String> {
    let either = |name: &str| {
        settings
            .get(&name.to_ascii_lowercase())
            .or_else(|| settings.get(name))
    };
    let host = address.host_str()?;
    let excepted = either("NO_PROXY")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .any(|name| {
            let name = name.trim_start_matches('.');
            name == "*" || (!name.is_empty() && (host == name || host.ends_with(&format!(".{name}"))))
        });
    if excepted {
        return None;
    }
    let own = if address.scheme() == "https" {
        "HTTPS_PROXY"
    } else {
        "HTTP_PROXY"
    };
    either(own).or_else(|| either("ALL_PROXY")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::link_in;

    #[test]
    fn a_file_is_found_on_both_kinds_of_pages_by_its_whole_name() {
        let file = "uv-1.2.3-py3-none-any.whl";
        let json = format!(
            r#"{{"files": [{{"filename": "x{file}", "url": "no"}}, {{"filename": "{file}", "url": "../f/{file}"}}]}}"#
        );
        assert_eq!(link_in(json.as_bytes(), file), Some(format!("../f/{file}")));
        let html = format!("<a href='/f/x{file}'>x</a><a\n href=\"/f/{file}#sha256=00\">{file}</a>");
        assert_eq!(
            link_in(html.as_bytes(), file),
            Some(format!("/f/{file}#sha256=00"))
        );
        assert_eq!(link_in(html.as_bytes(), "uv-1.2.4-py3-none-any.whl"), None);
        assert_eq!(link_in(b"", file), None);
    }
}
