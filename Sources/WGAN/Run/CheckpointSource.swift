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
    try open(groups: { [$0.group(of: role, live: live)] }, notice: notice)
  }

  /// - Parameter groups: of the tensors to read.
  func open(groups: Checkpoint.Groups, notice: (String) -> Void) throws -> Checkpoint {
    switch self {
    case .checkpoint(let path): return try Checkpoint(at: path, groups: groups)
    case .named(let name, let path):
      let run = RunPaths(path)
      _ = try run.configuration()
      return try Checkpoint(at: run.checkpoints.file(named: name), groups: groups)
    case .run(let path):
      let run = RunPaths(path)
      _ = try run.configuration()
      let newest = try run.checkpoints.newest(groups: groups) { _, line in
        notice("a checkpoint is broken, the one before it is taken: \(line)")
      }
      guard let newest else {
        throw Failure(
          .missing, "\(path): has no checkpoint yet; train it with `wgan train --out \(shellWord(path)) --resume`")
      }
      return newest.checkpoint
    }
  }
}
