//! The report says what ran, and a reader never sees half of it.

use fs_err as fs;
use ktx_smoke::report::write_atomically;

use crate::stand::stand;

#[test]
fn a_report_replaces_the_old_one_whole() {
    let stand = stand();
    let path = stand.options.folder.join("reports/smoke.json");
    write_atomically(&path, "old").unwrap();
    write_atomically(&path, "new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_report_that_cannot_be_written_leaves_the_old_one() {
    let stand = stand();
    let path = stand.options.folder.join("reports");
    write_atomically(&path.join("smoke.json"), "old").unwrap();
    // A folder stands where the report should go: the rename fails after the text was written.
    fs::create_dir_all(path.join("other.json/full")).unwrap();
    let error = write_atomically(&path.join("other.json"), "new").unwrap_err();
    assert!(
        error.to_string().starts_with("failed to write the report: "),
        "{error}"
    );
    let mut names: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["other.json", "smoke.json"]);
}
