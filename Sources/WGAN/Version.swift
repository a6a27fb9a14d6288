// The version, here and nowhere else: both tools, the runs' files, the manual pages and the name of `make dist`'s
// archive have it from here, and a test holds CHANGELOG.md to it.

/// Of semantic versioning. `-dev` is what comes after the last release: the next version, while it is being made.
package let wganVersion = "0.2.0-dev"
