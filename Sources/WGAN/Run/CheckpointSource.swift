// Where a person says that a trained net is: a run, whose newest checkpoint is meant, one of its checkpoints by name,
// or a checkpoint's file.

import Configuration
import SystemSupport
import Training

package enum CheckpointSource: Sendable {
  case run(String)
  case checkpoint(String)
  /// "best", or "000500".
  case named(String, run: String)

  /// One net of it.
  /// - Parameters:
  ///   - live: not the averaged generator.
  ///   - notice: told of checkpoints that can't be used.
  /// - Throws: `Failure`.
  func open(_ role: NetRole, live: Bool, notice: (String) -> Void) throws -> Checkpoint {
    let groups: Checkpoint.Groups = { [$0.group(of: role, live: live)] }
    switch self {
    case .checkpoint(let path): return try Checkpoint(at: path, groups: groups)
    case .named(let name, let path):
      let run = RunPaths(path)
      _ = try run.configuration()
      return try Checkpoint(at: run.checkpoints.file(named: name, notice: notice), groups: groups)
    case .run(let path):
      return try Self.newest(ofRun: path, groups: groups, notice: notice) { _ = try $0.tensors(of: role, live: live) }
        .checkpoint
    }
  }

  /// The newest state of a run that can be used.
  /// - Parameter use: throws where it can't.
  /// - Throws: `Failure`.
  static func newest(
    ofRun path: String, groups: Checkpoint.Groups = { _ in nil }, notice: (String) -> Void,
    use: (Checkpoint) throws -> Void = { _ in }
  ) throws -> (state: CheckpointState, checkpoint: Checkpoint) {
    let run = RunPaths(path)
    _ = try run.configuration()
    var broken = BrokenCheckpoints()
    do {
      let newest =
        try isFolder(run.checkpoints.path)
        ? run.checkpoints.newest(groups: groups, use: { try use($1) }, broken: { broken.append($0, $1) }) : nil
      broken.linesOfTaken.forEach(notice)
      if let newest { return newest }
    } catch {
      broken.linesOfNone.forEach(notice)
      throw error
    }
    throw Failure(
      .missing,
      "\(path): has no checkpoint yet; train it with \(toolCommand("train \(shellFlag("--out", path)) --resume"))")
  }
}
