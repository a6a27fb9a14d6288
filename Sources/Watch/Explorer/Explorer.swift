// Pictures drawn for the page, from a checkpoint of the run: one generator is kept open, the last that was asked for.
// It draws on one thread, so that a run in training has the others.

import Images
import SystemSupport
import TensorFiles
import Synchronization
import WGAN

final class Explorer: Sendable {
  private let paths: RunPaths
  private let open = Mutex<Open?>(nil)

  private struct Open {
    let checkpoint: String
    /// The file that was read: a run that begins anew has another one of the same name.
    let stamp: FileStamp?
    let generator: PictureGenerator
    let directions: [LatentDirection]
  }

  init(_ paths: RunPaths) { self.paths = paths }

  /// What can be explored.
  struct Description: Encodable {
    let checkpoint: String
    /// How the command line names it: "--run runs/faces --checkpoint 000500".
    let source: String
    let size: Int
    let latent: Int
    /// Of the main directions, the greatest first: the share of the variance that is along each.
    let shares: [Double]
  }

  /// - Parameter checkpoint: one of the run's, by name.
  func description(of checkpoint: String) throws -> Description {
    try with(checkpoint) { open in
      Description(
        checkpoint: checkpoint, source: "\(shellFlag("--run", paths.path)) --checkpoint \(checkpoint)",
        size: open.generator.configuration.size, latent: open.generator.configuration.latent,
        shares: open.directions.map(\.share))
    }
  }

  /// The bytes of a PNG, or of a .npy file: those that the command line makes of the same seeds.
  func draw(_ request: ExploreRequest, from checkpoint: String) throws -> [UInt8] {
    try with(checkpoint) { open in
      let generator = open.generator
      switch request.form {
      case .grid:
        return try PNGEncoder.encode(Self.sheet(request, of: Self.points(request, open), generator))
      case .walk(let frames):
        return try PNGEncoder.encode(Self.sheet(request, of: Self.walk(request, frames, open), generator))
      case .film(let frames):
        return try generator.film(
          [Self.walk(request, frames, open)], truncation: 1, sheet: Sheet(), rate: Self.framesPerSecond
        ).encoded()
      case .latents:
        let points = try Self.points(request, open)
        return NumPyFile.bytes(shape: [points.count, generator.configuration.latent], points.flatMap(\.values))
      }
    }
  }

  /// As `wgan walk` has it.
  private static let framesPerSecond = 20.0

  private static func sheet(
    _ request: ExploreRequest, of points: [LatentVector], _ generator: PictureGenerator
  ) throws -> Picture {
    Gallery.compose(try generator.pictures(.latents(points)), columns: request.columns)
  }

  /// Truncated, then moved.
  private static func points(_ request: ExploreRequest, _ open: Open) throws(Refusal) -> [LatentVector] {
    let directions = open.directions
    guard request.moves.allSatisfy({ $0.direction < directions.count }) else {
      throw Refusal(.badRequest, "moves: this generator has \(directions.count) directions")
    }
    return open.generator.latents(seeds: request.seeds).map { point in
      request.moves.reduce(point.truncated(request.truncation)) { point, move in
        point.moved(along: directions[move.direction], distance: move.distance)
      }
    }
  }

  /// Between points that were moved, as from a file of theirs; else between the seeds', and truncated then.
  private static func walk(_ request: ExploreRequest, _ frames: Int, _ open: Open) throws(Refusal) -> [LatentVector] {
    if !request.moves.isEmpty { return LatentVector.loop(through: try points(request, open), frames: frames) }
    return LatentVector.loop(through: open.generator.latents(seeds: request.seeds), frames: frames)
      .map { $0.truncated(request.truncation) }
  }

  private func with<Result: Sendable>(_ checkpoint: String, _ body: (Open) throws -> Result) throws -> Result {
    try open.withLock { open in
      let stamp = FileStamp(try paths.checkpoints.file(named: checkpoint))
      if let open, open.checkpoint == checkpoint, open.stamp == stamp { return try body(open) }
      // The old one's memory first.
      open = nil
      let generator = try PictureGenerator(
        .trained(.named(checkpoint, run: paths.path)), threads: 1, notice: { _ in })
      let made = Open(
        checkpoint: checkpoint, stamp: stamp, generator: generator,
        directions: Array(try generator.directions().prefix(ExploreRequest.directions)))
      open = made
      return try body(made)
    }
  }
}
