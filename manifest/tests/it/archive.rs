//! The archive reader where a wheel is not needed to see it: bounds, and what it hands out.

use std::io::{self, Cursor, Write};

use ktx_fixtures::raw_zip::{RawEntry, RawZip};
use ktx_fixtures::sample_assets::SAMPLE_VERSION;
use ktx_fixtures::sample_wheel::SampleWheel;
use ktx_manifest::archive::{Archive, Limits};

fn open(zip: &RawZip, limits: &Limits) -> Result<Archive<Cursor<Vec<u8>>>, String> {
    Archive::open(Cursor::new(zip.to_bytes()), limits).map_err(|error| error.code().to_owned())
}

/// Counts what it gets and keeps nothing.
#[derive(Default)]
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of zeros, deflated.
fn zeros(bytes: usize) -> RawZip {
    let mut wheel = SampleWheel::new(SAMPLE_VERSION);
    wheel.set("semantic_layer/zeros", vec![0; bytes]);
    let mut zip = wheel.to_raw();
    zip.entries.retain(|entry| entry.central.name.ends_with(b"zeros"));
    zip
}

#[test]
fn stops_an_entry_that_inflates_to_more_than_it_says() {
    let honest = zeros(8 << 20);
    let mut archive = open(&honest, &Limits::default()).unwrap();
    let entry = archive.entries()[0].clone();
    let mut got = Count::default();
    archive.copy(&entry, &mut got).unwrap();
    assert_eq!(got.0, 8 << 20);

    let mut bomb = honest;
    bomb.entries[0].both(|header| header.size = 1000);
    let mut archive = open(&bomb, &Limits::default()).unwrap();
    let entry = archive.entries()[0].clone();
    let mut got = Count::default();
    let error = archive.copy(&entry, &mut got).expect_err("a bomb was inflated");
    assert_eq!((error.code(), got.0), ("archive-size-mismatch", 0));
}

#[test]
fn holds_each_limit_to_the_byte() {
    let entries = [b"a".as_slice(), b"b", b"c"].map(|name| RawEntry::stored(name, &[7; 100]));
    let zip = RawZip {
        entries: entries.to_vec(),
        ..RawZip::default()
    };
    let exact = Limits {
        entries: 3,
        entry_bytes: 100,
        total_bytes: 300,
        directory_bytes: 3 * 47,
    };
    assert!(open(&zip, &exact).is_ok());
    for limits in [
        Limits { entries: 2, ..exact },
        Limits {
            entry_bytes: 99,
            ..exact
        },
        Limits {
            total_bytes: 299,
            ..exact
        },
        Limits {
            directory_bytes: 3 * 47 - 1,
            ..exact
        },
    ] {
        assert_eq!(
            open(&zip, &limits).err().as_deref(),
            Some("archive-too-large"),
            "{limits:?}"
        );
    }
    let mut archive = open(&zip, &exact).unwrap();
    let entry = archive.entries()[0].clone();
    assert_eq!(archive.read(&entry, 100).unwrap(), [7; 100]);
    assert_eq!(
        archive.read(&entry, 99).expect_err("over the limit").code(),
        "archive-too-large"
    );
}

#[test]
fn hands_out_entries_in_the_order_of_the_directory() {
    let mut entries = ["z", "a", "m"]
        .map(|name| RawEntry::stored(name.as_bytes(), name.as_bytes()))
        .to_vec();
    entries[1].external_attributes = 0o100_755 << 16;
    let archive = open(
        &RawZip {
            entries,
            ..RawZip::default()
        },
        &Limits::default(),
    )
    .unwrap();
    let seen: Vec<_> = archive
        .entries()
        .iter()
        .map(|entry| (entry.path.as_str(), entry.executable))
        .collect();
    assert_eq!(seen, [("z", false), ("a", true), ("m", false)]);
    assert!(archive.file("m").is_some() && archive.file("x").is_none());
}

#[test]
fn takes_an_archive_without_entries() {
    let archive = open(&RawZip::default(), &Limits::default()).unwrap();
    assert!(archive.entries().is_empty());
}
