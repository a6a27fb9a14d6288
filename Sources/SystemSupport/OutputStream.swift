// Outputs that aren't files: pipes, terminals, /dev/null, and the descriptors that a process was started with.

/// Where standard output is, as a path. (What it leads to may be a file, which is written on and not replaced.)
package let standardOutputPath = "/dev/stdout"

enum OutputStream {
  /// A descriptor that takes a stream, where `path` is a name of one; nil where a file is or can be.
  ///
  /// - Throws: where something is there that is neither.
  static func open(_ path: some FilePathConvertible) throws(Failure) -> Int32? {
    let inherited = inherited(path.filePath)
    if inherited == nil {
      guard let there = try? fileStatus(path), !there.isRegularFile else { return nil }
      guard there.isStream else {
        let what = there.isFolder ? "is a folder, a file was to be written there" : "isn't a file: it isn't written to"
        throw Failure(.cannotCreate, path, what)
      }
    }
    do throws(SystemError) {
      if let inherited { return try systemCall { fcntl(inherited, F_DUPFD_CLOEXEC, 3) } }
      // Without the flag, opening a pipe waits for its reader, and no signal would end that.
      let descriptor = try openFile(path, O_WRONLY | O_NONBLOCK | O_NOCTTY)
      let flags = try systemCall { fcntl(descriptor, F_GETFL) }
      try systemCall { fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) }
      return descriptor
    } catch {
      if error.code == ENXIO, (try? fileStatus(path))?.isPipe == true {
        throw Failure(.cannotCreate, path, "is a pipe that nobody reads: start its reader first")
      }
      throw Failure(.cannotCreate, path, "can't be written", error)
    }
  }

  /// The process's own descriptor that a path is a name of: opened by that name it would begin at the file's start.
  private static func inherited(_ path: FilePath) -> Int32? {
    if path == FilePath(standardOutputPath) { return STDOUT_FILENO }
    if path == "/dev/stderr" { return STDERR_FILENO }
    for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
      return path.text.flatMap { Int32($0.dropFirst(folder.utf8.count)) }
    }
    return nil
  }
}

extension stat {
  package var isPipe: Bool { st_mode & S_IFMT == S_IFIFO }
  /// A pipe, or a device that isn't a disk.
  package var isStream: Bool { isPipe || st_mode & S_IFMT == S_IFCHR }
}
