//! Small packages, open to change.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ktx_fixtures::sample_program;
use ktx_fixtures::sample_wheel::SampleWheel;
use ktx_inspect::Package;

/// Files by path with whether they are executable.
#[derive(Clone)]
pub struct Sample {
    pub files: BTreeMap<String, (Vec<u8>, bool)>,
}

impl Sample {
    pub fn new() -> Self {
        let program = |platform: &str| sample_program::program(platform, "0.1.0");
        let lock = "alpha==1.0 \\\n    --hash=sha256:aa\nbeta==2.0 ; python_version < '3.12' \\\n    --hash=sha256:bb\n";
        let files = [
            (
                "package.json",
                br#"{"name": "@kaelio/ktx", "version": "0.1.0"}"#.to_vec(),
                false,
            ),
            (
                "dist/bin.js",
                b"#!/usr/bin/env node\n// https://docs.example.com\n".to_vec(),
                true,
            ),
            ("native/linux-x64/ktx", program("linux-x64"), true),
            ("native/win32-x64/ktx.exe", program("win32-x64"), true),
            ("assets/python/core.txt", lock.into(), false),
        ];
        let files = files
            .into_iter()
            .map(|(path, content, executable)| (path.to_owned(), (content, executable)));
        let mut sample = Self {
            files: files.collect(),
        };
        sample.with_wheel("0.1.0");
        sample
    }

    pub fn with_wheel(&mut self, version: &str) {
        let wheel = SampleWheel::new(version);
        self.files.retain(|path, _| !path.ends_with(".whl"));
        let path = format!("assets/python/{}", wheel.file_name());
        self.files.insert(path, (wheel.to_bytes(), false));
    }

    pub fn content(&mut self, path: &str) -> &mut Vec<u8> {
        &mut self.files.get_mut(path).expect("the file is there").0
    }

    pub fn tarball(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, (content, executable)) in &self.files {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(content.len() as u64);
            header.set_mode(if *executable { 0o755 } else { 0o644 });
            let path = format!("package/{path}");
            archive
                .append_data(&mut header, path, content.as_slice())
                .expect("an entry");
        }
        let mut gzip = archive.into_inner().expect("an archive");
        gzip.flush().expect("a tarball");
        gzip.finish().expect("a tarball")
    }

    pub fn package(&self) -> Package {
        Package::read(&self.tarball()).expect("a package")
    }
}
