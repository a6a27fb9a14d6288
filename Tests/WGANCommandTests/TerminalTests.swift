import Foundation
import SystemSupport
import Testing
import TestSupport

#if os(Linux)
  /// Protects: on a terminal the bar fits it, whatever its width, and no colours come.
  @Suite struct TerminalTests {
    private static let (setLock, number) = (UInt(0x4004_5431), UInt(0x8004_5430))

    /// What the tool writes to a terminal of so many columns.
    func shown(_ arguments: [String], columns: Int, in folder: String) throws -> String {
      // Linux's own way to a pseudo-terminal: Glibc's functions for it aren't there in Swift.
      let leader = open("/dev/ptmx", O_RDWR | O_NOCTTY)
      var (isLocked, number) = (CInt(0), CUnsignedInt(0))
      try #require(
        leader >= 0 && ioctl(leader, Self.setLock, &isLocked) == 0 && ioctl(leader, Self.number, &number) == 0)
      let follower = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
      try #require(follower >= 0)
      var size = winsize()
      (size.ws_col, size.ws_row) = (UInt16(columns), 24)
      try #require(ioctl(follower, UInt(TIOCSWINSZ), &size) == 0)
      let process = try Tool.start(
        arguments, in: folder, environment: ["TERM": "xterm-256color", "NO_COLOR": "1"],
        output: FileHandle.nullDevice, errors: FileHandle(fileDescriptor: follower))
      close(follower)
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      // It ends with an error where nobody has the other end any more.
      while case let count = read(leader, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
      close(leader)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [20, 60, 80, 120]) func theBarFits(columns: Int) throws {
      try inTemporaryFolder { folder in
        let text = try shown(
          ["train", "--out", "run", "--generator-steps", "12"] + Tool.tiny, columns: columns, in: folder)
        let bars = text.components(separatedBy: "\r\u{1b}[K").dropFirst().map { $0.prefix { !$0.isNewline } }
        let steps = bars.filter { $0.contains(" %") && !$0.contains("held out") }
        #expect(!steps.isEmpty, "\(text)")
        for bar in steps { #expect(bar.count < columns, "\(bar)") }
        if columns >= 60 { #expect(steps.contains { $0.contains("g_loss") && $0.contains("step ") }) }
        // Talk is broken between words; command lines are the terminal's matter.
        let talk = text.split(whereSeparator: \.isNewline).filter { !$0.contains(Tool.path) && !$0.contains("\u{1b}") }
        for line in talk {
          #expect(line.count < columns || line.split(separator: " ").count == 1, "\(line)")
        }
        if columns >= 80 { #expect(steps.contains { $0.contains("d_loss") && $0.contains("steps/s") }) }
        // Nothing but the bar's own orders: no colours.
        #expect(text.split(separator: "\u{1b}").dropFirst().allSatisfy { $0.hasPrefix("[K") || $0.hasPrefix("[J") })
      }
    }
  }
#endif
