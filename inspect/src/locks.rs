//! The pins of a requirements lock, as far as a comparison needs them.

use std::collections::BTreeMap;

/// Distributions and the versions that they are pinned to; several where markers exclude each other. Hashes are part of
/// a pin: the same version with other hashes is another pin.
pub fn pins(lock: &[u8]) -> BTreeMap<String, Pin> {
    let mut pins: BTreeMap<String, Pin> = BTreeMap::new();
    let mut current = None;
    let text = String::from_utf8_lossy(lock);
    for line in text
        .lines()
        .map(|line| line.trim().trim_end_matches('\\').trim_end())
    {
        if line.starts_with('#') {
            continue;
        }
        if let Some((name, rest)) = line.split_once("==") {
            let version = rest.split([' ', ';']).next().unwrap_or_default();
            let pin = pins.entry(name.trim().to_owned()).or_default();
            pin.versions.push(version.to_owned());
            current = Some(name.trim().to_owned());
        }
        let hashes = line
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("--hash="));
        if let Some(pin) = current.as_ref().and_then(|name| pins.get_mut(name)) {
            pin.hashes.extend(hashes.map(str::to_owned));
        }
    }
    for pin in pins.values_mut() {
        pin.hashes.sort();
    }
    pins
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pin {
    pub versions: Vec<String>,
    pub hashes: Vec<String>,
}

impl Pin {
    /// The versions in one text.
    pub fn version(&self) -> String {
        self.versions.join(", ")
    }
}
