// The version, here and nowhere else: both tools, the runs' files, the manual pages and the name of `make dist`'s
// archive have it from here, and a test holds CHANGELOG.md to it.

/// Of semantic versioning. `-dev` is what comes after the last release: the next version, while it is being made.
package let wganVersion = "0.2.0-dev"

/// Whether a version's numbers are above this one's; what follows them doesn't count.
func isNewerVersion(_ version: String) -> Bool {
  func numbers(_ version: String) -> [Int] {
    version.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map { Int($0) ?? .max }
  }
  return numbers(wganVersion).lexicographicallyPrecedes(numbers(version))
}
