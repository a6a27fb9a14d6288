import Foundation
import SystemSupport

/// The package's own folder.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
  .standardized

/// The Swift files of some of its folders, by their paths in it.
func sources(_ folders: String...) throws -> [(path: String, text: String)] {
  var files: [(path: String, text: String)] = []
  for folder in folders {
    let names = FileManager.default.enumerator(atPath: repository.appendingPathComponent(folder).path)
    while let name = names?.nextObject() as? String {
      // What builds have left in an example's folder isn't ours.
      guard name.hasSuffix(".swift"), !name.contains(".build") else { continue }
      let path = folder + "/" + name
      files.append((path, String(decoding: try readFile(repository.appendingPathComponent(path).path), as: UTF8.self)))
    }
  }
  return files
}
