//! Pure content detectors, one file each.
