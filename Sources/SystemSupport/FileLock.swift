// Claims on files between processes: flock. A claim ends when the file is closed, however its process ends.

package enum FileLock {
  package enum Claim: Equatable {
    case claimed
    /// Another process, or another open file of this one, has it.
    case held
    /// The file system has no locks, as some network ones. Nobody can be kept out: no reason to refuse the work.
    case unsupported(SystemError)
  }

  /// Claims an open file or folder.
  /// - Parameter waiting: until the other one has let go of it.
  /// - Throws: what is wrong where it's neither of the three.
  package static func claim(_ descriptor: Int32, waiting: Bool = false) throws(SystemError) -> Claim {
    do {
      try systemCall { flock(descriptor, waiting ? LOCK_EX : LOCK_EX | LOCK_NB) }
      return .claimed
    } catch {
      return try verdict(on: error)
    }
  }

  /// Whether a process claims the file or folder at `path`; nil where the system doesn't tell. Nothing is locked to
  /// find out: that would keep out who wants to claim it at this very moment.
  package static func isClaimed(_ path: some FilePathConvertible) -> Bool? {
    guard let number = (try? fileStatus(path))?.st_ino, let list = try? readStream("/proc/locks") else { return nil }
    // "6: FLOCK  ADVISORY  WRITE 6335 fe:00:5767265 0 EOF". Devices aren't compared: some file systems have two names.
    return list.split(separator: UInt8(ascii: "\n")).contains { line in
      let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
      return words.count > 5 && words[1] == "FLOCK" && words[3] == "WRITE" && words[5].hasSuffix(":\(number)")
    }
  }

  /// What an error of flock says of a claim.
  package static func verdict(on error: SystemError) throws(SystemError) -> Claim {
    switch error.code {
    case EWOULDBLOCK: return .held
    case ENOLCK, ENOTSUP, EOPNOTSUPP, EINVAL, ENOSYS: return .unsupported(error)
    default: throw error
    }
  }
}
