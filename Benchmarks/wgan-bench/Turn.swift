// Two measurements at once spoil each other: a second wgan-bench waits for its turn.

import Foundation
import SystemSupport

/// Waits, with a line on standard error, until no other wgan-bench on this machine measures. The turn lasts as long as
/// the process: the system takes the lock back when it ends, however it ends. Where the file can't be opened or locked
/// (it's another user's, say), nobody waits: the lock is a courtesy, no condition.
func waitForTurn() {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("wgan-bench.lock").path
  guard let file = try? openFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o666),
    (try? FileLock.claim(file)) == .held
  else { return }
  FileHandle.standardError.write(Data("wgan-bench: another one is measuring; waiting for it to end\n".utf8))
  _ = try? FileLock.claim(file, waiting: true)
}
