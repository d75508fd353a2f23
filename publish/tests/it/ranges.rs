//! What npm reads as a version range, by npm's own parser.

use std::process::Command;

use ktx_policy::DistTag;

#[test]
fn no_tag_of_ours_reads_as_a_range_and_every_range_is_told_as_one() {
    let ranges = [
        "",
        "1",
        "1.2",
        "1.x",
        "v1",
        "x",
        "X",
        "*",
        "^1.2",
        "~1",
        ">=1",
        "=1",
        "1.2.3-rc.1",
        "1 - 2",
        "<2",
        "v1.2.3",
    ];
    let others = [
        "beta", "branch", "lts", "v", "vnext", "xyz", "canary-1", "Latest", "-1",
    ];
    for text in ranges {
        assert!(npm_reads_as_range(text), "{text}");
        assert!(text.parse::<DistTag>().unwrap_err().reads_as_range(), "{text}");
    }
    for text in others {
        assert!(!npm_reads_as_range(text), "{text}");
        assert!(!text.parse::<DistTag>().unwrap_err().reads_as_range(), "{text}");
    }
    for text in [
        "latest",
        "next",
        "branch-1",
        "branch-1-2",
        "branch-x",
        "branch-v1",
    ] {
        assert!(
            text.parse::<DistTag>().is_ok() && !npm_reads_as_range(text),
            "{text}"
        );
    }
}

/// `semver.validRange`, from the copy that npm itself carries.
fn npm_reads_as_range(text: &str) -> bool {
    let script = "const path = require('path'), fs = require('fs');\
        const npm = path.dirname(path.dirname(fs.realpathSync(process.argv[1])));\
        const semver = require(path.join(npm, 'node_modules/semver'));\
        process.stdout.write(String(semver.validRange(process.argv[2]) !== null));";
    let path = std::env::var_os("PATH").unwrap();
    let npm = std::env::split_paths(&path)
        .map(|folder| folder.join("npm"))
        .find(|npm| npm.exists())
        .unwrap();
    let output = Command::new("node")
        .args(["-e", script])
        .arg(npm)
        .arg(text)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout == b"true"
}
