// Two measurements at once spoil each other: a second wgan-bench waits for its turn.

import Foundation

/// Waits, with a line on standard error, until no other wgan-bench on this machine measures. The turn lasts as long as
/// the process: the system takes the lock back when it ends, however it ends. Where the lock's file can't be opened
/// (it's another user's, say), nobody waits: the lock is a courtesy, no condition.
func waitForTurn() {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("wgan-bench.lock").path
  let file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
  guard file >= 0, lockf(file, F_TLOCK, 0) != 0, errno == EACCES || errno == EAGAIN else { return }
  FileHandle.standardError.write(Data("wgan-bench: another one is measuring; waiting for it to end\n".utf8))
  while lockf(file, F_LOCK, 0) != 0, errno == EINTR {}
}
