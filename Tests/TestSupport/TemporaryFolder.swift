// Folders for tests that write files.

import Foundation
import SystemSupport

/// Calls `body` with a folder of its own, gone at the end. In memory where there is such a place: each file is synced
/// when it's written.
package func inTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let parent = isFolder("/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()
  let path = parent + "wgan-tests-\(UUID().uuidString)"
  try makeFolder(path)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

extension String {
  /// "folder" / "name"
  package static func / (folder: String, name: String) -> String { joinPath(folder, name) }
}
