// What files and folders are called until they are whole: `.NAME.PROCESS-NUMBER.partial`, beside their place. Whoever
// cleans up after a process that was killed knows them by their form.

package enum TemporaryName {
  /// Whether a name is of that form. Is no process at work in its folder, it's the rest of one, safe to remove.
  package static func matches(_ name: some FilePathConvertible) -> Bool {
    let name = name.filePath
    return name.hasPrefix(".") && name.hasSuffix(suffix)
  }

  package static let suffix = ".partial"

  /// Has `make` make a file or folder beside `path`, of a name that no other thread or process has.
  /// - Parameters:
  ///   - mark: what such names end with before ".partial", where a folder's users tell theirs from others'.
  ///   - make: fails with EEXIST where the name is taken.
  package static func make<Made>(
    beside path: FilePath, mark: String = "", _ make: (FilePath) throws(SystemError) -> Made
  ) throws(SystemError) -> (path: FilePath, made: Made) {
    var attempts = 100
    while true {
      attempts -= 1
      let number = String(UInt32.random(in: 0 ... .max), radix: 16)
      let ending = ".\(getpid())-\(number)\(mark)\(suffix)"
      let path = path.folder.appending(FilePath(bytes: ".".utf8 + stem(path.name) + ending.utf8))
      do {
        return (path, try make(path))
      } catch {
        if error.code != EEXIST || attempts == 0 { throw error }
      }
    }
  }

  /// As much of a name as leaves room for the rest in the 255 bytes that file systems have, cut between characters.
  private static func stem(_ name: FilePath) -> ArraySlice<UInt8> {
    if name.bytes.count <= 180 { return name.bytes[...] }
    let isInside = { (byte: UInt8) in byte & 0xC0 == 0x80 }
    var stem = name.bytes[..<180]
    if isInside(name.bytes[180]) {
      while let last = stem.popLast(), isInside(last) {}
    }
    return stem
  }
}
