//! The HTTP servers of a project, as `ktx serve status` and `stop` find them: one file for each, and the token that they
//! all take. A record is believed when its server answers with that token.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ktx_app::Error;
use ktx_project::{Folder, files};
use ktx_system::files::Access;
use serde::{Deserialize, Serialize};

/// A server on this machine answers in milliseconds; one that is busy in less than this.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    pub url: String,
    pub pid: u32,
    address: SocketAddr,
    token_file: PathBuf,
    #[serde(skip)]
    file: PathBuf,
}

/// The token of the project's servers: made by the first, private to the user, and kept for their clients.
pub fn token(folder: &Folder, given: Option<&Path>) -> Result<(String, PathBuf), Error> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => folder.dir().join(".ktx/secrets/mcp-token"),
    };
    let path = std::path::absolute(&path).unwrap_or(path);
    match fs_err::read_to_string(&path) {
        Ok(text) if text.trim().len() >= 16 => return Ok((text.trim().to_owned(), path)),
        Ok(_) => {
            return Err(Error::hinted(
                format!(
                    "failed to use the token in `{}`: it is shorter than 16 letters",
                    path.display()
                ),
                "remove the file, and one is made",
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && given.is_none() => {}
        Err(error) => return Err(ktx_project::Error::io("read", &path, error).into()),
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::refused(format!("failed to make a token: {error}")))?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    ktx_system::files::write(&path, token.as_bytes(), Access::Private).map_err(ktx_project::Error::from)?;
    Ok((token, path))
}

impl Record {
    pub fn write(folder: &Folder, address: SocketAddr, token_file: &Path) -> Result<Self, Error> {
        let record = Self {
            url: format!("http://{address}/mcp"),
            pid: std::process::id(),
            address,
            token_file: token_file.to_owned(),
            file: dir(folder).join(format!("{}.json", address.port())),
        };
        let text = serde_json::to_string_pretty(&record)
            .map_err(|error| Error::refused(format!("failed to write the record: {error}")))?;
        files::write(&record.file, text.as_bytes())?;
        Ok(record)
    }

    /// The servers of the project that run. Records of others are removed.
    pub fn running(folder: &Folder) -> Result<Vec<Self>, Error> {
        let mut running = Vec::new();
        for file in files::all_below(&dir(folder))? {
            let text = fs_err::read_to_string(&file)
                .map_err(|error| ktx_project::Error::io("read", &file, error))?;
            let record = serde_json::from_str::<Self>(&text).ok();
            match record.map(|record| Self {
                file: file.clone(),
                ..record
            }) {
                Some(record) if record.ask("GET", "/status").is_ok() => running.push(record),
                Some(record) => record.remove(),
                None => files::remove(&file)?,
            }
        }
        Ok(running)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Asks the server to end, and waits until it has.
    pub fn stop(&self) -> Result<(), Error> {
        let failed = |error: io::Error| Error::refused(format!("failed to stop `{}`: {error}", self.url));
        self.ask("POST", "/stop").map_err(failed)?;
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.file.exists() {
            if std::time::Instant::now() > deadline {
                return Err(failed(io::ErrorKind::TimedOut.into()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Another server may have written it since.
    pub fn remove(&self) {
        let same = fs_err::read_to_string(&self.file)
            .ok()
            .and_then(|text| serde_json::from_str::<Self>(&text).ok())
            .is_some_and(|record| record.pid == self.pid);
        if same {
            // What cannot be removed is found out by the next `status`.
            let _ = fs_err::remove_file(&self.file);
        }
    }

    fn ask(&self, method: &str, path: &str) -> io::Result<()> {
        let address = match self.address.ip() {
            ip if !ip.is_unspecified() => self.address,
            IpAddr::V4(_) => (Ipv4Addr::LOCALHOST, self.port()).into(),
            IpAddr::V6(_) => (Ipv6Addr::LOCALHOST, self.port()).into(),
        };
        let token = fs_err::read_to_string(&self.token_file)?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            token.trim()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.starts_with("HTTP/1.1 200 ") {
            true => Ok(()),
            false => Err(io::Error::other("it does not answer as a server of ktx does")),
        }
    }
}

fn dir(folder: &Folder) -> PathBuf {
    folder.cache().join("serve")
}
