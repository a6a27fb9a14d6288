// The event file that a run in training writes: one for each part of the run, from its beginning, from where it went on
// or went back to. Each says where it begins (a session's START), so a reader forgets what an earlier part has said of
// the same steps: nothing is cut off or written twice, also while TensorBoard reads.

import SystemSupport

/// Each row is one write, so a killed run leaves whole records and maybe a part of one, which readers pass over.
///
/// A picture of training is no reason to end it: what can't be written is told once, and no more is tried.
final class EventLog {
  private let claim: RunClaim
  /// The generator steps that were done before.
  private let start: Int
  private var state = State.waiting

  private enum State {
    /// Nothing is to be told yet: no file.
    case waiting
    /// Up to `size` there are whole records.
    case open(descriptor: Int32, path: String, size: Int)
    case failed
  }

  init(_ claim: RunClaim, from start: Int) { (self.claim, self.start) = (claim, start) }

  deinit { if case .open(let descriptor, _, _) = state { close(descriptor) } }

  /// - Returns: a line where that failed.
  func append(step: Int, _ cells: [(column: String, text: String)]) -> String? {
    append { RunEvents.record(ofRow: cells, step: step, wallTime: wallClockSeconds()) }
  }

  /// - Returns: a line where that failed.
  func append(gallery path: String, step: Int) -> String? {
    // The part before has shown that one.
    if step == start && start > 0 { return nil }
    return append { try RunEvents.record(ofGallery: path, step: step, wallTime: wallClockSeconds()) }
  }

  private func append(_ record: () throws -> [UInt8]) -> String? {
    if case .failed = state { return nil }
    do {
      try open()
      try write(record())
      return nil
    } catch {
      if case .open(let descriptor, _, let size) = state {
        _ = try? systemCall { ftruncate(descriptor, off_t(size)) }
        try? closeFile(descriptor)
      }
      state = .failed
      return "no more events are written for TensorBoard, training goes on: \(error)"
    }
  }

  private func write(_ bytes: [UInt8]) throws(Failure) {
    guard case .open(let descriptor, let path, let size) = state else { return }
    do { try writeBytes(bytes, to: descriptor) } catch { throw Failure(.inputOutput, path, "can't be written", error) }
    state = .open(descriptor: descriptor, path: path, size: size + bytes.count)
  }

  /// A file behind those that are there. The first of a run that was trained without them before begins with what the
  /// run has had so far.
  private func open() throws {
    guard case .waiting = state else { return }
    try claim.check()
    let folder = claim.paths.events
    try makeFolder(folder)
    let names = try EventFiles.names(in: folder)
    var number = names.count
    var descriptor: Int32?
    repeat {
      number += 1
      let path = joinPath(folder, EventFiles.name(number))
      do {
        descriptor = try openFile(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND)
      } catch {
        if error.code != EEXIST { throw Failure(.cannotCreate, path, "can't be created", error) }
      }
      if let descriptor { state = .open(descriptor: descriptor, path: path, size: 0) }
    } while descriptor == nil
    let now = wallClockSeconds()
    try write(EventRecord.fileVersion(wallTime: now))
    if names.isEmpty, start > 0 {
      try write(EventRecord.sessionStart(step: 0, wallTime: now))
      try RunEvents.forEach(of: claim.paths, through: start, notice: { _ in }) { try write($0) }
    }
    try write(EventRecord.sessionStart(step: start + 1, wallTime: now))
  }
}
