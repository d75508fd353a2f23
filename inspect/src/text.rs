//! The comparison as lines for people.

use std::collections::BTreeMap;

use crate::comparison::{Changes, Comparison, FileChanges, LockChanges, ModeChange, ProgramSize, Upload};

/// A size for people: `21.4 MB`, with decimal prefixes as registries use them.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        1_000_000.. => format!("{:.1} MB", size as f64 / 1e6),
    }
}

/// How much larger `after` is: `+2.5 %`, `-12.0 %`, `±0 %`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn growth(before: u64, after: u64) -> String {
    if before == 0 {
        return if after == 0 { "±0 %" } else { "new" }.to_owned();
    }
    let percent = (after as f64 - before as f64) / before as f64 * 100.0;
    let text = format!("{percent:+.1} %");
    if matches!(text.as_str(), "+0.0 %" | "-0.0 %") {
        return "±0 %".to_owned();
    }
    text
}

impl Comparison {
    /// What changed, most important first.
    pub fn lines(&self) -> Vec<String> {
        let candidate = &self.candidate;
        let (Some(against), Some(changes)) = (&self.against, &self.changes) else {
            return vec![format!(
                "{} has nothing to be compared with on {}",
                candidate.version, self.registry
            )];
        };
        let sizes = |name: &str, before: u64, after: u64| {
            format!(
                "{name}: {} -> {} ({})",
                bytes(before),
                bytes(after),
                growth(before, after)
            )
        };
        let mut lines = vec![
            format!("{} compared with {}", candidate.version, against.version),
            sizes("tarball", against.bytes, candidate.bytes),
            sizes("unpacked", against.unpacked_bytes, candidate.unpacked_bytes),
            format!("files: {} -> {}", against.files, candidate.files),
        ];
        lines.extend(changes.lines());
        lines
    }
}

impl Changes {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.programs.iter().map(program).collect();
        for change in &self.package_json {
            let shown = |value: &Option<serde_json::Value>| {
                value
                    .as_ref()
                    .map_or_else(|| "nothing".to_owned(), ToString::to_string)
            };
            let (before, after) = (shown(&change.before), shown(&change.after));
            lines.push(format!("package.json {}: {before} -> {after}", change.key));
        }
        for (lock, pins) in &self.locks {
            lines.extend(
                pins.added
                    .iter()
                    .map(|(name, version)| format!("{lock}: + {name} {version}, {}", pins.uploaded(name))),
            );
            lines.extend(
                pins.removed
                    .iter()
                    .map(|(name, version)| format!("{lock}: - {name} {version}")),
            );
            lines.extend(pins.changed.iter().map(|(name, pin)| {
                if pin.before == pin.after {
                    format!(
                        "{lock}: ! {name} {} has other hashes, {}",
                        pin.after,
                        pins.uploaded(name)
                    )
                } else {
                    format!(
                        "{lock}: ~ {name} {} -> {}, {}",
                        pin.before,
                        pin.after,
                        pins.uploaded(name)
                    )
                }
            }));
        }
        for (mark, hosts) in [
            ("new host", &self.hosts.added),
            ("host is gone", &self.hosts.removed),
        ] {
            lines.extend(hosts.iter().map(|(host, paths)| {
                let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                format!("{mark}: {host} in {}", paths.join(", "))
            }));
        }
        lines.extend(self.package.lines(""));
        lines.extend(self.wheel.lines("wheel: "));
        lines
    }
}

fn program(program: &ProgramSize) -> String {
    let name = program.platform.program_path();
    match (program.before, program.after) {
        (Some(before), Some(after)) => {
            format!(
                "{name}: {} -> {} ({})",
                bytes(before),
                bytes(after),
                growth(before, after)
            )
        }
        (None, Some(after)) => format!("{name}: new, {}", bytes(after)),
        (Some(_), None) => format!("{name}: removed"),
        (None, None) => format!("{name}: none"),
    }
}

impl LockChanges {
    /// When the newest file of a pin that is new was uploaded.
    pub fn uploaded(&self, name: &str) -> String {
        match self.uploads.get(name) {
            Some(Upload { at, days }) => {
                let day = at.strftime("%Y-%m-%d");
                let days = if *days == 1 {
                    "1 day".to_owned()
                } else {
                    format!("{days} days")
                };
                format!("uploaded {day}, {days} before this comparison")
            }
            None => "upload time not known".to_owned(),
        }
    }

    /// How many pins are new, and the youngest of them; nothing where none is.
    pub fn newest(&self) -> Option<String> {
        let added = self.added.iter();
        let changed = self.changed.iter().map(|(name, pin)| (name, &pin.after));
        let new: Vec<(&String, &String)> = added.chain(changed).collect();
        let known = new.iter().filter(|(name, _)| self.uploads.contains_key(*name));
        let unknown = new.len() - known.clone().count();
        let (name, version) = *known
            .max_by_key(|(name, _)| self.uploads[*name].at)
            .or(new.first())?;
        let mut text = match new.len() {
            1 => format!("1 new pin: {name} {version}, {}", self.uploaded(name)),
            count => format!(
                "{count} new pins, the last {name} {version}, {}",
                self.uploaded(name)
            ),
        };
        if unknown > 0 && unknown < new.len() {
            text.push_str(&format!("; of {unknown} the upload time is not known"));
        }
        Some(text)
    }
}

impl FileChanges {
    fn lines(&self, prefix: &str) -> Vec<String> {
        let sized = |mark: &'static str, files: &BTreeMap<String, u64>| -> Vec<String> {
            let line = |(path, size): (&String, &u64)| format!("{mark} {prefix}{path} {}", bytes(*size));
            files.iter().map(line).collect()
        };
        let mut lines = sized("+", &self.added);
        lines.extend(sized("-", &self.removed));
        lines.extend(self.changed.iter().map(|(path, sizes)| {
            let (before, after) = (bytes(sizes.before), bytes(sizes.after));
            format!("~ {prefix}{path} {before} -> {after}")
        }));
        lines.extend(self.modes.iter().map(|(path, mode)| match mode {
            ModeChange::BecameExecutable => format!("! {prefix}{path} became executable"),
            ModeChange::NoLongerExecutable => format!("! {prefix}{path} is no longer executable"),
        }));
        lines
    }
}
