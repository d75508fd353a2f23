//! RECORD compared with the files of a wheel, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive_path::ArchivePath;
use crate::digest::ContentId;
use crate::record::{RecordRow, parse_wheel_record};
use crate::wheel_filename::WheelFilename;
use ktx_names::Finding;

/// Every row that does not fit a file, and every file without a row.
pub(super) fn compare(
    record: &[u8],
    files: &BTreeMap<ArchivePath, ContentId>,
    filename: &WheelFilename,
) -> Vec<Finding> {
    let rows = match parse_wheel_record(record) {
        Ok(rows) => rows,
        Err(error) => return vec![finding("wheel-record-invalid", error.to_string())],
    };
    let own = format!("{}/RECORD", filename.dist_info());
    let mut listed = BTreeSet::new();
    let mut findings = Vec::new();
    for row in &rows {
        if !listed.insert(&row.path) {
            findings.push(finding(
                "wheel-record-duplicate",
                format!("it lists `{}` twice", row.path),
            ));
        }
        findings.extend(judge(row, files.get(&row.path), row.path.as_str() == own));
    }
    let unlisted = files.keys().filter(|path| !listed.contains(path));
    findings
        .extend(unlisted.map(|path| finding("wheel-record-unlisted", format!("it does not list `{path}`"))));
    findings
}

fn judge(row: &RecordRow<ArchivePath>, file: Option<&ContentId>, is_record: bool) -> Option<Finding> {
    let path = &row.path;
    let Some(file) = file else {
        return Some(finding(
            "wheel-record-missing-file",
            format!("it lists `{path}`, which is not there"),
        ));
    };
    if is_record {
        let blank = row.sha256.is_none() && row.bytes.is_none();
        let cause = "its own row must have neither hash nor size";
        return (!blank).then(|| finding("wheel-record-own-row", cause.to_owned()));
    }
    let (Some(sha256), Some(bytes)) = (row.sha256, row.bytes) else {
        return Some(finding(
            "wheel-record-unhashed",
            format!("`{path}` has no hash or no size"),
        ));
    };
    if sha256 != file.sha256 {
        return Some(finding(
            "wheel-record-hash",
            format!("`{path}` has another hash than its row"),
        ));
    }
    let cause = || format!("`{path}` has {} bytes, its row says {bytes}", file.bytes);
    (bytes != file.bytes).then(|| finding("wheel-record-size", cause()))
}

fn finding(code: &'static str, cause: String) -> Finding {
    Finding::error(code, format!("failed to verify `RECORD` of the wheel: {cause}"))
}
