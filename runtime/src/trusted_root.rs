//! Whether others can change what is below a root: then nothing in it is run or believed.

use std::path::Path;

use crate::ownership::Foreign;

/// Proves that nobody but this user and root can change what is below a root, as far as it is there: each folder on the
/// way to it, and each link, belongs to one of them, and nobody else can write to the folder. In a folder like `/tmp`,
/// whose sticky bit keeps users from renaming what belongs to others, the next one on the way counts.
#[cfg(unix)]
pub fn trust_root(root: &Path) -> Result<(), Foreign> {
    let Ok(root) = std::path::absolute(root) else {
        return Ok(());
    };
    let (way, is_there) = unix::way_to(&root).map_err(|error| Foreign(error.to_string()))?;
    for (place, step) in way.iter().enumerate() {
        step.trust(is_there && place == way.len() - 1)?;
    }
    Ok(())
}

/// Windows decides by access lists; what is below the user's own folders is the user's.
#[cfg(not(unix))]
pub fn trust_root(_root: &Path) -> Result<(), Foreign> {
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::collections::VecDeque;
    use std::ffi::OsString;
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Component, Path, PathBuf};

    use ktx_system::process;

    use super::Foreign;

    const STICKY: u32 = 0o1000;
    const WRITABLE_BY_GROUP: u32 = 0o020;
    const WRITABLE_BY_OTHERS: u32 = 0o002;

    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;

    /// A folder or link that a path leads through.
    pub struct Step {
        path: PathBuf,
        found: std::fs::Metadata,
    }

    impl Step {
        /// Others could exchange the next step. In the root itself they could also add what a runtime does not know yet.
        pub fn trust(&self, is_root: bool) -> Result<(), Foreign> {
            let (shown, found) = (self.path.display(), &self.found);
            if found.uid() != process::effective_user() && found.uid() != 0 {
                return Err(Foreign(format!("`{shown}` belongs to user {}", found.uid())));
            }
            if found.is_symlink() || (found.mode() & STICKY != 0 && !is_root) {
                return Ok(());
            }
            if found.mode() & WRITABLE_BY_OTHERS != 0 {
                return Err(Foreign(format!("every user can write to `{shown}`")));
            }
            let group = found.gid();
            if found.mode() & WRITABLE_BY_GROUP != 0 && group != process::effective_group() && group != 0 {
                return Err(Foreign(format!("group {group} can write to `{shown}`")));
            }
            Ok(())
        }
    }

    /// Every folder from `/` on that a path leads through, and every link, until something is not there; and whether
    /// everything is.
    pub fn way_to(path: &Path) -> io::Result<(Vec<Step>, bool)> {
        let mut way = vec![Step::at(PathBuf::from("/"))?];
        let mut ahead: VecDeque<OsString> = names(path);
        let mut links = 0;
        let mut place = PathBuf::from("/");
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                place.pop();
                continue;
            }
            let step = match Step::at(place.join(&name)) {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) =>
                {
                    return Ok((way, false));
                }
                step => step?,
            };
            if step.found.is_symlink() {
                links += 1;
                if links > MOST_LINKS {
                    return Err(io::Error::other(format!(
                        "`{}` leads in a circle",
                        path.display()
                    )));
                }
                let target = fs_err::read_link(&step.path)?;
                if target.is_absolute() {
                    place = PathBuf::from("/");
                }
                for name in names(&target).into_iter().rev() {
                    ahead.push_front(name);
                }
            } else {
                place.clone_from(&step.path);
            }
            way.push(step);
        }
        Ok((way, true))
    }

    impl Step {
        fn at(path: PathBuf) -> io::Result<Step> {
            let found = fs_err::symlink_metadata(&path)?;
            Ok(Step { path, found })
        }
    }

    fn names(path: &Path) -> VecDeque<OsString> {
        let parts = path.components();
        parts
            .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
            .map(|part| part.as_os_str().to_owned())
            .collect()
    }
}
