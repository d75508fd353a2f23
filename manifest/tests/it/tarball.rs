//! The strict tarball reader: what it hands out, and every header field and every byte around it that it refuses.

use std::io::Write;

use flate2::{Compression, GzBuilder, write::GzEncoder};
use ktx_manifest::tarball::{TarMode, TarballLimits, visit};
use tar::{EntryType, Header};

type Change = fn(&mut Header);

fn header(path: &str, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_path(path).unwrap();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(499_162_500);
    header.set_size(size);
    header
}

fn append(tar: &mut Vec<u8>, header: &mut Header, content: &[u8]) {
    header.set_cksum();
    tar.extend(header.as_bytes());
    tar.extend(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

/// A good archive: two files and the end mark, `change` in the first header.
fn tar_with(change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut tar = Vec::new();
    let mut first = header("package/package.json", 3);
    change(&mut first);
    append(&mut tar, &mut first, b"{}\n");
    let mut program = header("package/native/linux-x64/ktx", 600);
    program.set_mode(0o755);
    append(&mut tar, &mut program, &[7; 600]);
    tar.extend([0; 1024]);
    tar
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(tar).unwrap();
    encoder.finish().unwrap()
}

fn read(tarball: &[u8]) -> Result<Vec<String>, String> {
    read_within(tarball, &TarballLimits::default())
}

fn read_within(tarball: &[u8], limits: &TarballLimits) -> Result<Vec<String>, String> {
    let mut seen = Vec::new();
    let visited = visit(tarball, limits, |entry, reader| {
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        assert_eq!(content.len() as u64, entry.size);
        let mode = if entry.mode == TarMode::Executable {
            "x"
        } else {
            "-"
        };
        seen.push(format!("{mode} {} {}", entry.path, entry.size));
        Ok(())
    });
    visited.map(|()| seen).map_err(|error| error.code().to_owned())
}

#[track_caller]
fn refuses(code: &str, tarball: &[u8]) {
    assert_eq!(read(tarball), Err(format!("tarball-{code}")));
}

#[test]
fn hands_out_every_file_once() {
    let expected = ["- package.json 3", "x native/linux-x64/ktx 600"]
        .map(str::to_owned)
        .to_vec();
    let mut tar = tar_with(|_| ());
    assert_eq!(read(&gzip(&tar)), Ok(expected.clone()));
    // GNU tar fills its last record of 10,240 bytes up.
    tar.resize(10_240, 0);
    assert_eq!(read(&gzip(&tar)), Ok(expected));
    let skipped = visit(&*gzip(&tar), &TarballLimits::default(), |_, _| Ok(()));
    assert!(skipped.is_ok(), "a visitor need not read");
    assert_eq!(read(&gzip(&[0; 1024])), Ok(Vec::new()));
}

#[test]
fn reads_long_paths_from_the_prefix() {
    let long = format!("package/{}/{}", "d".repeat(90), "f".repeat(90));
    let mut tar = Vec::new();
    append(&mut tar, &mut header(&long, 0), b"");
    tar.extend([0; 1024]);
    assert_eq!(
        read(&gzip(&tar)),
        Ok(vec![format!("- {} 0", &long["package/".len()..])])
    );
}

#[test]
fn refuses_every_header_that_is_not_plain() {
    let cases: [(&str, Change); 20] = [
        ("mode", |header| header.set_mode(0o600)),
        ("mode", |header| header.set_mode(0o4755)),
        ("mode", |header| header.set_mode(0o777)),
        ("header", |header| header.set_uid(1000)),
        ("header", |header| header.set_gid(1000)),
        ("header", |header| header.as_ustar_mut().unwrap().uname[0] = b'r'),
        ("header", |header| header.as_ustar_mut().unwrap().gname[0] = b'r'),
        ("header", |header| {
            header.as_ustar_mut().unwrap().dev_major[0] = b'1'
        }),
        ("header", |header| {
            header.as_ustar_mut().unwrap().magic = *b"ustar "
        }),
        ("header", |header| header.as_old_mut().linkname[0] = b'x'),
        ("header", |header| header.as_mut_bytes()[511] = 1),
        ("header", |header| {
            header.as_old_mut().size = *b"\x80\0\0\0\0\0\0\0\0\0\0\x03"
        }),
        ("header", |header| header.as_old_mut().size = *b"0000000003x\0"),
        ("header", |header| header.as_old_mut().name[60] = b'x'),
        ("not-a-file", |header| header.set_entry_type(EntryType::Symlink)),
        ("not-a-file", |header| header.set_entry_type(EntryType::Link)),
        ("not-a-file", |header| header.set_entry_type(EntryType::Directory)),
        ("not-a-file", |header| header.set_entry_type(EntryType::XHeader)),
        ("not-a-file", |header| {
            header.set_entry_type(EntryType::GNULongName)
        }),
        ("not-a-file", |header| header.as_old_mut().linkflag[0] = 0),
    ];
    for (code, change) in cases {
        refuses(code, &gzip(&tar_with(change)));
    }
    let mut tar = tar_with(|_| ());
    tar[3] ^= 1;
    refuses("header-checksum", &gzip(&tar));
}

#[test]
fn refuses_names_that_leave_the_package() {
    for (name, code) in [
        ("package.json", "not-below-package"),
        ("packages/x", "not-below-package"),
        ("../package/x", "not-below-package"),
        ("/package/x", "not-below-package"),
        ("package/../x", "unsafe-path"),
        ("package//x", "unsafe-path"),
        ("package/", "unsafe-path"),
        ("package/a\\b", "unsafe-path"),
        ("package/nul", "unsafe-path"),
        ("package/cafe\u{301}", "unsafe-path"),
        ("package/native/linux-x64/ktx", "duplicate"),
        ("package/native/linux-x64/KTX", "collision"),
        ("package/native", "duplicate"),
    ] {
        let tar = tar_with(|header| {
            header.as_old_mut().name = [0; 100];
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        });
        assert_eq!(read(&gzip(&tar)), Err(format!("tarball-{code}")), "{name:?}");
    }
}

#[test]
fn refuses_what_stands_around_the_files() {
    let tar = tar_with(|_| ());
    let tarball = gzip(&tar);
    refuses("trailing-bytes", &[&tarball[..], b"x"].concat());
    refuses("trailing-bytes", &[&tarball[..], &tarball[..]].concat());
    refuses("trailing-bytes", &gzip(&[&tar[..], b"x"].concat()));
    refuses("trailing-bytes", &gzip(&[&tar[..], &[0; 20 * 512]].concat()));
    let mut second = tar.clone();
    second[tar.len() - 1] = 1;
    refuses("trailing-bytes", &gzip(&second));
    let mut padding = tar.clone();
    padding[512 + 3] = 1;
    refuses("padding", &gzip(&padding));
    for cut in [
        0,
        100,
        512,
        514,
        700,
        1024,
        1300,
        tar.len() - 1024,
        tar.len() - 512,
        tar.len() - 1,
    ] {
        assert!(
            read(&gzip(&tar[..cut])).is_err(),
            "an archive of {cut} bytes was taken"
        );
    }
    for cut in 0..tarball.len() {
        assert!(
            read(&tarball[..cut]).is_err(),
            "a tarball of {cut} bytes was taken"
        );
    }
    let mut checksum = tarball.clone();
    let at = checksum.len() - 8;
    checksum[at] ^= 1;
    refuses("unreadable", &checksum);
    refuses("unreadable", &tar);
    let named = GzBuilder::new()
        .filename("x.tar")
        .write(Vec::new(), Compression::default());
    let dated = GzBuilder::new()
        .mtime(1)
        .write(Vec::new(), Compression::default());
    for mut encoder in [named, dated] {
        encoder.write_all(&tar).unwrap();
        refuses("gzip-header", &encoder.finish().unwrap());
    }
}

#[test]
fn stops_at_its_limits() {
    let tarball = gzip(&tar_with(|_| ()));
    let limits = TarballLimits {
        entries: 2,
        entry_bytes: 600,
        total_bytes: 3584,
    };
    assert_eq!(read_within(&tarball, &limits).map(|seen| seen.len()), Ok(2));
    for (limits, code) in [
        (TarballLimits { entries: 1, ..limits }, "too-large"),
        (
            TarballLimits {
                entry_bytes: 599,
                ..limits
            },
            "too-large",
        ),
        (
            TarballLimits {
                total_bytes: 3583,
                ..limits
            },
            "unreadable",
        ),
    ] {
        assert_eq!(read_within(&tarball, &limits), Err(format!("tarball-{code}")));
    }
}
