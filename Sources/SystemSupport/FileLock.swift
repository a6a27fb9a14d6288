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

  /// What an error of flock says of a claim.
  package static func verdict(on error: SystemError) throws(SystemError) -> Claim {
    switch error.code {
    case EWOULDBLOCK: return .held
    case ENOLCK, ENOTSUP, EOPNOTSUPP, EINVAL, ENOSYS: return .unsupported(error)
    default: throw error
    }
  }
}
