// pictures.txt: which files a run learns from. A checkpoint has their fingerprint, which tells that they are others;
// this list tells which.
//
// A line for each: its size in bytes, a space, its name. In names, control characters and "%" are written as in
// addresses: %0A.

import Datasets
import SystemSupport

enum PictureList {
  static func write(_ dataset: Dataset, to path: String) throws(Failure) {
    var text: [UInt8] = []
    for i in 0..<dataset.count {
      text += "\(dataset.fileBytes(i)) ".utf8
      text += escaped(dataset.name(i))
      text.append(UInt8(ascii: "\n"))
    }
    try writeFile(text, to: path)
  }

  /// Keeps the list of before under another name.
  static func setAside(_ path: String) throws(Failure) {
    if !fileExists(path) { return }
    do { try renameFile(path, to: freePath(path + ".before")) } catch {
      throw Failure(.inputOutput, path, "can't be renamed", error)
    }
  }

  /// ": 2 are new (a.png, b.png), 1 is gone (c.png)"; empty where the list isn't there, or says nothing of it.
  static func changes(of dataset: Dataset, since path: String) -> String {
    guard let bytes = try? readFile(path) else { return "" }
    var before: [FilePath: Int] = [:]
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
      if parts.count == 2, let size = Int(String(decoding: parts[0], as: UTF8.self)) {
        before[FilePath(bytes: parts[1])] = size
      }
    }
    if before.isEmpty { return "" }
    var (new, replaced): ([FilePath], [FilePath]) = ([], [])
    for i in 0..<dataset.count {
      let name = FilePath(bytes: escaped(dataset.name(i)))
      switch before.removeValue(forKey: name) {
      case nil: new.append(name)
      case dataset.fileBytes(i): break
      default: replaced.append(name)
      }
    }
    let parts = [
      words(new, "is new", "are new"), words(before.keys.sorted(), "is gone", "are gone"),
      words(replaced, "was replaced", "were replaced"),
    ].compactMap(\.self)
    return parts.isEmpty ? ", by the same names and sizes" : ": " + parts.joined(separator: ", ")
  }

  private static func words(_ names: [FilePath], _ one: String, _ several: String) -> String? {
    if names.isEmpty { return nil }
    let shown = names.prefix(3).map(\.description).joined(separator: ", ")
    return "\(counted(names.count, one, several)) (\(shown)\(names.count > 3 ? ", ..." : ""))"
  }

  private static func escaped(_ name: FilePath) -> [UInt8] {
    var text: [UInt8] = []
    for byte in name.bytes {
      if byte >= 0x20 && byte != 0x7f && byte != UInt8(ascii: "%") {
        text.append(byte)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += ("%" + (digits.count == 1 ? "0" : "") + digits).utf8
      }
    }
    return text
  }
}
