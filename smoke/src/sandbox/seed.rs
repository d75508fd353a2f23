//! Gives a sandbox a warm cache without letting it write into the one that the cache came from.

use camino::Utf8Path;
use fs_err as fs;

/// Rebuilds a tree with hard links to its files; folders are new, links are copied as links.
///
/// The source must be a copy that belongs to the run: a program that wrote into a file in place would change it for
/// the other sandboxes of the same run.
pub fn hard_link_tree(from: &Utf8Path, to: &Utf8Path) -> std::io::Result<()> {
    walk(from, to, &|source, target| {
        fs::hard_link(source, target).or_else(|_| fs::copy(source, target).map(drop))
    })
}

/// Copies a tree, bytes and all.
pub fn copy_tree(from: &Utf8Path, to: &Utf8Path) -> std::io::Result<()> {
    walk(from, to, &|source, target| fs::copy(source, target).map(drop))
}

fn walk(
    from: &Utf8Path,
    to: &Utf8Path,
    file: &dyn Fn(&Utf8Path, &Utf8Path) -> std::io::Result<()>,
) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(entry.path(), &target, file)?;
        } else if kind.is_symlink() {
            link(&fs::read_link(entry.path())?, &target)?;
        } else {
            file(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(points_to: &std::path::Path, at: &Utf8Path) -> std::io::Result<()> {
    fs::os::unix::fs::symlink(points_to, at)
}

/// Caches on Windows hold no links.
#[cfg(not(unix))]
fn link(_points_to: &std::path::Path, _at: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}
